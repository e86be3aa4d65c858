"""Findings: messages about a wheel, with a hint for the user."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A message for the user: the problem, the place and the reason, without a final full stop."""

    message: str
    hint: str = ""
    path: str = ""
    """The member that it is about, if any."""
