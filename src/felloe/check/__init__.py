"""Check that a package index accepts a wheel or an sdist."""
