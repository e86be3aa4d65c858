"""The work of the build hooks: wheels, sdists, editable installs."""
