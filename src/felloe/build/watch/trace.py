"""Sort the records of a build's processes into steps with the files that they read and write.

Programs that are started distinguish the steps: ninja runs the command of each edge with
``/bin/sh -c``, and ``cmake -S … -B …`` configures. All other programs belong to the engine.
A generator other than Ninja has a single step ``build``.
"""

from __future__ import annotations

import enum
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

_ARGUMENTS = "\x1f"
_NINJAS = frozenset(("ninja", "ninja-build", "samu"))
_ASIDE = frozenset("RUcb")
_RERUN_CMAKE = "--regenerate-during-build"
_HARMLESS_SOCKETS = ("/run/", "/var/run/", "/dev/log")
"""Services of the system: names of users and hosts, the journal."""


class Kind(enum.Enum):
    """The part of a build that a step belongs to."""

    ENGINE = "engine"
    """scikit-build-core, the installation, and all programs outside of the other kinds."""
    CONFIGURE = "configure"
    BUILD = "build"
    """Programs that ``cmake --build`` runs, but not as an edge of ninja."""
    EDGE = "edge"


@dataclass
class Observed:
    """The file accesses of a step. Paths are absolute."""

    kind: Kind
    command: str
    began: int
    """Nanoseconds since 1970."""
    reads: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    """Paths in ``reads`` that were opened."""
    inspected: set[str] = field(default_factory=set)
    """Paths in ``reads`` that were opened, or that another program than CMake looked at."""
    rewritten: set[str] = field(default_factory=set)
    """Paths in ``contents`` that the step wrote afterwards."""
    found: set[str] = field(default_factory=set)
    """Paths in ``reads`` that existed."""
    links: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    """Files that it wrote or removed."""
    makes: set[str] = field(default_factory=set)
    """Directories that it made."""


@dataclass
class Trace:
    """The observed steps of a build."""

    steps: dict[str, Observed] = field(default_factory=dict)
    """By kind and command."""
    blind: str = ""
    """The reason why the watch is incomplete; empty if it is complete."""
    environ: dict[str, str] = field(default_factory=dict)
    """The variables with which the engine has called CMake to configure."""
    replayed: bool = False
    """True if CMake was stopped from configuring again."""


def parse_trace(records: Iterable[bytes], build_dir: str) -> Trace:
    """Sort the records of a build in ``build_dir``."""
    reader = _Reader(build_dir)
    for record in records:
        number, _, rest = os.fsdecode(record).partition(" ")
        kind, flag, text = rest[:1], rest[1:2], rest[3:]
        if kind == "x" and flag == "-":
            reader.fail(text)
        else:
            reader.take(number, kind, text, is_there=flag == "+")
    return reader.end()


@dataclass
class _Process:
    step: Observed
    program: str
    directory: str = ""
    configures: bool = False
    """True for the CMake that the engine called to configure."""
    is_scheduler: bool = False
    """True for ``cmake --build`` and ninja, which only decide which edges to run."""


class _Reader:
    def __init__(self, build_dir: str) -> None:
        self.trace = Trace()
        self._build_dir = os.path.realpath(build_dir)
        self._processes: dict[str, _Process] = {}
        self._owners: dict[str, str] = {}
        """Process that is about to execute a program, and the process that it counts as."""
        self._expected: Counter[str] = Counter()
        self._programs: dict[str, str] = {}
        self._connected: set[str] = set()
        self._bound: set[str] = set()

    def take(self, number: str, kind: str, text: str, *, is_there: bool) -> None:
        """Sort one record."""
        if kind == "S":
            self._start(number, text)
        elif kind == "F":
            parent = self._processes.get(text.partition(" ")[0])
            if parent is not None:
                self._processes[number] = parent
        elif kind in {"x", "p"}:
            self._expect(number, kind, text)
        elif kind == "E":
            self._note_variable(number, text)
        elif kind in _ASIDE:
            self._note_aside(kind, text)
        else:
            self._note(number, kind, text, is_there=is_there)

    def _expect(self, number: str, kind: str, text: str) -> None:
        """Expect a started program to report itself."""
        child, _, program = text.partition(" ")
        self._expected[child] += 1
        self._programs[child] = program
        if kind == "x":
            self._owners[child] = number

    def _note_aside(self, kind: str, text: str) -> None:
        """Note an event that is not about the files of a step."""
        if kind == "R":
            self.trace.replayed = True
        elif kind == "U":
            self._go_blind(text)
        else:
            (self._connected if kind == "c" else self._bound).add(text)

    def fail(self, text: str) -> None:
        """Stop expecting a program that could not be executed."""
        child = text.partition(" ")[0]
        self._expected[child] -= 1
        self._owners.pop(child, None)

    def end(self) -> Trace:
        """Check that the watch is complete, and return the trace."""
        for child, count in self._expected.items():
            if count > 0:
                self._go_blind(f"{self._programs[child]} cannot be watched")
        for path in sorted(self._connected - self._bound):
            if not path.startswith(_HARMLESS_SOCKETS):
                self._go_blind(
                    "the network was used" if path == "network" else f"{path} was connected to"
                )
        return self.trace

    def _go_blind(self, reason: str) -> None:
        self.trace.blind = self.trace.blind or reason

    def _start(self, number: str, text: str) -> None:
        about, _, rest = text.partition(_ARGUMENTS)
        parent_number, when, program = about.split(" ", 2)
        directory, _, arguments = rest.partition(_ARGUMENTS)
        self._expected[number] -= 1
        owner = self._owners.pop(number, None)
        parent = self._processes.get(owner or parent_number)
        step = self._choose(parent, program, arguments, int(when))
        is_first = parent is None or parent.step is not step
        is_ninja = os.path.basename(program) in _NINJAS and step.kind is not Kind.EDGE
        self._processes[number] = _Process(
            step,
            program,
            directory,
            configures=is_first and step.kind is Kind.CONFIGURE,
            is_scheduler=is_ninja or (is_first and step.kind is Kind.BUILD),
        )

    def _choose(self, parent: _Process | None, program: str, arguments: str, when: int) -> Observed:
        words = arguments.split(_ARGUMENTS)
        kind = Kind.ENGINE if parent is None else parent.step.kind
        is_edge = parent is not None and parent.is_scheduler and kind is Kind.BUILD
        if is_edge and words[1:2] == ["-c"]:
            command = words[2]
            if _RERUN_CMAKE in command:
                return self._open(Kind.CONFIGURE, "", when)
            return self._open(Kind.EDGE, command, when)
        if kind is Kind.ENGINE and os.path.basename(program).startswith("cmake"):
            if any(word.startswith("-B") for word in words):
                return self._open(Kind.CONFIGURE, arguments, when)
            if "--build" in words:
                return self._open(Kind.BUILD, "", when)
        return self._open(Kind.ENGINE, "", when) if parent is None else parent.step

    def _open(self, kind: Kind, command: str, when: int) -> Observed:
        key = f"{kind.value} {command}"
        return self.trace.steps.setdefault(key, Observed(kind, command, when))

    def _note_variable(self, number: str, text: str) -> None:
        process = self._processes.get(number)
        if process is not None and process.configures:
            name, _, value = text.partition("=")
            self.trace.environ[name] = value

    def _note(self, number: str, kind: str, path: str, *, is_there: bool) -> None:
        process = self._processes.get(number)
        if process is None or process.is_scheduler:
            return
        step = process.step
        if kind in "rsu":
            _note_read(process, kind, path, is_there=is_there)
        elif kind == "l":
            step.links.add(path)
        elif kind == "d":
            step.lists.add(path)
        elif kind == "m":
            step.makes.add(path)
        if kind in "wuz":
            step.writes.add(path)
        if kind in "wz" and path in step.contents:
            step.rewritten.add(path)


def _note_read(process: _Process, kind: str, path: str, *, is_there: bool) -> None:
    """Note a file that was opened (``r``, ``u``) or looked at (``s``)."""
    step = process.step
    step.reads.add(path)
    if is_there:
        step.found.add(path)
    if kind != "s":
        step.contents.add(path)
    if kind != "s" or not process.configures:
        step.inspected.add(path)
