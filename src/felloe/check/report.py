"""The problems and notes of a file, as a JSON document and as text for people.

The document's schema is ``check.schema.json`` in the package above this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from felloe.check.rule import Ruling

SCHEMA_VERSION = 1


def render_json(file: str, rulings: Sequence[Ruling]) -> dict[str, Any]:
    """Return the check of one file as plain values."""
    return {
        "version": SCHEMA_VERSION,
        "file": file,
        "accepted": all(ruling.is_note for ruling in rulings),
        "problems": [_plain(ruling) for ruling in rulings if not ruling.is_note],
        "notes": [_plain(ruling) for ruling in rulings if ruling.is_note],
    }


def _plain(ruling: Ruling) -> dict[str, str]:
    return {
        "rule": ruling.rule.title,
        "message": ruling.message,
        "hint": ruling.hint,
        "path": ruling.path,
    }


def render_text(file: str, rulings: Sequence[Ruling]) -> str:
    """Return the text for a terminal, problems first."""
    return "\n".join(_lines(file, rulings))


def _lines(file: str, rulings: Sequence[Ruling]) -> Iterator[str]:
    problems = sum(not ruling.is_note for ruling in rulings)
    yield f"{file}: {_counted(problems)}" if problems else f"{file}: OK, fit for an index"
    for ruling in sorted(rulings, key=lambda ruling: ruling.is_note):
        kind = "note" if ruling.is_note else "problem"
        yield f"  {kind} [{ruling.rule.title}]: " + ruling.message.replace("\n", "\n  ")
        if ruling.hint:
            yield f"    hint: {ruling.hint}"


def _counted(problems: int) -> str:
    return "1 problem" if problems == 1 else f"{problems} problems"
