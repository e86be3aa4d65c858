"""Find the processors that the machine code of a wheel runs on."""
