"""The `felloe new` command: project templates."""
