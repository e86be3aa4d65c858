"""The `felloe migrate` command: setup.py projects."""
