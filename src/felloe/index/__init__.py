"""What a package index accepts: pure rules over the facts of a wheel or an sdist."""
