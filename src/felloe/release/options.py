"""``[tool.felloe.build]``: what ``felloe build`` does where its flags do not say."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from felloe.errors import FelloeError


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
    if not isinstance(table, Mapping):
        raise FelloeError("tool.felloe.build must be a table")
    keys = {option.key: option for option in BUILD_OPTIONS}
    problems, values = [], {}
    for key, value in table.items():
        listed = [value] if isinstance(value, str) else value
        if key not in keys:
            near = difflib.get_close_matches(str(key), keys, n=1, cutoff=0.0)[0]
            problems.append(
                f"tool.felloe.build.{key}: unknown key; the nearest known one is {near!r}"
            )
        elif not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            problems.append(f"tool.felloe.build.{key} takes a list of strings, not {value!r}")
        else:
            values[keys[key].attribute] = tuple(listed)
    if problems:
        raise FelloeError("\n".join(problems), hint=f"its keys are {', '.join(keys)}")
    given = {field.name: flags.get(field.name) for field in fields(BuildTable)}
    return BuildTable(**{**values, **{key: tuple(value) for key, value in given.items() if value}})
