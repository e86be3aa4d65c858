"""The table ``[tool.felloe.build]``: the defaults of the flags of ``felloe build``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from felloe.config.option import Option, read_table
from felloe.config.project import Project
from felloe.errors import FelloeError

BUILD_OPTIONS = (
    Option(
        key="python",
        default=(),
        meaning="versions of Python to build for: 3.9, 3.14t, pp311, or paths of interpreters",
        values="versions or paths",
    ),
    Option(
        key="target",
        default=(),
        meaning="platform tags to build for; another platform needs a toolchain",
        values="platform tags",
    ),
    Option(
        key="test",
        default=(),
        meaning="a command that tests the installed wheel; {project} is the source tree; "
        "may be repeated",
        values="commands",
        is_verbatim=True,
        metavar="COMMAND",
    ),
    Option(
        key="test-requires",
        default=(),
        meaning="requirements of the tests",
        values="requirements",
        is_verbatim=True,
        metavar="REQUIREMENT",
    ),
    Option(
        key="test-groups",
        default=(),
        meaning="dependency groups (PEP 735) of the project that the tests need",
        values="dependency groups",
        metavar="GROUP",
    ),
    Option(
        key="test-extras",
        default=(),
        meaning="extras of the wheel that the tests need",
        values="extras",
        metavar="EXTRA",
    ),
    Option(
        key="test-sources",
        default=(),
        meaning="files and directories of the project to copy to the directory of the tests",
        values="paths",
        metavar="PATH",
    ),
)


_NO_FLAGS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class BuildTable:
    """The values of the table, with those of the flags."""

    python: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    test_requires: tuple[str, ...] = ()
    test_groups: tuple[str, ...] = ()
    test_extras: tuple[str, ...] = ()
    test_sources: tuple[str, ...] = ()


def read_build_table(table: object, flags: Mapping[str, Any] = _NO_FLAGS) -> BuildTable:
    """Merge ``tool.felloe.build`` with the flags given, which win.

    Raises :class:`FelloeError` with every unknown key and every wrong value.
    """
    values = read_table("build", BUILD_OPTIONS, table)
    for option in BUILD_OPTIONS:
        given = flags.get(option.attribute)
        if given:
            values[option.key], _ = option.read_text(given)
    return BuildTable(**{option.attribute: values[option.key] for option in BUILD_OPTIONS})


def resolve_test_groups(table: BuildTable, project: Project) -> BuildTable:
    """Replace the dependency groups by their requirements.

    Raises :class:`FelloeError` for a group that does not exist or is invalid (PEP 735).
    """
    if not table.test_groups:
        return table
    from packaging.dependency_groups import resolve_dependency_groups

    groups = project.table.get("dependency-groups", {})
    try:
        found = resolve_dependency_groups(groups, *table.test_groups)
    except Exception as cause:  # packaging raises groups of errors, and others for other types
        reasons = "; ".join(map(str, getattr(cause, "exceptions", (cause,))))
        raise FelloeError(
            f"test-groups: {', '.join(table.test_groups)} cannot be read: {reasons}",
            hint=f"the keys of [dependency-groups] are {', '.join(map(str, groups)) or 'none'}",
        ) from cause
    return replace(table, test_requires=(*table.test_requires, *found), test_groups=())
