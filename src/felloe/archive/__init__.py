"""Wheels and sdists as files: reading them without trust, writing them to the letter."""
