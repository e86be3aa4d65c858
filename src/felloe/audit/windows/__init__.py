"""Judge Windows tags."""
