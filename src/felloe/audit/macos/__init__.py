"""Judge macOS tags."""
