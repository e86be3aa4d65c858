"""The name of a new project, and the name under which Python imports it."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass

from felloe.errors import UsageError
from felloe.wheel.project_name import escape_name

_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE | re.ASCII)
# What the project itself is built or tested with would be hidden by a package of that name.
_TAKEN = ("cython", "felloe", "nanobind", "pip", "pybind11", "pytest", "test", "tests")


@dataclass(frozen=True)
class ProjectName:
    """A valid name of a distribution (PEP 508), and its import package."""

    distribution: str
    """As written: ``Fast-Fourier``."""
    package: str
    """``fast_fourier``"""


def parse_name(text: str) -> ProjectName:
    """The name that a user gave. Raises :class:`UsageError`."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text!r} cannot be a project's name (PEP 508)",
            hint="use letters, digits, '-', '_' and '.', with a letter or digit at both ends",
        )
    package = escape_name(text)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise UsageError(
            f"a project {text!r} would be imported as {package!r}, which is no name in Python",
            hint="begin with a letter, and use no word of the language itself",
        )
    if package in _TAKEN or package in getattr(sys, "stdlib_module_names", ()):
        raise UsageError(
            f"a package {package!r} would hide the one that Python or the project's tools have",
            hint="choose another name",
        )
    return ProjectName(text, package)
