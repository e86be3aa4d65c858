"""Directories of Python's C headers, for builds for another platform."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Headers:
    """Directories of the C API's headers.

    Debian splits them: ``pyconfig.h`` includes the machine's own,
    ``<x86_64-linux-gnu/python3.11/pyconfig.h>``.
    """

    include: Path
    """The directory of ``Python.h``, which may be missing."""
    machine_config: Path | None
    """The machine's own ``pyconfig.h``; None if headers are not split."""


def read_headers() -> Headers:
    """Return the header directories of the running interpreter."""
    include = Path(sysconfig.get_path("include"))
    multiarch = getattr(sys.implementation, "_multiarch", "")
    config = include.parent / multiarch / include.name / "pyconfig.h"
    return Headers(include, config if multiarch and config.is_file() else None)
