"""``[tool.felloe.build]``: what ``felloe build`` does where its flags do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from felloe.config.option import Option, read_table

BUILD_OPTIONS = (
    Option(
        key="python",
        default=(),
        meaning="versions to build for: 3.9, cp314t, pp311, or paths",
        values="versions or paths",
    ),
    Option(
        key="target",
        default=(),
        meaning="platforms to build for, as -C felloe.target=TARGET",
        values="platform tags",
    ),
    Option(
        key="test",
        default=(),
        meaning="a command that tests the installed wheel; {project} is the source tree",
        values="commands",
        is_verbatim=True,
        metavar="COMMAND",
    ),
    Option(
        key="test-requires",
        default=(),
        meaning="what the tests need installed",
        values="requirements",
        is_verbatim=True,
        metavar="REQUIREMENT",
    ),
    Option(
        key="test-extras",
        default=(),
        meaning="extras to install the wheel with",
        values="extras",
        metavar="EXTRA",
    ),
    Option(
        key="test-sources",
        default=(),
        meaning="files of the project to copy to where the tests run",
        values="paths",
        metavar="PATH",
    ),
)


@dataclass(frozen=True)
class BuildTable:
    """The values of the table, with those of the flags."""

    python: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    test_requires: tuple[str, ...] = ()
    test_extras: tuple[str, ...] = ()
    test_sources: tuple[str, ...] = ()


def read_build_table(table: object, flags: Mapping[str, Any]) -> BuildTable:
    """Merge ``tool.felloe.build`` with the flags given, which win.

    Raises :class:`FelloeError` with every unknown key and every wrong value.
    """
    values = read_table("build", BUILD_OPTIONS, table)
    for option in BUILD_OPTIONS:
        given = flags.get(option.attribute)
        if given:
            values[option.key], _ = option.read_text(given)
    return BuildTable(**{option.attribute: values[option.key] for option in BUILD_OPTIONS})
