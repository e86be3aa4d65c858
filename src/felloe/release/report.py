"""The report of a release: tables for people, and a JSON document.

The document follows ``build.schema.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from felloe.release.result import (
    BuiltWheel,
    EntryResult,
    Failure,
    Release,
    Status,
    TestStatus,
)

SCHEMA_VERSION = 1

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""The head and the rows."""


def render_json(release: Release) -> dict[str, Any]:
    """Return the document."""
    source = release.source
    return {
        "version": SCHEMA_VERSION,
        "project": release.project,
        "passed": release.passed,
        "seconds": round(release.seconds, 3),
        "jobs": release.jobs,
        "frontend": release.frontend,
        "sdist": {
            "file": str(source.path),
            "size": source.size,
            "sha256": source.sha256,
            "kept": source.kept,
            "seconds": round(source.seconds, 3),
        },
        "wheels": [_describe_wheel(wheel) for wheel in release.wheels],
        "matrix": [_describe_entry(entry) for entry in release.entries],
        "stale": list(release.stale),
    }


def _describe_wheel(wheel: BuiltWheel) -> dict[str, Any]:
    return {
        "file": str(wheel.path),
        "size": wheel.size,
        "sha256": wheel.sha256,
        "tags": list(wheel.name.triples()),
        "policy": wheel.proof.policy,
        "limit": wheel.proof.limit,
    }


def _describe_entry(result: EntryResult) -> dict[str, Any]:
    item = result.entry.interpreter
    return {
        "python": {
            "tag": item.tag,
            "version": item.release,
            "path": str(item.path),
            "source": item.source,
        },
        "target": result.entry.target,
        "status": result.status.value,
        "wheel": result.wheel.name.filename if result.wheel else None,
        "seconds": round(result.seconds, 3),
        "failure": _describe_failure(result.failure),
        "test": {
            "status": result.test.status.value,
            "reason": result.test.reason,
            "seconds": round(result.test.seconds, 3),
            "failure": _describe_failure(result.test.failure),
        },
    }


def _describe_failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {"message": failure.message, "log": str(failure.log) if failure.log else None}


def tabulate_files(release: Release) -> Table:
    """Return the table of the files."""
    source = release.source
    rows: list[tuple[str, ...]] = [
        (source.path.name, format_size(source.size), "kept" if source.kept else "")
    ]
    rows += [
        (wheel.name.filename, format_size(wheel.size), _describe_platform(wheel))
        for wheel in release.wheels
    ]
    return ("file", "size", "platform"), rows


def tabulate_matrix(release: Release) -> Table:
    """Return the table of the interpreters and targets."""
    rows: list[tuple[str, ...]] = [
        (
            entry.entry.label,
            _describe_tags(entry),
            _format_time(entry.seconds),
            _describe_test(entry),
        )
        for entry in release.entries
    ]
    return ("python", "wheel", "built in", "tests"), rows


def summarize(release: Release) -> str:
    """Return the last lines: ``Built 2 wheels for 2 interpreters in 101.9 s. All tests passed.``"""
    return "\n".join(_summarize(release))


def _summarize(release: Release) -> Iterator[str]:
    if release.stale:
        yield f"Files of other releases in the output directory: {', '.join(release.stale)}"
    made = [entry for entry in release.entries if entry.wheel is not None]
    built = _count(sum(entry.status is Status.BUILT for entry in made), "wheel")
    kept = sum(entry.status is Status.KEPT for entry in made)
    interpreters = _count(len({entry.entry.interpreter.path for entry in made}), "interpreter")
    also = f", kept {kept}," if kept else ""
    yield f"Built {built}{also} for {interpreters} in {release.seconds:.1f} s. {_judge(release)}"


def _judge(release: Release) -> str:
    failed = [entry.entry.label for entry in release.entries if entry.wheel is None]
    broken = [
        entry.entry.label
        for entry in release.entries
        if entry.test.status in (TestStatus.FAILED, TestStatus.STOPPED)
    ]
    problems = [f"No wheel for {', '.join(failed)}."] if failed else []
    problems += [f"Tests failed for {', '.join(broken)}."] if broken else []
    if problems:
        return " ".join(problems)
    tested = [entry for entry in release.entries if entry.test.status is TestStatus.PASSED]
    if len(tested) == len(release.entries):
        return "All tests passed."
    return f"Tests passed for {len(tested)}, skipped for {len(release.entries) - len(tested)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _describe_platform(wheel: BuiltWheel) -> str:
    proof = wheel.proof
    if proof.policy is None:
        return f"no policy: {proof.limit}" if proof.limit else "OK"
    return f"{proof.policy}: {proof.limit}" if proof.limit else proof.policy


def _describe_tags(entry: EntryResult) -> str:
    if entry.wheel is None:
        return entry.status.value
    tags = f"{'.'.join(entry.wheel.name.pythons)}-{'.'.join(entry.wheel.name.abis)}"
    return tags if entry.status is Status.BUILT else f"{tags} ({entry.status.value})"


def _describe_test(entry: EntryResult) -> str:
    test = entry.test
    if test.status is TestStatus.PASSED:
        return f"passed in {test.seconds:.1f} s"
    return f"{test.status.value}: {test.reason}" if test.reason else test.status.value


def _format_time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds else ""


def format_size(size: int) -> str:
    """Return ``183 kB`` or ``1.2 MB``, as package indexes show it."""
    return f"{size / 1000:.0f} kB" if size < 10**6 else f"{size / 10**6:.1f} MB"
