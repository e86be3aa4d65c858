"""What ``felloe build`` does: an sdist, and from it a wheel for every interpreter and target."""
