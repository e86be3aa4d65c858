"""One row of the tables of tag truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from support.compiled_samples import marks_of
from support.truth_wheel import Content

LINUX = "linux_x86_64"
OLDEST = "manylinux1_x86_64.manylinux_2_5_x86_64"
"""The platform of an x86-64 object that needs nothing: every policy holds."""
ML2014 = "manylinux2014_x86_64.manylinux_2_17_x86_64"


@dataclass(frozen=True)
class Says:
    """A finding: its message word for word, and a phrase of its hint."""

    message: str
    hint: str = ""


@dataclass(frozen=True)
class Case:
    """A wheel, the tag it claims, and all that there is to say about that."""

    id: str
    files: Mapping[str, Content]
    claim: str
    proved: str | None
    """The compressed tag set that the files prove; None for a false claim about Python."""
    problems: tuple[Says, ...] = field(default=())
    notes: tuple[Says, ...] = field(default=())


def m(suffix: str, name: str = "m") -> str:
    """The file name of a module on x86-64 Linux: ``m("cpython-311")``."""
    return f"{name}.{suffix}-x86_64-linux-gnu.so"


def parameters(rows: Iterable[Case]) -> list:
    """Return rows as parameters of a test, with a mark where zig compiles for another system."""
    return [pytest.param(row, id=row.id, marks=marks_of(*row.files.values())) for row in rows]
