"""The documentation against itself: links, commands and the table of contents."""

from __future__ import annotations

import re
import shlex
from functools import cache

import pytest
from support.paths import ROOT

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "examples/*/README.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")


@cache
def read(path):
    return path.read_text(encoding="utf-8")


def anchors(path):
    """The addresses of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#{1,6} (.*)$", FENCE.sub("", read(path)), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {text.strip().replace(" ", "-") for text in plain}


def broken_links(path):
    for target in LINK.findall(FENCE.sub("", read(path))):
        place, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        page = path.parent / place if place else path
        if not page.exists() or (anchor and anchor not in anchors(page)):
            yield target


def commands(path):
    """The words of each ``felloe …`` in the code of a page, in blocks and in lines of text."""
    text = read(path)
    blocks = FENCE.findall(text) + re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
        match = re.match(r"\s*(?:\$ )?felloe ([a-z].*)", line)
        if match:
            yield shlex.split(match[1], comments=True)
    for words in re.findall(r"`felloe ([a-z][^`|]*)`", FENCE.sub("", text)):
        yield shlex.split(words)


@cache
def documented_flags():
    """Command -> its flags, from the generated reference."""
    text = read(ROOT / "docs" / "reference.md").partition("\n## Commands\n")[2]
    sections = re.split(r"^### `felloe (\w+)`$", text.partition("\n## ")[0], flags=re.MULTILINE)
    return {
        name: set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", body))
        for name, body in zip(sections[1::2], sections[2::2])
    }


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_links_resolve(path):
    assert list(broken_links(path)) == []


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_commands_and_their_flags_exist(path):
    known = {**documented_flags(), "help": set()}
    for name, *words in commands(path):
        assert name in known, name
        flags = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert flags <= known[name], (name, words)


def test_commands_are_found():
    """Otherwise the test above would check nothing."""
    assert len([words for path in PAGES for words in commands(path)]) >= 20


def test_every_page_is_in_the_table_of_contents():
    index = read(ROOT / "docs" / "index.md")
    listed = set(re.findall(r"^([a-z0-9-]+)$", index, re.MULTILINE))
    assert listed >= {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_files_exist(path):
    """Each file or directory of the repository that a page names."""
    text = re.sub(r"https?://\S+", "", read(path))
    names = re.findall(r"(?<![\w/.-])(?:tests|benchmarks|tools|examples|cpp)/[\w./-]*\w", text)
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_functions_that_pip_wheel_runs_exist():
    rows = re.findall(
        r"^\| \d+ \| `([\w/]+\.py): (\w+)`", read(ROOT / "docs" / "design.md"), re.MULTILINE
    )
    assert len(rows) > 10
    for module, function in rows:
        source = (ROOT / "src" / "felloe" / module).read_text(encoding="utf-8")
        assert re.search(rf"^ *def {function}\(", source, re.MULTILINE), (module, function)
