"""Render an audit as text or as JSON."""
