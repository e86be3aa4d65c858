"""Compilers for other systems: zig's, and what CMake must be told for any."""
