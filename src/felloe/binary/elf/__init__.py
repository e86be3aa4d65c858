"""ELF files: reader, symbols, notes, editor."""
