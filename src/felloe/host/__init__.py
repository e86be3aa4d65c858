"""The build machine: its libraries, its packages, its tools."""
