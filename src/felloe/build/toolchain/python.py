"""Make the build's Python report the values of the target's Python.

The environment names a module from which ``sysconfig`` reads its variables, as
in CPython's own cross builds (``_PYTHON_SYSCONFIGDATA_NAME``, Lib/sysconfig).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from felloe.python.header import Headers
from felloe.python.target import Target

_DIRECTORY = "python"
_NAME = "_sysconfigdata_felloe"
# Variables that name the library of this machine's Python.
_OWN_LIBRARY = ("LIBRARY", "LDLIBRARY", "INSTSONAME", "LIBDIR", "LIBPL", "LIBPYTHON")
# Libraries that this machine's Python was linked with. FindPython adds them on Windows.
_OWN_LINKS = ("LIBS", "SHLIBS", "SYSLIBS", "MODLIBS")


def render_variables(target: Target, triplet: str, include: str) -> str:
    """Return a ``_sysconfigdata`` module: the running Python's, with the target's values.

    ``include`` is the directory of the target's headers. If it is empty, the
    headers stay those of the running Python.
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
    """Return the module as a path below the toolchain's directory and its text."""
    return {f"{_DIRECTORY}/{_NAME}.py": render_variables(target, triplet, include)}


def plan_environ(directory: Path, target: Target, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to add to the environment of the engine."""
    place = str(directory / _DIRECTORY)
    path = environ.get("PYTHONPATH")
    found = {
        "_PYTHON_SYSCONFIGDATA_NAME": _NAME,
        "_PYTHON_SYSCONFIGDATA_PATH": place,  # Python 3.14 and later
        "PYTHONPATH": f"{place}{os.pathsep}{path}" if path else place,
    }
    if not target.platform.startswith("win"):
        # With a Windows platform here the engine would behave as on a Windows host.
        found["_PYTHON_HOST_PLATFORM"] = target.platform.replace("_", "-", 1)
    return found


def render_shims(headers: Headers, triplet: str) -> Mapping[str, str]:
    """Return a header that includes Debian's ``pyconfig.h`` for the running Python.

    The compiler does not search ``/usr/include``. All 64-bit architectures of
    Debian have an equal ``pyconfig.h``.
    """
    if headers.machine_config is None:
        return {}
    path = f"include/{triplet}/{headers.include.name}/pyconfig.h"
    return {path: f'#include "{headers.machine_config}"\n'}
