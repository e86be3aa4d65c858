"""Something a person should know about a wheel, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What, where and why, in full sentences without a final full stop."""

    message: str
    hint: str = ""
    path: str = ""
    """The member it is about, if one."""
