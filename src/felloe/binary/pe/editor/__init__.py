"""Edit a PE file: bytes and an edit in, bytes out."""
