"""Settings, options and the project's ``pyproject.toml``."""
