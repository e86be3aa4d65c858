"""Arguments that several commands share, so that one thing has one flag everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from felloe.config.option import Option

EXIT_CODES = "Exit codes: 0 success, 1 problems found, 2 usage error."

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001
else:
    Commands = argparse.Action


class _Formatter(argparse.HelpFormatter):
    """Keep the lines of an epilog as they are written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def make_parser(
    description: str, examples: Sequence[str] = (), prog: str = "felloe"
) -> argparse.ArgumentParser:
    """Return a parser whose help ends with examples and the exit codes."""
    return argparse.ArgumentParser(prog=prog, **_help_of(description, examples))


def add_command(
    commands: Commands,
    name: str,
    summary: str,
    description: str,
    examples: Sequence[str],
) -> argparse.ArgumentParser:
    """Add a command. ``examples`` are its command lines without ``felloe NAME``."""
    lines = [f"felloe {name} {example}".rstrip() for example in examples]
    return commands.add_parser(name, help=summary, **_help_of(description, lines))


class _Help(TypedDict):
    description: str
    epilog: str
    formatter_class: type[argparse.HelpFormatter]
    allow_abbrev: bool


def _help_of(description: str, examples: Sequence[str]) -> _Help:
    lines = "".join(f"  {example}\n" for example in examples)
    return {
        "description": description,
        "epilog": f"examples:\n{lines}\n{EXIT_CODES}",
        "formatter_class": _Formatter,
        "allow_abbrev": False,
    }


class _ExpandPatterns(argparse.Action):
    """Expand ``dist/*``, which the shells of Windows leave to the program."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's own
        _option: str | None = None,
    ) -> None:
        found: list[Path] = []
        for path in map(Path, values):
            is_pattern = any(sign in path.name for sign in "*?[") and not path.exists()
            matches = sorted(path.parent.glob(path.name)) if is_pattern else []
            found += matches or [path]
        setattr(namespace, self.dest, found)


def add_files(parser: argparse.ArgumentParser, metavar: str, dest: str = "files") -> None:
    """Add the positional files of a command."""
    parser.add_argument(dest, metavar=metavar, nargs="+", action=_ExpandPatterns)


def add_project(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add the positional project, which is the current directory by default."""
    parser.add_argument(
        "project", metavar="PROJECT", nargs="?", type=Path, default=Path(), help=meaning
    )


def add_json(
    parser: argparse.ArgumentParser, meaning: str = "print one JSON document per line"
) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help=meaning)


def add_output_directory(
    parser: argparse.ArgumentParser, default: str | None, meaning: str, *aliases: str
) -> None:
    """Add ``-o DIR``, ``--output-dir DIR``."""
    parser.add_argument(
        *("-o", "--output-dir", *aliases),
        dest="output_dir",
        metavar="DIR",
        type=Path,
        default=None if default is None else Path(default),
        help=meaning,
    )


def checked(option: Option) -> Callable[[str], str]:
    """Return the ``type`` of an argument that is a value of a setting."""

    def check(text: str) -> str:
        value, problem = option.read_text([text])
        if problem or not value:
            raise argparse.ArgumentTypeError(problem or "it has no value")
        return text

    return check
