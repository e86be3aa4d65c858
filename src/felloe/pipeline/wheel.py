"""The story of a wheel: have it built, read it, audit it, settle its tags, write it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import __version__, console
from felloe.archive.member import hold
from felloe.archive.record import render_wheel_file
from felloe.archive.wheel import StagedWheel, open_wheel, write_wheel
from felloe.audit import Evidence, audit_members
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.pipeline.build import Build
from felloe.policy.family import read_policies
from felloe.settings import Settings
from felloe.tags import WheelName
from felloe.target import Target
from felloe.verdict import Verdict, choose_platforms, judge

GENERATOR = f"felloe {__version__}"


def build_wheel(build: Build, target: Target, directory: Path, metadata: Path | None) -> Path:
    """Build a wheel whose tags are proved."""
    libc, policies = target.libc or "glibc", read_policies()
    with TemporaryDirectory(prefix="felloe-") as scratch:
        made = build.engine.build("wheel", Path(scratch), build.engine_config)
        with open_wheel(made) as staged:
            _check_metadata(staged, metadata)
            evidence = audit_members(staged.members, policies, libc)
            verdict = judge(evidence, _claim(staged.name, target), libc, policies)
            name = _settle(verdict, build.settings)
            return write_wheel(_retag(staged, name, evidence), directory, build.settings.epoch)


def build_editable(build: Build, directory: Path, metadata: Path | None) -> Path:
    """Build an editable wheel. It never leaves this machine, so nothing is proved."""
    with TemporaryDirectory(prefix="felloe-") as scratch:
        made = build.engine.build("editable", Path(scratch), build.engine_config)
        with open_wheel(made) as staged:
            _check_metadata(staged, metadata)
            return write_wheel(
                _retag(staged, staged.name, Evidence()), directory, build.settings.epoch
            )


def _claim(name: WheelName, target: Target) -> WheelName:
    """What the engine's tag says, for the platform that the build is for.

    Engines older than 1.0 name the machine they run on when cross compiling.
    """
    if not all(platform.startswith("linux_") for platform in name.platforms):
        return name
    return name.with_tags(name.pythons, name.abis, [target.platform])


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
    console.report_progress(_summary(verdict, proved))
    return proved


def _summary(verdict: Verdict, name: WheelName) -> str:
    """The tags, and what keeps them from being better."""
    portability = verdict.portability
    if portability is None or not portability.constraints:
        return f"tagged {name.tag}, as its files prove"
    hardest = portability.constraints[0]
    symbols = f" ({', '.join(hardest.symbols[:2])})" if hardest.symbols else ""
    return f"tagged {name.tag}: {hardest.path} needs {hardest.subject}{symbols}"


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
