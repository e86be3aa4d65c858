"""``entry_points.txt`` (PyPUG "Entry points specification"; PyPI's checks of May 2026)."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator

from felloe.check.rule import Rule, Ruling

_SCRIPTS = ("console_scripts", "gui_scripts")
_NAME = re.compile(r"[\w.-]+")
_SCRIPT = re.compile(r"[\w.]+\s*:\s*[\w.]+\s*(\[.*\])?")


class _Parser(configparser.ConfigParser):
    """An INI parser as specified: only ``=`` separates, names keep their case."""

    def __init__(self) -> None:
        super().__init__(delimiters=("=",), interpolation=None)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def check_entry_points(text: bytes, path: str) -> Iterator[Ruling]:
    """Check the file, found at ``path``, against its specification."""
    parser = _Parser()
    try:
        parser.read_string(text.decode("utf-8"), "entry_points.txt")
    except UnicodeDecodeError as cause:
        yield _problem(f"is not UTF-8 ({cause})", "save it as UTF-8", path)
        return
    except configparser.Error as cause:
        message = str(cause).replace("\n", " ")
        yield _problem(
            f"cannot be read: {message}", "write each as `name = module:function`, once", path
        )
        return
    for group in _SCRIPTS:
        if parser.has_section(group):
            yield from _check_scripts(parser[group], path)


def _check_scripts(group: configparser.SectionProxy, path: str) -> Iterator[Ruling]:
    for name, value in group.items():
        if not _NAME.fullmatch(name):
            yield _problem(
                f"names a script {name!r}, which is not a file name on every system",
                "use only letters, digits, `.`, `_` and `-`",
                path,
            )
        if not _SCRIPT.fullmatch(value.strip()):
            yield _problem(
                f"gives the script {name} the object {value!r}, which no installer can call",
                f"write it as `{name} = module:function`",
                path,
            )


def _problem(message: str, hint: str, path: str) -> Ruling:
    return Rule.ENTRY_POINTS.problem(f"entry_points.txt {message}", hint, path)
