"""Build environments with a stable path."""
