"""The files of ninja in a build tree.

The build graph: https://ninja-build.org/manual.html#ref_ninja_file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_LOG = ".ninja_log"
_ESCAPE = re.compile(r"\$(.)", re.DOTALL)
_BEFORE_COLON = re.compile(r"(?:[^$:]|\$.)*", re.DOTALL)
_TOKEN = re.compile(r"(?:[^\s$:|]|\$.)+", re.DOTALL)


def read_outputs(build_dir: str) -> set[str] | None:
    """Return the paths of all outputs in the graph; None if there is no graph."""
    names, pending = set(), ["build.ninja"]
    try:
        while pending:
            file = Path(build_dir, pending.pop())
            text = file.read_text(encoding="utf-8", errors="surrogateescape")
            for line in text.replace("$\n", "").split("\n"):
                word, _, rest = line.partition(" ")
                if word in ("include", "subninja"):
                    pending.append(_unescape(rest.strip()))
                elif word == "build":
                    head = _BEFORE_COLON.match(rest)
                    names.update(_TOKEN.findall(head[0] if head else ""))
    except OSError:
        return None
    return {os.path.normpath(os.path.join(build_dir, _unescape(name))) for name in names}


def read_log(build_dir: str) -> dict[str, str]:
    """Return the line of the log for each output, with the time and the hash of its command."""
    try:
        text = Path(build_dir, _LOG).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return {}
    rows = [line.split("\t") for line in text.splitlines() if line.count("\t") == 4]
    return {os.path.normpath(os.path.join(build_dir, row[3])): "\t".join(row) for row in rows}


def _unescape(token: str) -> str:
    return _ESCAPE.sub(r"\1", token)
