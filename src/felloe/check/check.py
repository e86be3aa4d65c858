"""Check a wheel or an sdist against the rules of an index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from felloe.audit.evidence import Evidence
from felloe.audit.verdict import Verdict
from felloe.audit.wheel_file import Auditor
from felloe.check.entry_point_rules import check_entry_points
from felloe.check.metadata_rules import (
    Fields,
    check_license_files,
    check_metadata,
    parse_fields,
)
from felloe.check.name_rules import check_tag_order, check_wheel_identity
from felloe.check.platform_rules import check_platforms
from felloe.check.rule import Rule, Ruling
from felloe.check.sdist_check import check_sdist
from felloe.check.verify import verify_staged
from felloe.check.wheel_file_rules import (
    check_directories,
    check_portable_names,
    check_wheel_file,
)
from felloe.errors import FelloeError, MalformedArchive, UsageError
from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel, has_zip_end, open_wheel
from felloe.wheel.sdist_reader import SUFFIX
from felloe.wheel.tags import parse_wheel_name
from felloe.wheel.zip_rules import check_zip

_OTHER_SDISTS = (".zip", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".tar.zst", ".egg")
_MOST_BYTES = 100 << 20
_PACK_AGAIN = "pack it again with a tool that writes plain zip files: unzip it, then `felloe pack`"
_RENAME = "name it {name}-{version}-{python tag}-{abi tag}-{platform tag}.whl"
_SEE_AUDIT = "see with `felloe audit` what each binary needs"


def check_file(path: Path, auditor: Auditor) -> list[Ruling]:
    """Return all problems of a file and notes about it.

    Raises :class:`UsageError` for a file that is neither a wheel nor an sdist.
    """
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    if path.suffix == ".whl":
        rulings = check_wheel(path, auditor)
    elif path.name.endswith((SUFFIX, *_OTHER_SDISTS)):
        rulings = check_sdist(path)
    else:
        raise UsageError(
            f"{path.name} is neither a wheel nor an sdist",
            hint="name files that end in .whl or .tar.gz",
        )
    return [*_check_size(path.stat().st_size), *rulings]


def _check_size(size: int) -> Iterator[Ruling]:
    if size > _MOST_BYTES:
        yield Rule.SIZE.note(
            f"the file has {size / (1 << 20):.0f} MiB; PyPI takes 100 unless a project has asked",
            "leave debug information out, or ask for more at pypi.org/help/#file-size-limit",
        )


def check_wheel(path: Path, auditor: Auditor) -> Iterator[Ruling]:
    """Check the name, the zip file and its members."""
    if has_zip_end(path):  # otherwise opening it says so
        try:
            check_zip(path)
        except MalformedArchive as cause:
            yield Rule.ARCHIVE.problem(cause.message, _PACK_AGAIN)
    try:
        parse_wheel_name(path.name)
    except MalformedArchive as cause:
        yield Rule.FILE_NAME.problem(cause.message, cause.hint or _RENAME)
        return
    try:
        with open_wheel(path) as staged:
            yield from _check_staged(path.name, staged, auditor)
    except FelloeError as cause:
        yield Rule.ARCHIVE.problem(cause.message, cause.hint or _PACK_AGAIN)


def _check_staged(filename: str, staged: StagedWheel, auditor: Auditor) -> Iterator[Ruling]:
    record = [staged.record] if staged.record else []
    members = {member.name: member for member in (*staged.members, *record)}
    yield from check_tag_order(filename, staged.name)
    yield from check_directories(staged.name, staged.dist_info, members)
    yield from check_portable_names(members, staged.name.platforms)
    yield from _check_dist_info(staged, members)
    yield from _check_binaries(staged, auditor)
    if staged.record is not None:
        yield from verify_staged(staged)


def _check_dist_info(staged: StagedWheel, members: dict[str, Member]) -> Iterator[Ruling]:
    path = f"{staged.dist_info}/METADATA"
    fields = Fields()
    if path in members:
        data = bytes(members[path].read())
        fields = parse_fields(data)
        yield from check_metadata(data, path)
        yield from check_license_files(fields, f"{staged.dist_info}/licenses", members)
    yield from check_wheel_identity(staged.name, fields.name, fields.version)
    path = f"{staged.dist_info}/entry_points.txt"
    if path in members:
        yield from check_entry_points(bytes(members[path].read()), path)


def _check_binaries(staged: StagedWheel, auditor: Auditor) -> Iterator[Ruling]:
    evidence, proved = Evidence(), staged.name.platforms
    try:
        audit = auditor.audit(staged)
        evidence, verdict = audit.evidence, audit.verdict
    except FelloeError as cause:
        yield Rule.PROOF.problem(cause.message, cause.hint or _SEE_AUDIT)
    else:
        yield from _retell(verdict)
        proved = verdict.proved.platforms
    yield from check_platforms(staged.name.platforms, proved)
    wheel_file = staged.find(f"{staged.dist_info}/WHEEL")
    if wheel_file is not None:
        text = bytes(wheel_file.read())
        yield from check_wheel_file(text, staged.name, wheel_file.name, evidence.paths)


def _retell(verdict: Verdict) -> Iterator[Ruling]:
    """Return the audit's findings as those of a rule."""
    for finding in verdict.faults:
        yield Rule.PROOF.problem(finding.message, finding.hint or _SEE_AUDIT, finding.path)
    for finding in verdict.notes:
        yield Rule.PROOF.note(finding.message, finding.hint, finding.path)
