"""Build in a kept tree: repeat the steps that have read a file that has changed.

After each run the other steps are compared with the disk again, because the run may have
changed files that they have read or searched. If some have to be repeated, another run follows.
After a few runs the tree is built from scratch.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from felloe.build.cache.document import read_document, write_document
from felloe.build.cache.entry import set_aside
from felloe.build.tree.graph import read_log, read_outputs
from felloe.build.tree.identity import Changes, Identity, find_changes, take_identity
from felloe.build.tree.observe import Places, observe
from felloe.build.tree.plan import Plan, find_leftovers, find_stale, plan_build
from felloe.build.tree.record import (
    Record,
    Step,
    forget_record,
    read_identities,
    read_steps,
    write_record,
)
from felloe.build.watch.log import Log, LostEvents
from felloe.build.watch.trace import Kind, Trace, parse_trace
from felloe.errors import FelloeError

_PASSES = 4
ARGUMENTS = "configure.args"
"""File with the command that configured the tree; each argument ends with NUL."""
ENVIRON = "configure.json"
"""File with the variables of that command."""
_REQUEST = "request.json"
"""File with the paths of the files that the engine wrote in the tree."""
_WHEEL = "wheel"


class Blind(Exception):
    """Error for a build that cannot be kept, because it was not watched completely.

    ``made`` is its wheel; None if the wheel may be wrong.
    """

    def __init__(self, reason: str, made: Path | None) -> None:
        super().__init__(reason)
        self.made = made


@dataclass(frozen=True)
class Job:
    """A build to run in a locked tree."""

    path: Path
    """Path of the tree."""
    places: Places
    library: Path
    """The watch library."""
    environ: Mapping[str, str]
    run: Callable[[Mapping[str, str]], Path | None]
    """Run the engine, or CMake, with these variables. Raise :class:`FelloeError`.

    Return the wheel, or None for a build without one.
    """
    keeps_request: bool = False
    """True to keep the files that the engine wrote for CMake."""


@dataclass(frozen=True)
class Outcome:
    """Wheel of a job, and a line about the work that was done."""

    made: Path | None
    said: str


@dataclass
class _Progress:
    """The tree between two runs of the engine."""

    steps: dict[str, Step] = field(default_factory=dict)
    identities: dict[str, Identity] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)
    """Names of the edges that ran."""
    stale: dict[str, Step] = field(default_factory=dict)
    """Edges that have to run, unless the graph no longer has them."""


def reuse_wheel(path: Path) -> tuple[Record | None, Changes, Path | None]:
    """Return the record of a tree, the changes since, and the wheel if there are none."""
    record = read_identities(path)
    if record is None:
        return None, Changes(frozenset(), frozenset()), None
    changes = find_changes(record.identities)
    wheel = path / _WHEEL / record.wheel
    is_same = bool(record.wheel) and not changes.content and wheel.is_file()
    return record, changes, wheel if is_same else None


def repeat(job: Job, record: Record | None, changes: Changes) -> Outcome:
    """Build, and write the record of the tree.

    Raise :class:`FelloeError` if a build fails, :class:`Blind` if it cannot be kept.
    """
    progress = _Progress()
    steps = read_steps(job.path) if record is not None else None
    plan: Plan | None = None
    if record is not None and steps is not None:
        progress = _Progress(steps, dict(record.identities))
        plan = plan_build(steps, changes.content | changes.touched, job.places.build_dir)
    forget_record(job.path)
    said = _describe(changes.content or changes.touched, job.places)
    for left in reversed(range(_PASSES)):
        plan = plan if left else None
        progress = _prepare(job, plan, progress)
        made, again = _run(job, plan, progress)
        if again is not None and not again:
            return Outcome(made, _sum_up(progress, plan, said))
        plan = plan_build(progress.steps, again, job.places.build_dir) if again else None
    raise AssertionError


def _prepare(job: Job, plan: Plan | None, progress: _Progress) -> _Progress:
    build_dir = Path(job.places.build_dir)
    if plan is None:
        if job.keeps_request:
            _remove(set(list_files(build_dir)) - _read_request(job.path), build_dir)
        else:
            set_aside(build_dir)
        engine = {name: s for name, s in progress.steps.items() if s.kind is Kind.ENGINE}
        return _Progress(engine, progress.identities, progress.repeated)
    _remove(plan.removed, build_dir)
    stale = {name: step for name, step in progress.steps.items() if name not in plan.kept}
    return _Progress(dict(plan.kept), progress.identities, progress.repeated, stale)


def _read_request(path: Path) -> set[str]:
    """Return the files that the engine wrote for CMake."""
    try:
        return set(map(str, read_document(path / _REQUEST)["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def list_files(directory: Path) -> Iterator[str]:
    """Yield the paths of all files and links below a directory."""
    for place, inner, names in os.walk(directory):
        yield from (f"{place}/{name}" for name in names)
        yield from (f"{place}/{name}" for name in inner if os.path.islink(f"{place}/{name}"))


def _remove(paths: Iterable[str], build_dir: Path) -> None:
    """Delete files, and directories that become empty."""
    directories = set()
    for path in paths:
        with suppress(OSError):
            os.unlink(path)
        directories.add(os.path.dirname(path))
    for directory in sorted(directories, key=len, reverse=True):
        place = Path(directory)
        with suppress(OSError):
            while build_dir in place.parents:
                place.rmdir()
                place = place.parent


def _run(job: Job, plan: Plan | None, progress: _Progress) -> tuple[Path | None, set[str] | None]:
    """Run the engine; return what it made, and keys of what makes another run necessary.

    None instead of keys stands for a run from nothing.
    """
    replay = job.path / ARGUMENTS
    is_replay = plan is not None and not plan.configures and replay.exists()
    before, made, failure = read_log(job.places.build_dir), None, None
    with closing(Log()) as log:
        variables = log.plan_environ(job.library, job.environ, replay if is_replay else None)
        try:
            made = job.run({**job.environ, **variables})
        except FelloeError as failed:
            failure = failed
        trace = _read(log, job.places.build_dir)
    if trace.environ and not trace.replayed:
        kept = {k: v for k, v in trace.environ.items() if k not in variables or k in job.environ}
        kept |= {k: job.environ[k] for k in variables if k in job.environ}
        write_document(job.path / ENVIRON, kept)
    if trace.blind:
        if failure is not None:
            raise failure
        raise Blind(trace.blind, made if plan is None else None)
    if plan is not None and is_replay != trace.replayed and failure is None:
        return made, None
    if trace.replayed:
        trace.steps = {
            name: step for name, step in trace.steps.items() if step.kind is not Kind.CONFIGURE
        }
    if failure is not None:
        _keep_done(job, trace, progress, before)
        raise failure
    again = _merge(job, trace, progress)
    if not again:
        _finish(job, progress, made)
    return made, again


def _read(log: Log, build_dir: str) -> Trace:
    try:
        return parse_trace(log.read(), build_dir)
    except LostEvents:
        return Trace(blind="too much happened, or a process was killed")


def _merge(job: Job, trace: Trace, progress: _Progress) -> set[str] | None:
    """Add the steps that ran; return keys of what those that did not have read otherwise.

    None if a step that had to run did not.
    """
    steps, identities = observe(trace, job.places)
    kept = {name: step for name, step in progress.steps.items() if name not in steps}
    lost: set[str] = set()
    outputs: set[str] | None = None
    if any(step.kind is Kind.CONFIGURE for step in steps.values()):
        outputs = read_outputs(job.places.build_dir)
        made = {path for step in steps.values() for path in step.writes}
        kept = {
            name: step
            for name, step in kept.items()
            # An edge with another command has made the same files.
            if step.kind is not Kind.CONFIGURE and not (step.writes and step.writes <= made)
        }
        lost = _drop_leftovers(kept, outputs or set(), job.places.build_dir)
        lost &= {key for step in steps.values() for key in step.reads}
    if not _has_run(progress.stale, steps, outputs):
        return None
    keys = {key for step in kept.values() for key in step.reads}
    keys |= {f"f{path}" for step in kept.values() for path in step.writes}
    was = {key: progress.identities.get(key) for key in keys}
    changed = set(find_changes(was).content)
    progress.repeated |= {name for name, step in steps.items() if step.kind is Kind.EDGE}
    now = {
        key: take_identity(key, with_content=isinstance(old, list) and bool(old[-1]))
        for key, old in was.items()
    }
    progress.steps = {**kept, **steps}
    progress.identities = {**now, **identities}
    return (changed if find_stale(kept, changed) else set()) | lost


def _has_run(
    stale: Mapping[str, Step], steps: Mapping[str, Step], outputs: set[str] | None
) -> bool:
    """Return whether all stale edges in the graph ran. ``outputs`` is None for the old graph."""
    made = {path for step in steps.values() for path in step.writes}
    missing = [step for name, step in stale.items() if step.kind is Kind.EDGE and name not in steps]
    if outputs is None:
        return not missing
    return all((step.writes & outputs) <= made for step in missing)


def _drop_leftovers(kept: dict[str, Step], outputs: set[str], build_dir: str) -> set[str]:
    """Delete the outputs of edges that left the graph. Return the keys of these files."""
    paths: set[str] = set()
    for name in find_leftovers(kept, outputs):
        paths |= kept.pop(name).writes
    _remove(paths, Path(build_dir))
    keys = {f"{kind}{path}" for path in paths for kind in "fl"}
    return keys | {f"d{os.path.dirname(path)}" for path in paths}


def _keep_done(job: Job, trace: Trace, progress: _Progress, before: Mapping[str, str]) -> None:
    """Keep the steps that succeeded before a failure."""
    after = read_log(job.places.build_dir)
    logged = {path for path, line in after.items() if before.get(path) != line}
    has_built = any(step.kind is Kind.BUILD for step in trace.steps.values())
    steps, identities = observe(trace, job.places)
    done: dict[str, Step] = {}
    failed: set[str] = set()
    for name, step in steps.items():
        is_done = not logged.isdisjoint(step.writes) if step.kind is Kind.EDGE else has_built
        if is_done:
            done[name] = step
        else:
            failed |= step.writes
    inner = f"{job.places.build_dir}/"
    _remove((path for path in failed if path.startswith(inner)), Path(job.places.build_dir))
    kept = {name: step for name, step in progress.steps.items() if name not in steps}
    write_record(job.path, Record({**progress.identities, **identities}, {**kept, **done}))


def _finish(job: Job, progress: _Progress, made: Path | None) -> None:
    """Keep the wheel and the record."""
    place = job.path / _WHEEL
    shutil.rmtree(place, ignore_errors=True)
    if made is not None:
        place.mkdir()
        link_or_copy(made, place)
    told = {p for s in progress.steps.values() if s.kind is Kind.ENGINE for p in s.writes}
    write_document(job.path / _REQUEST, {"files": sorted(told)})
    commands = [step.command for step in progress.steps.values() if step.kind is Kind.CONFIGURE]
    (job.path / ARGUMENTS).unlink(missing_ok=True)
    if len(commands) == 1 and commands[0]:
        words = commands[0].replace("\x1f", "\0") + "\0"
        (job.path / ARGUMENTS).write_bytes(os.fsencode(words))
    used = {key for step in progress.steps.values() for key in step.reads}
    used |= {f"f{path}" for step in progress.steps.values() for path in step.writes}
    identities = {key: value for key, value in progress.identities.items() if key in used}
    write_record(job.path, Record(identities, progress.steps, made.name if made else ""))


def link_or_copy(file: Path, directory: Path) -> Path:
    """Put a file into a directory and return its path there."""
    copy = directory / file.name
    try:
        os.link(file, copy)
    except OSError:
        shutil.copyfile(file, copy)
    return copy


def _describe(changed: Iterable[str], places: Places) -> str:
    names = sorted({key[1:].removeprefix(f"{places.checkout}/") for key in changed})
    outer = [name for name in names if not places.is_inside(name)] or names
    if not outer:
        return ""
    more = f" and {len(outer) - 1} more" if len(outer) > 1 else ""
    return f"{outer[0]}{more} changed"


def _sum_up(progress: _Progress, plan: Plan | None, said: str) -> str:
    edges = {name for name, step in progress.steps.items() if step.kind is Kind.EDGE}
    if plan is None:
        return f"built all {len(edges)} steps{': ' if said else ''}{said}"
    count = len(progress.repeated & edges)
    return f"rebuilt {count} of {len(edges)} steps: {said or 'the last build failed'}"
