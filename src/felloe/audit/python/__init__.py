"""Python and ABI tags: extension module names, the C API, the stable ABI."""
