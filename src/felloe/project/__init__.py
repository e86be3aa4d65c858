"""Files that felloe writes into a user's project."""
