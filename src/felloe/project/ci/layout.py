"""Templates of CI files."""

from __future__ import annotations

from collections.abc import Iterable
from string import Template


class Layout(Template):
    """Text with placeholders: ``§name``. The usual ``$`` belongs to shells and services.

    A placeholder on a line of its own is replaced by lines, each with its
    indentation; without lines, its own line is removed.
    """

    delimiter = "§"

    def fill(self, **values: str | Iterable[str]) -> str:
        """Return the text with all placeholders replaced."""
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
"""The beginning of a file that may be overwritten."""

TRUSTED = (
    "",
    "A tag v… is published without tokens. Register the publisher once with each index:",
    "this repository, the name of this file and the environment pypi, at",
    "https://pypi.org/manage/account/publishing/; with testpypi for pypi, at",
    "https://test.pypi.org/manage/account/publishing/.",
)
"""The heading of a service that the indexes trust."""


def render_heading(service: str, remarks: Iterable[str]) -> list[str]:
    """Return the comment at the top of the file."""
    return [
        f"{MARK}{service}`. To change it, change [tool.felloe.ci] or [tool.felloe.build]",
        "# in pyproject.toml and run the command again.",
        *(f"# {remark}".rstrip() for remark in remarks),
    ]


def render_tokens(indexes: Iterable[str], remark: str) -> list[str]:
    """Return the heading of a service without trusted publishing."""
    tokens = " and ".join(f"{index.upper()}_TOKEN" for index in indexes)
    return [
        "",
        "A tag v… is published. The indexes do not trust this service, so publishing needs their",
        f"tokens, as {remark}: {tokens}.",
    ]
