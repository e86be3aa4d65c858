"""Flags of the commands that audit wheels: libraries to leave out, the oldest processor."""

from __future__ import annotations

import argparse
import os

from felloe import terminal
from felloe.audit.policy.family import read_policies
from felloe.audit.provider import WaiverRules
from felloe.audit.wheel_file import Auditor
from felloe.cli.arguments import checked
from felloe.config.settings import read_settings
from felloe.config.tool_table import OPTIONS

_LEVELS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
_FLAGS = {
    "libraries.exclude": "a library that users' machines have: a glob on its name; may be repeated",
    "libraries.provided-by": "libraries of a required distribution: NAME=GLOB[,GLOB...]",
}


def add_waiver_rules(parser: argparse.ArgumentParser) -> None:
    """Add ``--exclude`` and ``--provided-by``, with the meaning that they have for ``repair``."""
    for option in OPTIONS:
        if option.key in _FLAGS:
            parser.add_argument(
                option.flag,
                dest=option.key,
                action="append",
                metavar=option.placeholder,
                type=checked(option),
                help=_FLAGS[option.key],
            )
    parser.add_argument(
        "--processor",
        choices=_LEVELS,
        default=_LEVELS[0],
        help="the oldest processor that the wheel is for; checked where felloe[isa] is installed",
    )


def read_auditor(options: argparse.Namespace) -> Auditor:
    """Return the auditor for the flags of a command; flags replace environment variables."""
    given = [option for option in OPTIONS if getattr(options, option.key, None)]
    flags = {f"felloe.{option.key}": getattr(options, option.key) for option in given}
    overruled = {option.variable for option in given}
    environ = {key: value for key, value in os.environ.items() if key not in overruled}
    settings = read_settings({}, flags, environ)
    for warning in settings.warnings:
        terminal.report_warning(warning)
    libraries = settings.libraries
    rules = WaiverRules(libraries.exclude, libraries.provided_by)
    return Auditor(read_policies(), rules, _LEVELS.index(options.processor) + 1)
