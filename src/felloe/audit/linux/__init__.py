"""Judge manylinux and musllinux tags."""
