"""``felloe completion SHELL``: the script that lets a shell complete felloe's arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from felloe import terminal
from felloe.cli.arguments import add_command
from felloe.errors import UsageError

if TYPE_CHECKING:
    from felloe.cli.arguments import Commands

SHELLS = ("bash", "zsh", "tcsh")


def add_parser(commands: Commands) -> None:
    """Add ``completion``."""
    parser = add_command(
        commands,
        "completion",
        "print a script for shell completion",
        "Print the script that lets a shell complete the commands and flags of felloe. "
        "Needs the extra felloe[cli].",
        (
            'bash > "${XDG_DATA_HOME:-$HOME/.local/share}/bash-completion/completions/felloe"',
            'zsh > "${fpath[1]}/_felloe"',
        ),
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    try:
        import shtab
    except ImportError as cause:
        raise UsageError(
            "shell completion needs the package shtab", hint="run `pip install felloe[cli]`"
        ) from cause
    from felloe.cli.main import make_parser

    terminal.print_text(shtab.complete(make_parser(), options.shell))
    return 0
