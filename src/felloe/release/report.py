"""A release as a table for people and as a JSON document.

The document's schema is ``build.schema.json`` in the package above this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from felloe.release.result import (
    BuiltWheel,
    CellResult,
    Failure,
    Release,
    Status,
    TrialStatus,
)

SCHEMA_VERSION = 1


def render_json(release: Release) -> dict[str, Any]:
    """The release, as plain values."""
    source = release.source
    return {
        "version": SCHEMA_VERSION,
        "project": release.project,
        "holds": release.holds,
        "seconds": round(release.seconds, 3),
        "jobs": release.jobs,
        "tool": release.tool,
        "sdist": {
            "file": str(source.path),
            "size": source.size,
            "sha256": source.sha256,
            "kept": source.kept,
            "seconds": round(source.seconds, 3),
        },
        "wheels": [_wheel(wheel) for wheel in release.wheels],
        "cells": [_cell(cell) for cell in release.cells],
        "stale": list(release.stale),
    }


def _wheel(wheel: BuiltWheel) -> dict[str, Any]:
    return {
        "file": str(wheel.path),
        "size": wheel.size,
        "sha256": wheel.sha256,
        "tags": list(wheel.name.triples()),
        "policy": wheel.proof.policy,
        "limit": wheel.proof.limit,
    }


def _cell(result: CellResult) -> dict[str, Any]:
    item = result.cell.interpreter
    return {
        "python": {
            "tag": item.tag,
            "version": item.release,
            "path": str(item.path),
            "source": item.source,
        },
        "target": result.cell.target,
        "status": result.status.value,
        "wheel": result.wheel.name.filename if result.wheel else None,
        "seconds": round(result.seconds, 3),
        "failure": _failure(result.failure),
        "test": {
            "status": result.trial.status.value,
            "seconds": round(result.trial.seconds, 3),
            "failure": _failure(result.trial.failure),
        },
    }


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {"message": failure.message, "log": str(failure.log) if failure.log else None}


def render_text(release: Release) -> str:
    """The same for a terminal."""
    return "\n".join(_lines(release))


def _lines(release: Release) -> Iterator[str]:
    source = release.source
    head = [("file", "size", "proof")]
    head += [(source.path.name, format_size(source.size), "kept" if source.kept else "")]
    head += [
        (wheel.name.filename, format_size(wheel.size), _proof(wheel)) for wheel in release.wheels
    ]
    yield from _table(head)
    yield ""
    rows = [("python", "wheel", "built in", "tests")]
    rows += [
        (cell.cell.label, _outcome(cell), _time(cell.seconds), _test(cell))
        for cell in release.cells
    ]
    yield from _table(rows)
    yield ""
    if release.stale:
        yield f"  not of this release: {', '.join(release.stale)}"
    made = sum(cell.wheel is not None for cell in release.cells)
    verdict = "all is well" if release.holds else "not all is well"
    yield (
        f"  {made} of {len(release.cells)} interpreters have their wheel, "
        f"in {release.seconds:.1f} s: {verdict}."
    )


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def _proof(wheel: BuiltWheel) -> str:
    proof = wheel.proof
    if proof.policy is None:
        return f"no policy: {proof.limit}" if proof.limit else "tags hold"
    return f"{proof.policy}: {proof.limit}" if proof.limit else proof.policy


def _outcome(cell: CellResult) -> str:
    if cell.wheel is None:
        return cell.status.value
    tags = f"{'.'.join(cell.wheel.name.pythons)}-{'.'.join(cell.wheel.name.abis)}"
    return tags if cell.status is Status.BUILT else f"{tags} ({cell.status.value})"


def _test(cell: CellResult) -> str:
    trial = cell.trial
    passed = trial.status is TrialStatus.PASSED
    return f"passed in {trial.seconds:.1f} s" if passed else str(trial.status.value)


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds else ""


def format_size(size: int) -> str:
    """``183 kB``, ``1.2 MB``: as package indexes show it."""
    return f"{size / 1000:.0f} kB" if size < 10**6 else f"{size / 10**6:.1f} MB"
