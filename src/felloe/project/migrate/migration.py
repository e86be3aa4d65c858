"""Moving a project here: which of its files change, how, and what remains to be done by hand."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from felloe.errors import FelloeError
from felloe.project.migrate.repair_step import find_repair_steps
from felloe.project.migrate.setup_script import SetupScript, parse_setup_script
from felloe.project.migrate.setuptools_move import move_setuptools
from felloe.project.migrate.toml_text import add_key, prepend_item, replace_value

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


@dataclass(frozen=True)
class Migration:
    """What to do about a project."""

    found: str
    """What it is built with now."""
    files: Mapping[str, str]
    """The files that change, with their new text."""
    remains: tuple[str, ...] = ()
    """What a person has to do or to know."""
    is_possible: bool = True
    """Whether the project is, or will be, built by felloe."""


def plan_migration(files: Mapping[str, str], ci_files: Mapping[str, str]) -> Migration:
    """Decide how a project moves here.

    ``files`` are the texts of those of ``pyproject.toml``, ``setup.py``,
    ``setup.cfg``, ``CMakeLists.txt`` and ``meson.build`` that are there. Raises
    :class:`FelloeError` if ``pyproject.toml`` is no TOML, or its ``[build-system]`` no such.
    """
    text = files.get(PYPROJECT, "")
    table = _parse(text)
    system = _check_system(table.get("build-system", {}))
    backend = system.get("build-backend", "setuptools.build_meta")
    script = parse_setup_script(files.get(SETUP, ""))
    if backend == BACKEND:
        migration = Migration("felloe", {})
    elif "backend-path" in system:
        migration = _impossible(
            "a backend of its own",
            "[build-system] has a backend-path: the project wraps its backend itself. Let the "
            "wrapper call felloe instead, or drop it",
        )
    elif backend == _ENGINE:
        migration = _move_engine(text, table)
    elif backend.startswith("setuptools") and script is not None:
        migration = _move_setuptools(files, table, script)
    else:
        migration = _explain(backend, files)
    return _without_repair(migration, text, ci_files)


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


def _impossible(found: str, *remains: str) -> Migration:
    return Migration(found, {}, remains, is_possible=False)


def _explain(backend: str, files: Mapping[str, str]) -> Migration:
    if backend == "mesonpy" or "meson.build" in files:
        return _impossible(
            "meson-python",
            "felloe builds with CMake: write a CMakeLists.txt that installs what meson.build "
            "installs, then set build-backend to felloe. Stay with meson-python if Meson is what "
            "you want, and give its wheels to `felloe repair`",
        )
    if backend.startswith("scikit_build_core."):
        return _impossible(
            f"scikit-build-core, through {backend}",
            f"felloe takes the place of {_ENGINE}, not of its plugins for other backends: move "
            f"the project to {_ENGINE} first, with its metadata in [project]",
        )
    if backend.startswith("setuptools"):
        return _impossible(
            "setuptools",
            "no extension that CMake builds was found in setup.py. felloe builds with CMake: "
            "write a CMakeLists.txt that builds and installs the extension modules (`felloe new` "
            "shows how), then set build-backend to felloe. A project without extensions needs no "
            "other backend",
        )
    return _impossible(
        backend,
        f"nothing is known of a way from {backend}. A project with a CMakeLists.txt needs "
        'requires = ["felloe"] and build-backend = "felloe" in [build-system]',
    )


def _move_engine(text: str, table: dict[str, Any]) -> Migration:
    """Two edits: the backend, and what it is required from."""
    expected = copy.deepcopy(table)
    system = expected["build-system"]
    system["build-backend"] = BACKEND
    edited = replace_value(text, "build-system", "build-backend", _quoted(text))
    if not any(_names(item, BACKEND) for item in system.get("requires", [])):
        system["requires"] = [BACKEND, *system.get("requires", [])]
        edited = edited and prepend_item(edited, "build-system", "requires", BACKEND)
    if edited is None or _parse(edited) != expected:
        return _impossible(
            _ENGINE_NAME,
            f"{PYPROJECT} is written in a way that cannot be edited without changing more than it "
            f"should: set build-backend to {BACKEND!r} and add {BACKEND!r} to requires yourself",
        )
    return Migration(_ENGINE_NAME, {PYPROJECT: edited}, tuple(_too_old(table)))


def _quoted(text: str) -> str:
    return f"'{BACKEND}'" if f"'{_ENGINE}'" in text else f'"{BACKEND}"'


def _too_old(table: Mapping[str, Any]) -> list[str]:
    for item in table["build-system"].get("requires", []):
        if _names(item, _ENGINE_NAME):
            allowed = Requirement(item).specifier
            if not any(allowed.contains(version) for version in _DRIVEN):
                return [f"felloe needs scikit-build-core 0.10 or later, and {item!r} allows none"]
    return []


def _names(item: str, name: str) -> bool:
    try:
        return Requirement(item).name.lower().replace("_", "-") == name
    except InvalidRequirement:
        return False


def _move_setuptools(
    files: Mapping[str, str], table: dict[str, Any], script: SetupScript
) -> Migration:
    move = move_setuptools(files, table, script)
    if move.text is None:
        return _impossible("setuptools with CMake", *move.remains)
    changed = {PYPROJECT: move.text}
    if move.cmake is not None:
        changed[CMAKE] = move.cmake
    after = _parse(move.text)
    if {key: after[key] for key in table if key not in ("build-system", "tool")} != {
        key: table[key] for key in table if key not in ("build-system", "tool")
    }:
        return _impossible("setuptools with CMake", f"{PYPROJECT} cannot be edited: do it yourself")
    return Migration("setuptools with CMake", changed, move.remains)


def _without_repair(migration: Migration, text: str, ci_files: Mapping[str, str]) -> Migration:
    """The same, and what is to be dropped because wheels come out repaired."""
    if not migration.is_possible:
        return migration
    files, remains = dict(migration.files), list(migration.remains)
    current = files.get(PYPROJECT, text)
    edited = _silence_cibuildwheel(current)
    if edited is not None:
        files[PYPROJECT] = edited
    steps = list(find_repair_steps(ci_files))
    if steps:
        remains.append(
            "drop what repairs Linux wheels, felloe has done so:\n  " + "\n  ".join(steps)
        )
    return Migration(migration.found, files, tuple(remains))


def _silence_cibuildwheel(text: str) -> str | None:
    """Let cibuildwheel repair nothing on Linux; None if there is nothing to change."""
    table = _parse(text)
    tool = table.get("tool", {}).get("cibuildwheel")
    if not isinstance(tool, dict):
        return None
    linux = tool.get("linux", {})
    key = "repair-wheel-command"
    if not isinstance(linux, dict) or linux.get(key, tool.get(key)) == "":
        return None
    expected = copy.deepcopy(table)
    expected["tool"]["cibuildwheel"].setdefault("linux", {})[key] = ""
    place = "tool.cibuildwheel.linux"
    edited = (
        replace_value(text, place, key, '""') if key in linux else add_key(text, place, key, '""')
    )
    return edited if edited is not None and _parse(edited) == expected else None
