"""File formats of wheels and sdists: names, zip archives, members, RECORD, sdists."""
