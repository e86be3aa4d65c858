"""The `felloe ci` command: pipeline files for CI services."""
