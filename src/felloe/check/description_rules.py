"""The description as PyPI renders it (warehouse, ``forklift/legacy.py``, August 2026).

PyPI refuses a description that does not render. Without a content type it is
reStructuredText. Markdown and plain text always render.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from importlib import import_module

from felloe.check.field_rules import Breach, Raw, get_text
from felloe.check.rule import Rule

_MOST_LETTERS = 1 << 18
"""A longer description is not rendered: the time grows faster than the text."""
_MESSAGE = re.compile(r"^<string>:(?P<line>\d+): \([A-Z]+/\d\) (?P<text>.*)", re.MULTILINE)


def check_description(raw: Raw) -> Iterator[Breach]:
    """Render the description, if it is reStructuredText and ``readme-renderer`` is installed."""
    text = _dedent(get_text(raw, "description") or "")
    content_type = get_text(raw, "description_content_type")
    kind = (content_type or "text/x-rst").partition(";")[0].strip().lower()
    if kind != "text/x-rst" or not text.strip() or len(text) > _MOST_LETTERS:
        return
    problem = _find_problem(text)
    if problem is None:
        return
    if content_type is None:
        yield Breach(
            Rule.DESCRIPTION,
            f"the description has no content type and does not render as reStructuredText, which "
            f"PyPI then takes it for: {problem}",
            'name the readme with its suffix, `readme = "README.md"`, so that its type is stated',
        )
    else:
        yield Breach(
            Rule.DESCRIPTION,
            f"the description does not render as reStructuredText: {problem}",
            "correct the readme; `python -m docutils README.rst` shows each problem",
        )


def _dedent(text: str) -> str:
    """Remove the indentation of a description that is a field and not the body (metadata 1.x)."""
    first, _, rest = text.partition("\n")
    lines = rest.split("\n")
    for margin in ("       |", " " * 8):
        if all(line.startswith(margin) or not line.strip() for line in lines):
            return "\n".join((first, *(line[len(margin) :] for line in lines)))
    return text


def _find_problem(text: str) -> str | None:
    """Return docutils' complaint; None if the text renders or nothing can render it."""
    try:
        renderer = import_module("readme_renderer.rst")
    except ImportError:  # of the extra felloe[cli]
        return None
    said = io.StringIO()
    try:
        if renderer.render(text, stream=said) is not None:
            return None
    except RecursionError:
        return "it is nested too deeply"
    found = _MESSAGE.search(said.getvalue())
    return f"line {found['line']}: {found['text']}" if found else "it cannot be rendered"
