"""What the commands do with a wheel or an sdist that is there."""
