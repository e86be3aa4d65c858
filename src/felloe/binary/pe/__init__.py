"""PE files: reader and symbols."""
