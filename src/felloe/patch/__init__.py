"""ELF files edited as values: bytes and an edit in, bytes out."""
