"""Fields of METADATA, PKG-INFO and WHEEL: ``Name: value`` lines, as in an email (PEP 566)."""

from __future__ import annotations

from email.message import Message
from email.parser import HeaderParser


def parse_headers(data: bytes) -> Message:
    """Return the fields. The body is not parsed: it may claim to be messages in messages."""
    return HeaderParser().parsestr(data.decode("utf-8", "backslashreplace"))


def get_field(fields: Message, name: str) -> str:
    """Return the value of a field; empty if it is missing."""
    return str(fields.get(name, "")).strip()
