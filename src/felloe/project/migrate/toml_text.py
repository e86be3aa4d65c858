"""Edits of TOML text that leave all the rest as it was written: comments, order, line ends.

An edit finds its place with a small lexer, not with a parser, so it may miss an
unusual spelling: it then answers None. Whoever edits parses the result and
compares (:func:`felloe.project.migrate.migration.plan_migration` does).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*",
    re.DOTALL,
)
_HEADER = re.compile(r"[ \t]*\[[ \t]*([\w.\- \t]+?)[ \t]*\]")


@dataclass(frozen=True)
class _Key:
    """Where a key stands."""

    table: str
    name: str
    value: int
    """Where its value begins."""


def render_string(text: str) -> str:
    """A TOML basic string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def render_array(items: list[str]) -> str:
    """An array of strings, in one line if it is short."""
    words = [render_string(item) for item in items]
    line = f"[{', '.join(words)}]"
    if len(line) < 80:
        return line
    return "[\n" + "".join(f"  {word},\n" for word in words) + "]"


def replace_value(text: str, table: str, name: str, literal: str) -> str | None:
    """The text with another value of a key; None if the key is not found."""
    span = _find_value(text, table, name)
    return None if span is None else text[: span[0]] + literal + text[span[1] :]


def prepend_item(text: str, table: str, name: str, item: str) -> str | None:
    """The text with a string put in front of an array, in the array's own style."""
    span = _find_value(text, table, name)
    if span is None or text[span[0]] != "[":
        return None
    start = span[0] + 1
    inner = text[start : span[1] - 1]
    first = re.match(r"(?:\s|#[^\n]*\n)*", inner)
    if first is None or not inner[first.end() :]:
        return text[:start] + render_string(item) + text[start:]
    quote = inner[first.end()]
    literal = f"'{item}'" if quote == "'" else render_string(item)
    line = re.match(r"[ \t]*(?:#[^\n]*)?\r?\n([ \t]*)", inner)
    if line is None:  # the first item follows on the same line
        return text[:start] + f"{literal}, " + text[start:].lstrip(" \t")
    at = start + line.end()
    newline = "\r\n" if "\r\n" in line[0] else "\n"
    return text[:at] + f"{literal},{newline}{line[1]}" + text[at:]


def add_key(text: str, table: str, name: str, literal: str) -> str:
    """The text with a new key in a table, which is begun at the end if it is not there."""
    newline = "\r\n" if "\r\n" in text else "\n"
    masked = _mask(text)
    for header, end in _headers(masked):
        if header == table:
            at = masked.find("\n", end) + 1 or len(text)
            before = text[:at] if text[:at].endswith("\n") else text[:at] + newline
            return f"{before}{name} = {literal}{newline}{text[at:]}"
    before = text if not text or text.endswith("\n") else text + newline
    gap = newline if before.strip() else ""
    return f"{before}{gap}[{table}]{newline}{name} = {literal}{newline}"


def _mask(text: str) -> str:
    """The text with its strings and comments blotted out, character for character."""

    def blot(match: re.Match[str]) -> str:
        filler = " " if match[0][0] == "#" else "~"
        return filler * len(match[0])

    return _TOKEN.sub(blot, text)


def _headers(masked: str) -> Iterator[tuple[str, int]]:
    """The names of the tables, and where their headers end."""
    for start in _statements(masked):
        match = _HEADER.match(masked, start)
        if match:
            yield re.sub(r"\s", "", match[1]), match.end()


def _statements(masked: str) -> Iterator[int]:
    """Where lines begin that are not inside of a value."""
    depth = position = 0
    for line in masked.splitlines(keepends=True):
        if depth == 0:
            yield position
        depth += len(re.findall(r"[\[{]", line)) - len(re.findall(r"[\]}]", line))
        position += len(line)


def _keys(masked: str) -> Iterator[_Key]:
    table = ""
    for start in _statements(masked):
        header = _HEADER.match(masked, start)
        if header:
            table = re.sub(r"\s", "", header[1])
            continue
        key = re.compile(r"[ \t]*([\w.\- \t]+?)[ \t]*=[ \t]*").match(masked, start)
        if key:
            dotted = ".".join(filter(None, (table, re.sub(r"\s", "", key[1]))))
            parent, _, name = dotted.rpartition(".")
            yield _Key(parent, name, key.end())


def _find_value(text: str, table: str, name: str) -> tuple[int, int] | None:
    masked = _mask(text)
    for key in _keys(masked):
        if (key.table, key.name) == (table, name):
            end = _end_of_value(masked, key.value)
            return None if end is None else (key.value, end)
    return None


def _end_of_value(masked: str, start: int) -> int | None:
    if masked[start] == "~":
        match = re.compile(r"~+").match(masked, start)
        return match.end() if match else None
    depth = 0
    for position in range(start, len(masked)):
        depth += (masked[position] in "[{") - (masked[position] in "]}")
        if depth == 0:
            return position + 1 if masked[start] in "[{" else None
    return None
