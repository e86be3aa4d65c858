"""Editable installs and rebuilds at import."""
