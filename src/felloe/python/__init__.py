"""Facts about Python interpreters and target platforms."""
