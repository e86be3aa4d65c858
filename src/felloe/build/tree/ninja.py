"""What a build tree was made from, as ninja knows it.

The build graph: https://ninja-build.org/manual.html#ref_ninja_file. What the
compilers read besides: ``.ninja_deps``, whose records are a length, a path and
a checksum, or numbers of paths (highest bit of the length set).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from felloe.build.tree.command_input import COMPILE, LINK, RUN, Command

_DEPS_MAGIC = b"# ninjadeps\n"
_DEPS_VERSIONS = (3, 4)
_LOG, _DEPS = ".ninja_log", ".ninja_deps"
NOTES = ("build.ninja", _LOG, _DEPS)
"""ninja's own files, and what it is told to do."""
_LOG_WITH_START_TIMES = 7
_RECONFIGURE = "RERUN_CMAKE"
_TOLD = COMPILE | LINK | RUN
_ESCAPE = re.compile(r"\$(.)", re.DOTALL)
_BEFORE_COLON = re.compile(r"(?:[^$:]|\$.)*", re.DOTALL)
_TOKEN = re.compile(r"(?:[^\s$:|]|\$.)+", re.DOTALL)


@dataclass(frozen=True)
class Inputs:
    """Files that a tree depends on; relative ones are below the tree."""

    configure: frozenset[str]
    """What CMake read."""
    build: frozenset[str]
    """What compilers, linkers and custom commands read, as far as it is declared."""
    nested: bool
    """Whether steps of ExternalProject build something whose inputs are not known."""
    made: frozenset[str]
    """What ninja makes, apart from its own files."""
    headers: frozenset[str] = frozenset()
    """What compilers told that they read, beyond what they were given."""
    commands: frozenset[Command] = frozenset()
    """The words of all commands."""


def read_inputs(tree: Path) -> Inputs | None:
    """The inputs of all that ninja built in ``tree``; None if they cannot be told.

    Nothing can be told of another generator's tree.
    """
    try:
        graph = _read_graph(tree)
        told = _read_deps(tree / _DEPS)
    except (OSError, ValueError, struct.error):
        return None
    declared, outputs = graph.build - graph.aliases, graph.outputs
    nested = any(re.search(r"-stamp/(.*/)?[^/]+-(configure|download)$", path) for path in outputs)
    return Inputs(
        configure=frozenset(graph.configure),
        build=frozenset((declared | told) - outputs),
        nested=nested,
        made=frozenset(outputs),
        headers=frozenset(told - declared),
        commands=frozenset((name, _unescape(value)) for name, value in graph.commands),
    )


def notices_edits(tree: Path) -> bool:
    """Whether ninja sees that an input was changed while it was being compiled: from 1.13 on."""
    try:
        with (tree / _LOG).open("rb") as file:
            return int(file.readline().rpartition(b"v")[2]) >= _LOG_WITH_START_TIMES
    except (OSError, ValueError):
        return False


def read_log(path: Path) -> dict[str, str]:
    """Output -> the line that says when and how it was made last; empty without a log."""
    try:
        lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return {}
    rows = [line.split("\t") for line in lines if line.count("\t") == 4]
    return {row[3]: "\t".join(row) for row in rows}


def drop_unfinished(
    tree: Path, outputs: frozenset[str], before: dict[str, str], began: int
) -> bool:
    """Delete what failed commands have left: ninja before 1.13 takes it for made.

    That is what was written since ``began`` (nanoseconds since 1970) and not
    logged as done. False if some of it is outside the tree, and is left alone.
    """
    after = read_log(tree / _LOG)
    done = {name for name, line in after.items() if before.get(name) != line}
    for name in outputs - done:
        path = tree / name
        try:
            if path.is_file() and path.stat().st_mtime_ns >= began:
                if tree not in path.parents:
                    return False
                path.unlink()
        except OSError:
            return False
    return True


@dataclass
class _Graph:
    """``build.ninja`` and what it includes."""

    configure: set[str] = field(default_factory=set)
    build: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    commands: set[Command] = field(default_factory=set)

    def add(self, edge: str) -> None:
        """``out | out: rule in | in || in``."""
        made, (rule, *sources) = _split_edge(edge)
        if rule == _RECONFIGURE:
            self.configure.update(sources)
        elif rule == "phony":
            self.aliases.update(made)
        else:
            self.outputs.update(made)
            self.build.update(sources)


def _read_graph(tree: Path) -> _Graph:
    graph, pending = _Graph(), ["build.ninja"]
    while pending:
        text = (tree / pending.pop()).read_text(encoding="utf-8", errors="surrogateescape")
        for line in text.replace("$\n", "").split("\n"):
            word, _, rest = line.partition(" ")
            if word in ("include", "subninja"):
                pending.append(_unescape(rest.strip()))
            elif word == "build":
                graph.add(rest)
            elif not word and (words := rest.strip().split(" = ", 1))[0] in _TOLD:
                graph.commands.add((words[0], words[-1]))
    return graph


def _split_edge(text: str) -> tuple[list[str], list[str]]:
    """What is made, and the rule with what it reads."""
    head = _BEFORE_COLON.match(text)
    colon = head.end() if head else 0
    made = [_unescape(token) for token in _TOKEN.findall(text[:colon])]
    return made, [_unescape(token) for token in _TOKEN.findall(text[colon + 1 :])]


def _unescape(token: str) -> str:
    return _ESCAPE.sub(r"\1", token)


def _read_deps(path: Path) -> set[str]:
    """All paths in the log of what compilers reported."""
    if not path.exists():
        return set()
    data = path.read_bytes()
    start = len(_DEPS_MAGIC)
    if data[:start] != _DEPS_MAGIC:
        raise ValueError(path)
    (version,) = struct.unpack_from("<i", data, start)
    if version not in _DEPS_VERSIONS:
        raise ValueError(path)
    return set(_paths_in(data, start + 4))


def _paths_in(data: bytes, position: int) -> Iterator[str]:
    while position + 4 <= len(data):
        (length,) = struct.unpack_from("=I", data, position)
        position += 4
        size = length & 0x7FFFFFFF
        if not length & 0x80000000:  # the path is padded to four bytes, then its checksum
            path = data[position : position + size - 4].rstrip(b"\0")
            if b"\0" in path:
                raise ValueError(path)
            yield path.decode("utf-8", "surrogateescape")
        position += size
