"""The story of a release: an sdist, and from it a wheel for every interpreter and target."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import __version__
from felloe.audit.policy.family import read_policies
from felloe.config.build_table import BuildTable
from felloe.config.project import Project
from felloe.errors import FelloeError
from felloe.python.interpreter import Interpreter
from felloe.python.search import find_interpreters
from felloe.release.matrix import Cell, plan_cells
from felloe.release.process import Children
from felloe.release.progress import Progress
from felloe.release.record import Entry, Record, make_key, parse_record, render_record
from felloe.release.request import Choice, check_installed, choose_interpreters, is_path
from felloe.release.result import BuiltWheel, Release, SourceResult
from felloe.release.schedule import Schedule
from felloe.release.source import Source, choose_source, find_py_api
from felloe.release.source_tree import digest_sdist, read_member, unpack_sdist
from felloe.release.tool import Tool
from felloe.release.wheel_job import (
    Bench,
    Failed,
    inspect_wheel,
    keep_log,
    put_file,
)
from felloe.wheel.atomic_write import placing, prepare_directory
from felloe.wheel.digest import hash_file
from felloe.wheel.header import get_field, parse_headers

_ROOM = ".felloe"
"""A directory beside the wheels; ``dist/*`` does not match it."""
_LOGS = "logs"
_DISTRIBUTIONS = (".whl", ".tar.gz")


@dataclass(frozen=True)
class Order:
    """What a release is to be."""

    project: Project
    """The source tree, and what tests see as such."""
    sdist: Path | None
    """The sdist to build from; None to make one."""
    out: Path
    table: BuildTable
    config: tuple[str, ...]
    """``KEY=VALUE`` for the backend."""
    jobs: int
    fresh: bool
    """Whether to do without all that was built before."""
    tool: Tool
    running: Path
    """The running interpreter."""
    environ: Mapping[str, str]


def release(order: Order, progress: Progress) -> Release:
    """Build all wheels of an order, and test them.

    What fails is in the answer. Raises :class:`FelloeError` for what concerns
    all of them: no sdist, no interpreter.
    """
    began = time.monotonic()
    prepare_directory(order.out)
    shutil.rmtree(order.out / _ROOM / _LOGS, ignore_errors=True)
    with TemporaryDirectory(prefix="felloe-") as scratch, ExitStack() as stack:
        children = Children()
        found = _find(order)
        sdist = _make_sdist(order, Path(scratch), children, progress)
        choice = _choose(order, found, sdist.path, progress)
        cells = plan_cells(choice.chosen, order.table.target)
        digest = digest_sdist(sdist.path)
        source = stack.enter_context(
            choose_source(order.project, sdist.path, order.config, order.environ, fresh=order.fresh)
        )
        shelf = _Shelf(order, cells, digest)
        schedule = Schedule(
            bench=_make_bench(order, Path(scratch), children, source),
            progress=progress,
            jobs=order.jobs,
            py_api=find_py_api(order.project, order.config, order.environ),
            place=shelf.place,
            keep_log=lambda log, message: keep_log(log, order.out / _ROOM / _LOGS, message),
        )
        schedule.work_off(cells, {} if order.fresh else shelf.kept(schedule.bench))
        results = tuple(schedule.results[cell] for cell in cells)
        made = {sdist.path.name, *(item.wheel.path.name for item in results if item.wheel)}
        return Release(
            project=order.project.root.name,
            source=sdist,
            cells=results,
            stale=shelf.stale(made, sdist.path),
            tool=order.tool.name,
            jobs=order.jobs,
            seconds=time.monotonic() - began,
        )


def _keep_out_of_sdists(out: Path, root: Path) -> None:
    """Have the project's next sdist leave out what is built, unless its own files are there."""
    if root not in out.parents:
        return
    if all(item.name == _ROOM or item.name.endswith(_DISTRIBUTIONS) for item in out.iterdir()):
        with placing(out / ".gitignore") as (file, _):
            file.write(b"*\n")


def _make_sdist(
    order: Order, scratch: Path, children: Children, progress: Progress
) -> SourceResult:
    """The sdist in the output directory. One with the same contents stays as it is."""
    began = time.monotonic()
    made = order.sdist
    if made is None:
        _keep_out_of_sdists(order.out, order.project.root)
        room = scratch / "sdist"
        room.mkdir()
        log = scratch / "sdist.log"
        command = order.tool.build_sdist(order.project.root, room, order.config)
        progress.say("sdist: building")
        try:
            code = children.run(command, log, order.environ, room)
        except KeyboardInterrupt:
            children.stop()
            raise
        found = list(room.glob("*.tar.gz"))
        if code or len(found) != 1:
            kept = keep_log(log, order.out / _ROOM / _LOGS, f"exit code {code}")
            raise FelloeError(
                f"the sdist could not be built: {kept.message}", hint=f"see {kept.log}"
            )
        (made,) = found
    there = order.out / made.name
    kept_there = there.is_file() and digest_sdist(there) == digest_sdist(made)
    path = there if kept_there else put_file(made, order.out)
    seconds = time.monotonic() - began
    progress.say(f"sdist: {path.name}{' is there' if kept_there else f' in {seconds:.1f} s'}")
    return SourceResult(path, path.stat().st_size, hash_file(path).hex(), kept_there, seconds)


def _find(order: Order) -> tuple[Interpreter, ...]:
    """The interpreters that there are, those asked for among them."""
    words = order.table.python
    found = find_interpreters(filter(is_path, words), order.running, order.environ)
    check_installed(words, found)
    return found


def _choose(
    order: Order, found: tuple[Interpreter, ...], sdist: Path, progress: Progress
) -> Choice:
    """Those of a release, told."""
    metadata = parse_headers(read_member(sdist, "PKG-INFO"))
    required = get_field(metadata, "Requires-Python")
    choice = choose_interpreters(order.table.python, found, required)
    listed = (f"{item.tag} {item.release} ({item.source})" for item in choice.chosen)
    progress.say(f"interpreters: {', '.join(listed)}")
    reasons: dict[str, list[str]] = {}
    for item in choice.passed_over:
        reasons.setdefault(item.reason, []).append(item.interpreter.tag)
    for reason, tags in reasons.items():
        progress.say(f"passed over {', '.join(dict.fromkeys(tags))}: {reason}")
    return choice


def _make_bench(order: Order, scratch: Path, children: Children, source: Source) -> Bench:
    return Bench(
        tool=order.tool,
        children=children,
        scratch=scratch,
        project=order.project.root,
        source=source.path,
        config=order.config,
        table=order.table,
        environ={**order.environ, **source.environ},
        policies=read_policies(),
    )


class _Shelf:
    """The output directory, and the record of what is in it."""

    def __init__(self, order: Order, cells: tuple[Cell, ...], digest: str) -> None:
        self._out = order.out
        self._digest = digest
        generator = f"felloe {__version__}"
        self._keys = {
            cell: make_key(cell, digest, order.config, order.environ, generator) for cell in cells
        }
        self._path = order.out / _ROOM / "record.json"
        self._record = self._read()

    def _read(self) -> Record:
        """The record, without wheels that are gone or were changed since."""
        try:
            record = parse_record(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return Record()
        return Record({key: item for key, item in record.wheels.items() if self._is_there(item)})

    def _is_there(self, entry: Entry) -> bool:
        path = self._out / entry.file
        return path.is_file() and hash_file(path).hex() == entry.sha256

    def kept(self, bench: Bench) -> dict[Cell, BuiltWheel]:
        """The cells whose wheel was built before, from the same."""
        found = {}
        for cell, key in self._keys.items():
            entry = self._record.wheels.get(key)
            if entry is not None:
                try:
                    found[cell] = inspect_wheel(self._out / entry.file, bench.policies)
                except Failed:  # an audit that learnt something since
                    continue
        return found

    def place(self, cell: Cell, wheel: BuiltWheel) -> BuiltWheel:
        """Put a wheel into the directory, and write that down."""
        path = put_file(wheel.path, self._out)
        entry = Entry(path.name, wheel.sha256, self._digest)
        self._record = self._record.with_wheel(self._keys[cell], entry)
        self._path.parent.mkdir(exist_ok=True)
        with placing(self._path) as (file, _):
            file.write(render_record(self._record).encode())
        return replace(wheel, path=path)

    def stale(self, made: set[str], sdist: Path) -> tuple[str, ...]:
        """Other files of the project, made of other sources or by others."""
        project = sdist.name.rpartition("-")[0]
        ours = {e.file for e in self._record.wheels.values() if e.source == self._digest}
        names = (path.name for path in self._out.iterdir())
        return tuple(
            sorted(
                name
                for name in names
                if name.startswith(f"{project}-") and name.endswith(_DISTRIBUTIONS)
                if name not in made | ours
            )
        )


def open_project(sdist: Path, scratch: Path) -> Path:
    """The tree of an sdist that was given in the place of a project."""
    room = scratch / "project"
    room.mkdir()
    return unpack_sdist(sdist, room)
