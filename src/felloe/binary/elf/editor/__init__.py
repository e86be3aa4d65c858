"""Edit an ELF file: bytes and an edit in, bytes out."""
