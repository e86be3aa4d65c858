"""The stories: a wheel, an editable wheel, an sdist, metadata.

Each reads as its list of stages. A wheel from the engine and any wheel file
go the same way: read, audit, judge, settle the tags, write.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from felloe import __version__, console
from felloe.archive.member import hold
from felloe.archive.record import render_wheel_file
from felloe.archive.sdist import finish_sdist
from felloe.archive.wheel import StagedWheel, open_wheel, write_wheel
from felloe.audit import Evidence, audit_members
from felloe.engine import Engine
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.policy.family import read_policies
from felloe.settings import ConfigSettings, Settings
from felloe.tags import WheelName
from felloe.target import Target
from felloe.verdict import Verdict, choose_platforms, judge

GENERATOR = f"felloe {__version__}"


@dataclass(frozen=True)
class Build:
    """One call of a hook: the engine at hand and what was asked."""

    engine: Engine
    engine_config: ConfigSettings | None
    settings: Settings


def build_wheel(build: Build, target: Target, directory: Path, metadata: Path | None) -> Path:
    """Build a wheel whose tags are proved."""
    with _scratch() as scratch:
        made = build.engine.build("wheel", scratch, build.engine_config)
        with open_wheel(made) as staged:
            _check_metadata(staged, metadata)
            evidence = audit_members(staged.members, read_policies(), target.libc or "glibc")
            verdict = judge(evidence, staged.name, target.libc or "glibc", read_policies())
            name = _settle(verdict, build.settings)
            return write_wheel(_retag(staged, name, evidence), directory, build.settings.epoch)


def build_editable(build: Build, directory: Path, metadata: Path | None) -> Path:
    """Build an editable wheel. It never leaves this machine, so nothing is proved."""
    with _scratch() as scratch:
        made = build.engine.build("editable", scratch, build.engine_config)
        with open_wheel(made) as staged:
            _check_metadata(staged, metadata)
            return write_wheel(
                _retag(staged, staged.name, Evidence()), directory, build.settings.epoch
            )


def build_sdist(build: Build, directory: Path) -> Path:
    """Build an sdist, checked and reproducible."""
    with _scratch() as scratch:
        made = build.engine.build("sdist", scratch, build.engine_config)
        return finish_sdist(made, directory, build.settings.epoch)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="felloe-") as name:
        yield Path(name)


def _check_metadata(staged: StagedWheel, metadata: Path | None) -> None:
    """PEP 517: a wheel built after its metadata must carry the same."""
    if metadata is None:
        return
    prepared = metadata / "METADATA"
    if prepared.is_file() and prepared.read_bytes() != staged.metadata("METADATA"):
        raise FelloeError(
            f"the METADATA of {staged.name.filename} differs from what was prepared for it",
            hint="make the project's dynamic metadata independent of the build",
        )


def _settle(verdict: Verdict, settings: Settings) -> WheelName:
    """The name to write, or an error with everything that is false about the claim."""
    for note in verdict.notes:
        console.report_note(note)
    if verdict.problems:
        raise FelloeError(
            "\n".join(problem.message for problem in verdict.problems),
            hint="; ".join(dict.fromkeys(problem.hint for problem in verdict.problems)),
        )
    proved = verdict.proved
    if verdict.portability is not None:
        choice = choose_platforms(verdict.portability, settings.platform, settings.platform_origin)
        _report_violation(choice.violation, settings)
        proved = proved.with_tags(proved.pythons, proved.abis, choice.platforms)
    console.report_progress(f"{proved.filename} ({verdict.claim.tag} was the engine's tag)")
    return proved


def _report_violation(violation: Finding | None, settings: Settings) -> None:
    if violation is None:
        return
    if settings.on_violation == "error":
        raise FelloeError(violation.message, hint=violation.hint)
    console.report_warning(violation)


def _retag(staged: StagedWheel, name: WheelName, evidence: Evidence) -> StagedWheel:
    """The same wheel under another name, which its ``WHEEL`` file repeats."""
    path = f"{staged.dist_info}/WHEEL"
    was_purelib = b"Root-Is-Purelib: true" in staged.metadata("WHEEL")
    text = render_wheel_file(
        name, generator=GENERATOR, is_purelib=was_purelib and not evidence.objects
    )
    members = (hold(path, text), *(m for m in staged.members if m.name != path))
    return replace(staged, name=name, members=members)
