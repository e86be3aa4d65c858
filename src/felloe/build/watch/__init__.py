"""Watch which files the programs of a build read, search and write."""
