"""``[tool.felloe.build]``: what ``felloe build`` does where its flags do not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from felloe.config.subtable import read_subtable


@dataclass(frozen=True)
class BuildOption:
    """One key of the table, and the flag of the same name. Every value is a list of strings."""

    key: str
    meaning: str
    metavar: str
    is_command: bool = False
    """Whether one value is a whole line, so that the flag is repeated for another."""

    @property
    def attribute(self) -> str:
        return self.key.replace("-", "_")

    def read(self, value: object) -> tuple[tuple[str, ...], str]:
        """(the value, what is wrong with it)."""
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            return (), f"takes a list of strings, not {value!r}"
        return tuple(listed), ""


BUILD_OPTIONS = (
    BuildOption("python", "versions to build for: 3.9, cp314t, pp311, or paths", "PYTHON"),
    BuildOption("target", "platforms to build for, as -C felloe.target=TARGET", "TARGET"),
    BuildOption(
        "test",
        "a command that tests the installed wheel; {project} is the source tree",
        "COMMAND",
        is_command=True,
    ),
    BuildOption("test-requires", "what the tests need installed", "REQUIREMENT"),
    BuildOption("test-extras", "extras to install the wheel with", "EXTRA"),
    BuildOption("test-sources", "files of the project to copy to where the tests run", "PATH"),
)


@dataclass(frozen=True)
class BuildTable:
    """The table. A single string stands for a list of one."""

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
    values = read_subtable("build", BUILD_OPTIONS, table)
    merged = {}
    for option in BUILD_OPTIONS:
        name = option.attribute
        merged[name] = tuple(flags.get(name) or values.get(option.key, ()))
    return BuildTable(**merged)
