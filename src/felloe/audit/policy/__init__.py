"""Platform policies as data."""
