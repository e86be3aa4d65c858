"""What was asked for: settings, the project table, command line options."""
