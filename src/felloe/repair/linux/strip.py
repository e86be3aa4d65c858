"""Remove symbols from objects, with the ``strip`` of binutils.

Objects are stripped before they are edited: stripped files get smaller edits.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from felloe.errors import FelloeError

_OPTIONS = {"debug": "--strip-debug", "all": "--strip-unneeded"}


def strip_object(data: bytes, name: str, level: str, environ: Mapping[str, str]) -> bytes:
    """Return the object without debugging information (``debug``) or unneeded symbols (``all``).

    ``name`` is for messages. Raises :class:`FelloeError` if strip is missing or fails.
    """
    if level == "none":
        return data
    name_of_program = environ.get("STRIP") or "strip"
    program = shutil.which(name_of_program, path=environ.get("PATH", os.defpath))
    if not program:
        raise FelloeError(
            f"`strip = {level!r}` needs the program {name_of_program}, which is not on PATH",
            hint='install binutils, or set `strip` to "none"',
        )
    with tempfile.TemporaryDirectory(prefix="felloe-") as scratch:
        path = Path(scratch) / "object"
        path.write_bytes(data)
        command = [program, _OPTIONS[level], str(path)]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, env=dict(environ)
        )
        if done.returncode:
            raise FelloeError(f"strip failed on {name}: {done.stderr.strip()}")
        return path.read_bytes()
