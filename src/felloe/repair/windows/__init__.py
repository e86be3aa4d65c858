"""Find, copy and edit DLLs for Windows wheels, on any machine."""
