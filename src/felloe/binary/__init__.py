"""Read and edit binary files: ELF, Mach-O and PE."""
