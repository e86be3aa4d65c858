"""What the commands write for the author of a project."""
