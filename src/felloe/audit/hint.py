"""Settings that hints name, and how to say the same where another backend built the wheel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from felloe.finding import Finding

PYBIND11 = "pybind11 has no limited API, so its modules work with one Python version each"
PY_API = "`wheel.py-api` in [tool.scikit-build]"
USE_SABI = (
    "build the module for the stable ABI (Python_add_library(… USE_SABI "
    "${SKBUILD_SABI_VERSION} WITH_SOABI)) or remove " + PY_API
)
PLATLIB = "set `wheel.platlib = true` in [tool.scikit-build]"
PURE = (
    "set `wheel.cmake = false` (or `wheel.platlib = false`) in [tool.scikit-build] for a pure "
    "Python wheel"
)
INCLUDE = "name it in `libraries.include` if the wheel is to contain it"
ZIG = ', or with an older one: `toolchain = "zig"` in [tool.felloe] brings them all'
SEARCH = "a build and `felloe repair` do so where they find it, and `libraries.search` says where"

_ELSEWHERE = {
    USE_SABI: "build the module for the stable ABI, or do not ask for an abi3 wheel",
    f"{PY_API} or `wheel.tags`": "the setting of the build backend for tags",
    PY_API: "the setting of the build backend for the stable ABI",
    PLATLIB: "tell the build backend that the wheel contains compiled code",
    PURE: "tell the build backend that the wheel is pure Python",
    INCLUDE: "copy it in with `felloe repair --include` if the wheel is to contain it",
    ZIG: "",
    SEARCH: "`felloe repair` does so, and its flag --search says where",
}
"""Advice for users of felloe -> advice for users of any backend."""

_BACKENDS = ("felloe", "scikit-build-core")


def has_felloe_settings(generator: str) -> bool:
    """Return True if the ``Generator`` of a wheel has the settings that hints name."""
    return generator.startswith(_BACKENDS)


def generalize(hint: str) -> str:
    """Return a hint that names no setting of felloe or scikit-build-core."""
    for own, general in _ELSEWHERE.items():
        hint = hint.replace(own, general)
    return hint


def generalize_findings(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings with such hints."""
    return tuple(replace(finding, hint=generalize(finding.hint)) for finding in findings)
