"""The name of a new project and of its import package."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass

from felloe.errors import UsageError
from felloe.wheel.project_name import escape_name

_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE | re.ASCII)
# A package of such a name would hide one that builds or tests the project.
_TAKEN = ("cython", "felloe", "nanobind", "pip", "pybind11", "pytest", "test", "tests")


@dataclass(frozen=True)
class ProjectName:
    """A valid name of a distribution (PEP 508), and its import package."""

    distribution: str
    """As written: ``Fast-Fourier``."""
    package: str
    """``fast_fourier``"""


def parse_name(text: str) -> ProjectName:
    """Check a name. Raises :class:`UsageError`."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text!r} is not a valid project name (PEP 508)",
            hint="use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        )
    package = escape_name(text)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise UsageError(
            f"a project {text!r} would be imported as {package!r}, which is not a name in Python",
            hint="begin with a letter, and use no keyword of Python",
        )
    if package in _TAKEN or package in getattr(sys, "stdlib_module_names", ()):
        raise UsageError(
            f"a package {package!r} would hide a package of Python or of the project's tools",
            hint="choose another name",
        )
    return ProjectName(text, package)
