"""Which build frontend there is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from felloe.errors import UsageError
from felloe.release.tool import BuildAndPip, Tool, Uv


def find_tool(wanted: str, running: Path, environ: Mapping[str, str]) -> Tool:
    """uv if there is one and ``wanted`` is ``auto`` or ``uv``; else build and pip.

    Raises :class:`UsageError` if what is wanted is not installed.
    """
    here = str(running.parent)
    program = shutil.which("uv", path=environ.get("PATH")) or shutil.which("uv", path=here)
    if wanted in ("auto", "uv") and program is not None:
        return Uv(Path(program), running)
    if wanted == "uv":
        raise UsageError("uv is not installed", hint="install it: `pip install uv`")
    missing = [name for name in ("build", "pip") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{running} has no {' and no '.join(missing)}, with which to build",
            hint="install uv, or `pip install build` beside felloe",
        )
    return BuildAndPip(running)
