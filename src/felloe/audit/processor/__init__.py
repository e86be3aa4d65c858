"""Which processors the machine code of a wheel runs on."""
