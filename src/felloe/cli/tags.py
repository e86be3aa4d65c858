"""``felloe tags WHEEL…``: change the tags, if the binaries prove the new ones."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from felloe import terminal
from felloe.audit.retag import TagChange, retag_wheel
from felloe.audit.wheel_file import Auditor
from felloe.cli.arguments import Commands, add_command, add_files
from felloe.cli.auditor import add_waiver_rules, read_auditor
from felloe.cli.files import check_files
from felloe.config.settings import read_settings
from felloe.errors import FelloeError
from felloe.wheel.tags import check_build_number


def add_parser(commands: Commands) -> None:
    """Add ``tags``."""
    parser = add_command(
        commands,
        "tags",
        "change the tags of wheels, if their binaries prove the new ones",
        "Write wheels with other tags beside the originals and print the new names. A value "
        "replaces the present tags, +TAG adds one, -TAG (as --platform-tag=-TAG) removes one. "
        "Join several with dots. Tags that the binaries do not prove are refused.",
        ("--platform-tag manylinux_2_28_x86_64 dist/*.whl", "--python-tag +cp310 --remove a.whl"),
    )
    add = parser.add_argument
    add_files(parser, "WHEEL", "wheels")
    add("--python-tag", metavar="TAG", help="such as cp39 or +cp310")
    add("--abi-tag", metavar="TAG", help="such as abi3 or none")
    add("--platform-tag", metavar="TAG", help="such as manylinux_2_28_x86_64")
    add("--build", metavar="NUMBER", help="the build number; empty for none")
    add("--remove", action="store_true", help="remove the wheel that was retagged")
    add_waiver_rules(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Retag every wheel; one that cannot be does not stop the others."""
    check_files(options.wheels)
    build = None if options.build is None else check_build_number(options.build)
    change = TagChange(options.python_tag, options.abi_tag, options.platform_tag, build)
    epoch, auditor = read_settings({}, None, os.environ).epoch, read_auditor(options)
    return max(
        _retag(wheel, change, epoch, auditor, remove=options.remove) for wheel in options.wheels
    )


def _retag(wheel: Path, change: TagChange, epoch: int, auditor: Auditor, *, remove: bool) -> int:
    try:
        written = retag_wheel(wheel, change, epoch, auditor)
    except FelloeError as error:
        terminal.report_error(error)
        return error.exit_code
    terminal.print_text((written or wheel).name)
    if remove and written is not None:
        wheel.unlink()
    return 0
