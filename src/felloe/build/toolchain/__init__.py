"""Compilers: the host's, zig, cross compilers, compiler caches."""
