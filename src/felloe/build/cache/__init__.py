"""The cache directory on disk: entries, locks, pruning."""
