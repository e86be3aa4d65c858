"""Render an audit as a table or as JSON."""
