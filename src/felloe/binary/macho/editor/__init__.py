"""Edit a Mach-O file: bytes and an edit in, signed bytes out."""
