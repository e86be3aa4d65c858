"""Watching which files the programs of a build read, look for and write."""
