"""Mach-O files: reader and symbols."""
