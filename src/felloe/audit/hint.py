"""How the settings that decide a wheel's Python and ABI tags are called in hints."""

from __future__ import annotations

PYBIND11 = "pybind11 has no limited API, so its modules work with one Python version each"
PY_API = "`wheel.py-api` in [tool.scikit-build]"
USE_SABI = (
    "build the module for the stable ABI (Python_add_library(… USE_SABI "
    "${SKBUILD_SABI_VERSION} WITH_SOABI)) or remove " + PY_API
)
