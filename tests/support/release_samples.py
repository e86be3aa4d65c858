"""Interpreters for tests, written down."""

from __future__ import annotations

import re
from pathlib import Path

from felloe.python.interpreter import Interpreter


def interpreter(tag, *, patch=0, source="pyenv", platform="linux_x86_64", libc="glibc"):
    """``cp313``, ``cp314t``, ``pp311``."""
    name, major, minor, flags = re.fullmatch(r"([a-z]+)(\d)(\d+)(\w*)", tag).groups()
    cpython = name == "cp"
    return Interpreter(
        path=Path(f"/{source}/{tag}.{patch}/bin/python"),
        implementation="cpython" if cpython else "pypy",
        version=(int(major), int(minor), patch),
        flags=flags,
        soabi=f"cpython-{major}{minor}{flags}" if cpython else f"pypy{major}{minor}-pp73-x86_64",
        platform=platform,
        libc=libc,
        source=source,
    )


def interpreters(*tags):
    return tuple(map(interpreter, tags))
