"""The running interpreter's headers, for builds that compile against them for another platform."""

from __future__ import annotations

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Headers:
    """Where the C API's headers are.

    Debian splits them: ``pyconfig.h`` includes one from a directory that is
    named for the machine, ``<x86_64-linux-gnu/python3.11/pyconfig.h>``.
    """

    include: Path
    """Where ``Python.h`` is, if it is installed."""
    machine_config: Path | None
    """The machine's own ``pyconfig.h``, where there is one."""


def read_headers() -> Headers:
    """Of the interpreter that this is."""
    include = Path(sysconfig.get_path("include"))
    multiarch = getattr(sys.implementation, "_multiarch", "")
    config = include.parent / multiarch / include.name / "pyconfig.h"
    return Headers(include, config if multiarch and config.is_file() else None)
