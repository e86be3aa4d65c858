"""``felloe repair WHEEL…``: copy libraries into wheels and correct their tags."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from felloe import terminal
from felloe.audit.policy.family import Policies, read_policies
from felloe.cli.arguments import (
    Commands,
    add_command,
    add_files,
    add_json,
    add_output_directory,
    checked,
)
from felloe.cli.files import check_files
from felloe.config.settings import Settings, read_settings
from felloe.config.tool_table import OPTIONS
from felloe.errors import FelloeError, UsageError
from felloe.repair.wheel_file import Repair, repair_wheel
from felloe.wheel.atomic_write import prepare_directory

SCHEMA_VERSION = 1

_FLAGS = {
    "platform": "the platform tag to reach (default: the best one)",
    "strip": "what to take out of the binaries: none, debug or all",
    "libraries.exclude": "a library that is not copied: a glob on its name or path",
    "libraries.include": "a library to copy although nothing needs it",
    "libraries.search": "a directory to look into first",
    "libraries.provided-by": "libraries of another distribution: NAME=GLOB[,GLOB...]",
}


def add_parser(commands: Commands) -> None:
    """Add the command ``repair``."""
    parser = add_command(
        commands,
        "repair",
        "copy external libraries into wheels and correct their tags",
        "Copy the libraries that a wheel needs into it, fix the RPATHs of its binaries, and write "
        "it with the tags that its files then prove. The given wheel is not changed. A flag that "
        "takes a list may be repeated, or take several values that are joined by a comma.",
        (
            "dist/*.whl",
            "--platform manylinux_2_28 --exclude 'libcuda.so*' -o wheelhouse dist/*.whl",
            "--provided-by 'torch=libtorch*.so*,libc10.so' dist/*.whl",
        ),
    )
    add_files(parser, "WHEEL", "wheels")
    where = "where to write the wheels (default: %(default)s)"
    add_output_directory(parser, "wheelhouse", where, "-w", "--wheel-dir")
    for option in OPTIONS:
        if option.key in _FLAGS:
            parser.add_argument(
                option.flag,
                dest=option.key,
                action="store" if isinstance(option.default, str) else "append",
                metavar=option.placeholder,
                type=checked(option),
                help=_FLAGS[option.key],
            )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Repair every wheel. A failure does not stop the others."""
    check_files(options.wheels)
    settings = _read_settings(options)
    try:
        options.output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise UsageError(f"{options.output_dir} cannot be made: {cause.strerror}") from cause
    prepare_directory(options.output_dir)
    policies = read_policies()
    codes = []
    for wheel in options.wheels:
        with redirect_stdout(sys.stderr if options.json else sys.stdout):
            code, document = _repair(wheel, options.output_dir, settings, policies)
        codes.append(code)
        if options.json:
            terminal.print_text(json.dumps(document))
    return max(codes)


def _read_settings(options: argparse.Namespace) -> Settings:
    """Return the settings. Flags override the environment."""
    given = [option for option in OPTIONS if getattr(options, option.key, None)]
    flags = {f"felloe.{option.key}": getattr(options, option.key) for option in given}
    overruled = {option.variable for option in given}
    environ = {key: value for key, value in os.environ.items() if key not in overruled}
    settings = read_settings({"on-violation": "error"}, flags, environ)
    for warning in settings.warnings:
        terminal.report_warning(warning)
    if getattr(options, "platform", None):
        return replace(settings, platform_origin="--platform")
    return settings


def _repair(
    wheel: Path, directory: Path, settings: Settings, policies: Policies
) -> tuple[int, dict[str, Any]]:
    """Return the exit code for a wheel and the JSON document about it."""
    try:
        repair = repair_wheel(wheel, directory, settings, policies, os.environ)
    except FelloeError as error:
        terminal.report_error(error)
        return error.exit_code, {**_EMPTY, "wheel": wheel.name, "error": error.message}
    violation = repair.finished.violation
    if repair.written is not None:
        terminal.report_progress(f"wrote {repair.written}")
    elif violation is not None:
        terminal.report_error(FelloeError(violation.message, hint=violation.hint))
    return int(repair.written is None), _render(wheel, repair)


_EMPTY = {
    "version": SCHEMA_VERSION,
    "wheel": "",
    "written": None,
    "tags": None,
    "copied": [],
    "missing": [],
    "violation": None,
    "error": None,
}


def _render(wheel: Path, repair: Repair) -> dict[str, Any]:
    """Render the document, whose schema is ``repair.schema.json`` of the package."""
    finished = repair.finished
    violation = finished.violation
    return {
        **_EMPTY,
        "wheel": wheel.name,
        "written": str(repair.written) if repair.written else None,
        "tags": {
            "before": list(repair.before.triples()),
            "after": list(finished.staged.name.triples()),
        },
        "copied": [
            {
                "soname": graft.external.soname,
                "from": graft.external.path,
                "to": graft.member,
                "sha256": graft.external.digest,
            }
            for graft in finished.grafts
        ],
        "missing": [
            {"soname": item.soname, "requester": item.requester, "places": list(item.places)}
            for item in finished.missing
        ],
        "violation": {"message": violation.message, "hint": violation.hint} if violation else None,
    }
