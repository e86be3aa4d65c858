"""What a binary file says of itself. Knows nothing of wheels."""
