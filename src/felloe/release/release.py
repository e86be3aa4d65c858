"""Build a release: an sdist, and from it a wheel for every interpreter and target."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import __version__
from felloe.audit.policy.family import read_policies
from felloe.config.build_table import BuildTable
from felloe.config.project import Project
from felloe.errors import FelloeError
from felloe.python.interpreter import Interpreter
from felloe.python.search import find_interpreters
from felloe.release.frontend import Frontend
from felloe.release.interpreter_choice import Choice, check_installed, choose_interpreters, is_path
from felloe.release.log import LogKeeper
from felloe.release.matrix import MatrixEntry, plan_matrix
from felloe.release.output_directory import DISTRIBUTIONS, STATE, OutputDirectory
from felloe.release.process import Children
from felloe.release.progress import Progress
from felloe.release.record import make_key
from felloe.release.result import Release, SourceResult
from felloe.release.schedule import Schedule
from felloe.release.source import Source, choose_source, find_py_api
from felloe.release.source_tree import digest_sdist, read_member, unpack_sdist
from felloe.release.wheel_job import (
    WheelJob,
    put_file,
)
from felloe.wheel.atomic_write import placing, prepare_directory
from felloe.wheel.digest import hash_file
from felloe.wheel.header import get_field, parse_headers

_LOGS = "logs"


@dataclass(frozen=True)
class ReleasePlan:
    """The wheels to build, the frontend, and the output directory."""

    project: Project
    """The source tree."""
    sdist: Path | None
    """The sdist to build from; None to build one."""
    out: Path
    table: BuildTable
    config: tuple[str, ...]
    """``KEY=VALUE`` for the backend."""
    jobs: int
    fresh: bool
    """Use nothing that was built before."""
    frontend: Frontend
    running: Path
    """The running interpreter."""
    environ: Mapping[str, str]


def release(plan: ReleasePlan, progress: Progress) -> Release:
    """Build and test all wheels. The result has those that failed.

    Raises :class:`FelloeError` if there is no sdist or no interpreter.
    """
    began = time.monotonic()
    prepare_directory(plan.out)
    shutil.rmtree(plan.out / STATE / _LOGS, ignore_errors=True)
    with TemporaryDirectory(prefix="felloe-") as scratch, ExitStack() as stack:
        children = Children()
        found = _find(plan)
        sdist = _make_sdist(plan, Path(scratch), children, progress)
        choice = _choose(plan, found, sdist.path, progress)
        entries = plan_matrix(choice.chosen, plan.table.target)
        digest = digest_sdist(sdist.path)
        source = stack.enter_context(
            choose_source(plan.project, sdist.path, plan.config, plan.environ, fresh=plan.fresh)
        )
        output = OutputDirectory(plan.out, _make_keys(plan, entries, digest), digest)
        schedule = Schedule(
            wheel_job=_make_wheel_job(plan, Path(scratch), children, source),
            progress=progress,
            jobs=plan.jobs,
            py_api=find_py_api(plan.project, plan.config, plan.environ),
            place=output.place,
            logs=_make_log_keeper(plan, source.path, sdist.path),
        )
        schedule.run(entries, {} if plan.fresh else output.find_kept(schedule.wheel_job))
        results = tuple(schedule.results[entry] for entry in entries)
        made = {sdist.path.name, *(item.wheel.path.name for item in results if item.wheel)}
        return Release(
            project=plan.project.root.name,
            source=sdist,
            entries=results,
            stale=output.find_stale(made, sdist.path),
            frontend=plan.frontend.name,
            jobs=plan.jobs,
            seconds=time.monotonic() - began,
        )


def _keep_out_of_sdists(out: Path, root: Path) -> None:
    """Let the project's next sdist leave out the output directory, unless it has other files."""
    if root not in out.parents:
        return
    if all(item.name == STATE or item.name.endswith(DISTRIBUTIONS) for item in out.iterdir()):
        with placing(out / ".gitignore") as (file, _):
            file.write(b"*\n")


def _make_sdist(
    plan: ReleasePlan, scratch: Path, children: Children, progress: Progress
) -> SourceResult:
    """Write the sdist to the output directory. One with the same contents is kept."""
    began = time.monotonic()
    made = plan.sdist
    if made is None:
        _keep_out_of_sdists(plan.out, plan.project.root)
        room = scratch / "sdist"
        room.mkdir()
        log = scratch / "sdist.log"
        command = plan.frontend.build_sdist(plan.project.root, room, plan.config)
        progress.say("sdist: building")
        try:
            code = children.run(command, log, plan.environ, room)
        except KeyboardInterrupt:
            children.stop()
            raise
        found = list(room.glob("*.tar.gz"))
        if code or len(found) != 1:
            logs = _make_log_keeper(plan, plan.project.root, Path("sdist"))
            kept = logs.keep(log, f"exit code {code}")
            raise FelloeError(
                f"the sdist could not be built: {kept.message}", hint=f"see {kept.log}"
            )
        (made,) = found
    there = plan.out / made.name
    kept_there = there.is_file() and digest_sdist(there) == digest_sdist(made)
    path = there if kept_there else put_file(made, plan.out)
    seconds = time.monotonic() - began
    progress.say(f"sdist: {path.name}{' is kept' if kept_there else f' in {seconds:.1f} s'}")
    return SourceResult(path, path.stat().st_size, hash_file(path).hex(), kept_there, seconds)


def _find(plan: ReleasePlan) -> tuple[Interpreter, ...]:
    """Find the installed interpreters."""
    words = plan.table.python
    found = find_interpreters(filter(is_path, words), plan.running, plan.environ)
    check_installed(words, found)
    return found


def _choose(
    plan: ReleasePlan, found: tuple[Interpreter, ...], sdist: Path, progress: Progress
) -> Choice:
    """Choose the interpreters of the release, and print them."""
    metadata = parse_headers(read_member(sdist, "PKG-INFO"))
    required = get_field(metadata, "Requires-Python")
    choice = choose_interpreters(plan.table.python, found, required)
    listed = (f"{item.tag} {item.release} ({item.source})" for item in choice.chosen)
    progress.say(f"interpreters: {', '.join(listed)}")
    reasons: dict[str, list[str]] = {}
    for item in choice.passed_over:
        reasons.setdefault(item.reason, []).append(item.interpreter.tag)
    for reason, tags in reasons.items():
        progress.say(f"skipped {', '.join(dict.fromkeys(tags))}: {reason}")
    return choice


def _make_keys(
    plan: ReleasePlan, entries: tuple[MatrixEntry, ...], digest: str
) -> dict[MatrixEntry, str]:
    generator = f"felloe {__version__}"
    return {
        entry: make_key(entry, digest, plan.config, plan.environ, generator) for entry in entries
    }


def _make_log_keeper(plan: ReleasePlan, source: Path, sdist: Path) -> LogKeeper:
    name = sdist.name[: -len(".tar.gz")] if sdist.suffix == ".gz" else sdist.name
    return LogKeeper(plan.out / STATE / _LOGS, plan.project.root, source, name)


def _make_wheel_job(
    plan: ReleasePlan, scratch: Path, children: Children, source: Source
) -> WheelJob:
    return WheelJob(
        frontend=plan.frontend,
        children=children,
        scratch=scratch,
        project=plan.project.root,
        source=source.path,
        config=plan.config,
        table=plan.table,
        environ={**plan.environ, **source.environ},
        policies=read_policies(),
    )


def open_project(sdist: Path, scratch: Path) -> Path:
    """Unpack an sdist that was given instead of a project; return its tree."""
    room = scratch / "project"
    room.mkdir()
    return unpack_sdist(sdist, room)
