"""What the build's Python is told of the one that the wheel is for.

The interpreter that runs answers for the other: its ``sysconfig`` reads its
variables from a module that the environment names, as in CPython's own cross
builds (``_PYTHON_SYSCONFIGDATA_NAME``, Lib/sysconfig).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from felloe.python.header import Headers
from felloe.python.target import Target

_DIRECTORY = "python"
_NAME = "_sysconfigdata_felloe"
# What would lead to a library of this machine's Python.
_OWN_LIBRARY = ("LIBRARY", "LDLIBRARY", "INSTSONAME", "LIBDIR", "LIBPL", "LIBPYTHON")
# What this machine's Python was linked with; FindPython adds them on Windows.
_OWN_LINKS = ("LIBS", "SHLIBS", "SYSLIBS", "MODLIBS")


def render_variables(target: Target, triplet: str, include: str) -> str:
    """A ``_sysconfigdata`` module: the running Python's, but for what the platform decides.

    ``include`` is a directory of headers, or empty to keep those of the running one.
    """
    changed: dict[str, object] = dict.fromkeys((*_OWN_LIBRARY, *_OWN_LINKS), "")
    changed |= {
        "SOABI": target.soabi,
        "EXT_SUFFIX": target.extension_suffixes[0],
        "MULTIARCH": triplet,
        "HOST_GNU_TYPE": triplet,
        "Py_ENABLE_SHARED": 0,
    }
    if target.platform.startswith("win"):
        changed |= {"SOABI": "", "SOABI_PLATFORM": ""}
    if include:
        changed |= {"INCLUDEPY": include, "CONFINCLUDEPY": include}
    return (
        f'"""Made by felloe: the build variables of a Python for {target.platform}."""\n'
        "import importlib\nimport os\nimport sysconfig\n\n"
        f'NAME = "_PYTHON_SYSCONFIGDATA_NAME"\n'
        "named = os.environ.pop(NAME, None)\n"
        "own = importlib.import_module(sysconfig._get_sysconfigdata_name())\n"
        "if named is not None:\n    os.environ[NAME] = named\n\n"
        f"build_time_vars = {{**own.build_time_vars, **{changed!r}}}\n"
    )


def render_files(target: Target, triplet: str, include: str) -> Mapping[str, str]:
    """Path below the toolchain's directory -> text."""
    return {f"{_DIRECTORY}/{_NAME}.py": render_variables(target, triplet, include)}


def plan_environ(directory: Path, target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to the environment of the engine, and of all that it starts."""
    place = str(directory / _DIRECTORY)
    path = environ.get("PYTHONPATH")
    found = {
        "_PYTHON_SYSCONFIGDATA_NAME": _NAME,
        "_PYTHON_SYSCONFIGDATA_PATH": place,  # Python 3.14 and later
        "PYTHONPATH": f"{place}{os.pathsep}{path}" if path else place,
    }
    if not target.platform.startswith("win"):
        # Of a platform called Windows the engine would think that it runs there.
        found["_PYTHON_HOST_PLATFORM"] = target.platform.replace("_", "-", 1)
    return found


def render_shims(headers: Headers, triplet: str) -> Mapping[str, str]:
    """Debian's ``pyconfig.h`` of the target's machine, for a compiler that skips ``/usr/include``.

    Its 64-bit machines have the same one.
    """
    if headers.machine_config is None:
        return {}
    path = f"include/{triplet}/{headers.include.name}/pyconfig.h"
    return {path: f'#include "{headers.machine_config}"\n'}
