"""Find, copy and edit libraries for macOS wheels, on any machine."""
