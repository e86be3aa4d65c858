"""``felloe cache info|prune|clear``: the files that are kept between builds."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import time
from pathlib import Path
from typing import Any

from felloe import terminal
from felloe.build.cache.directory import cache_root
from felloe.build.cache.entry import Entry, read_entries, remove_entry
from felloe.build.cache.lock import CAN_LOCK
from felloe.build.cache.prune import prune
from felloe.build.editable.state import KIND, find_needed, read_state
from felloe.cli.arguments import Commands, add_command, add_json, checked
from felloe.config.settings import CacheSettings, read_settings
from felloe.config.tool_table import OPTIONS
from felloe.errors import FelloeError
from felloe.finding import Finding

SCHEMA_VERSION = 1
"""The version of the document of ``--json``."""


def add_parser(commands: Commands) -> None:
    """Add ``cache``."""
    parser = add_command(
        commands,
        "cache",
        "show or remove the files that are kept between builds",
        "Show or remove the build environments and build trees that are kept between builds. "
        "FELLOE_CACHE_DIR and FELLOE_CACHE_LIMIT apply. Files that a build is using are never "
        "removed. Files of an editable install are removed only by `clear`.",
        ("info", "prune --limit 1GB", "clear"),
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    info = actions.add_parser("info", help="list the kept files and check them for damage")
    add_json(info, "print one JSON document")
    info.set_defaults(run=run_info)
    less = actions.add_parser("prune", help="remove the files that were not used for longest")
    size = checked(next(option for option in OPTIONS if option.key == "cache-limit"))
    limit = "the size that may stay: 5GB, 500 MB, 0GB (default: the setting cache-limit)"
    less.add_argument("--limit", metavar="SIZE", type=size, help=limit)
    less.set_defaults(run=run_prune)
    clear = actions.add_parser("clear", help="remove all files that no build is using")
    clear.set_defaults(run=run_clear)


def run_info(options: argparse.Namespace) -> int:
    """List the entries. The files of environments are compared with their hashes."""
    settings = _read_settings(None)
    root = cache_root(settings)
    needed = find_needed(root)
    rows = [_describe(entry, needed) for entry in reversed(read_entries(root))]
    total = sum(entry.size for entry in read_entries(root))
    if options.json:
        document = {
            "version": SCHEMA_VERSION,
            "directory": str(root),
            "bytes": total,
            "limit": settings.limit,
            "entries": rows,
        }
        terminal.print_text(json.dumps(document))
        return 0
    terminal.print_text(f"{root}: {_render_size(total)} of {_render_size(settings.limit)}")
    if rows:
        head = ("last used", "size", "kind", "path", "content", "")
        terminal.print_table(head, [_render_row(row) for row in rows])
    return 0


def run_prune(options: argparse.Namespace) -> int:
    """Delete entries until the cache is below its limit."""
    settings = _read_settings(options.limit)
    if CAN_LOCK:
        _report(prune(cache_root(settings), settings.limit))
    return 0


def run_clear(options: argparse.Namespace) -> int:  # noqa: ARG001 - it has none
    """Delete everything that is not in use."""
    if not CAN_LOCK:
        return 0
    root = cache_root(_read_settings(None))
    entries, needed = read_entries(root), find_needed(root)
    projects = [_project(entry) for entry in entries if entry.path in needed]
    kept = [entry for entry in entries if not remove_entry(entry)]
    _report([entry for entry in entries if entry not in kept])
    for entry in kept:
        terminal.report_error(
            FelloeError(f"{entry.path} was not removed", hint="a build may be using it")
        )
    for project in sorted(filter(None, projects)):
        terminal.report_warning(
            Finding(
                f"the editable install of {project} cannot rebuild any more",
                hint=f"install it again: pip install -e {shlex.quote(project)}",
            )
        )
    return 1 if kept else 0


def _project(entry: Entry) -> str:
    """Return the project of an editable install's entry; empty for other kinds."""
    state = read_state(entry.path) if entry.kind == KIND else None
    return state.project if state else ""


def _read_settings(limit: str | None) -> CacheSettings:
    given = {"felloe.cache-limit": limit} if limit is not None else {}
    environ = {key: value for key, value in os.environ.items() if key != "FELLOE_CACHE_LIMIT"}
    return read_settings({}, given, environ if given else os.environ).cache


def _describe(entry: Entry, needed: set[Path]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": entry.kind,
        "path": str(entry.path),
        "about": entry.about,
        "bytes": entry.size,
        "used": int(entry.used),
        "needed": entry.path in needed,
    }
    if entry.kind == "environments":
        row["damage"] = _examine(entry.path)
    return row


def _examine(path: Path) -> list[str]:
    from felloe.build.environment.distribution import hash_file
    from felloe.build.environment.store import find_damage

    return find_damage(path, hash_file)


def _render_row(row: dict[str, Any]) -> tuple[str, ...]:
    used = time.strftime("%Y-%m-%d %H:%M", time.localtime(row["used"]))
    remark = "an editable install needs it" if row["needed"] else ""
    if row.get("damage"):
        remark = f"damaged: {', '.join(row['damage'])}"
    name = Path(row["path"]).name
    return used, _render_size(row["bytes"]), row["kind"], name, row["about"], remark


def _render_size(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def _report(removed: list[Entry]) -> None:
    total = sum(entry.size for entry in removed)
    terminal.print_text(f"removed {len(removed)} entries, {_render_size(total)}")
