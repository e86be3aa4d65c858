"""Find libraries as the Linux loader does."""
