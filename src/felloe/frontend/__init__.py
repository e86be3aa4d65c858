"""What a build frontend does: find interpreters, run tools in isolation, keep track of children."""
