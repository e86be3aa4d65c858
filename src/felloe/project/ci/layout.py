"""Laying out the text of a pipeline file."""

from __future__ import annotations

from collections.abc import Iterable
from string import Template


class Layout(Template):
    """Text with places to fill in: ``§name``.

    The usual ``$`` belongs to the shell and to the services themselves.
    A place that stands alone in its line is filled with lines, each indented
    as the place is; without lines, its own line goes.
    """

    delimiter = "§"

    def fill(self, **values: str | Iterable[str]) -> str:
        """The text with all its places filled in."""
        lines: list[str] = []
        for line in self.template.splitlines():
            word = line.strip()
            value = values.get(word[1:]) if word.startswith(self.delimiter) else None
            if value is None or isinstance(value, str):
                words = {key: text for key, text in values.items() if isinstance(text, str)}
                lines.append(Layout(line).substitute(words))
            else:
                indent = line[: len(line) - len(line.lstrip())]
                lines += [f"{indent}{text}".rstrip() for text in value]
        return "\n".join(lines) + "\n"


MARK = "# Written by `felloe ci "
"""How a file begins that may be written again."""


def render_heading(service: str, *remarks: str) -> list[str]:
    """The comment at the top of the file."""
    return [
        f"{MARK}{service}`. To change it, change [tool.felloe.ci] in pyproject.toml",
        "# and run the command again.",
        *(f"# {remark}".rstrip() for remark in remarks),
    ]
