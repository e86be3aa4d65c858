"""Check an sdist: its name, the tar file and its metadata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from felloe.check.metadata_rules import (
    Fields,
    check_license_files,
    check_metadata,
    check_sdist_version,
    parse_fields,
)
from felloe.check.name_rules import check_sdist_identity
from felloe.check.rule import Rule, Ruling
from felloe.check.wheel_file_rules import check_portable_names
from felloe.errors import MalformedArchive
from felloe.wheel.reader import has_zip_end
from felloe.wheel.sdist_reader import SUFFIX, Sdist, open_sdist
from felloe.wheel.sdist_rules import (
    find_files,
    find_layout_problems,
    find_leftovers,
    find_member_problems,
    find_metadata,
    find_missing_project_file,
    find_repeated,
)
from felloe.wheel.size_limit import MOST_TEXT

_BUILD_AGAIN = "build it again with a PEP 517 backend"


def check_sdist(path: Path) -> Iterator[Ruling]:
    """Check the name, the tar file, and its metadata."""
    try:
        if not path.name.endswith(SUFFIX) or has_zip_end(path):
            yield Rule.ARCHIVE.problem(
                f"{path.name} is not a gzipped tar file and nothing else, as an sdist must be",
                _BUILD_AGAIN,
            )
            return
        with open_sdist(path) as sdist:
            yield from _check_opened(sdist)
    except MalformedArchive as cause:
        named = cause.message.startswith(path.name)
        message = cause.message if named else f"{path.name}: {cause.message}"
        yield Rule.ARCHIVE.problem(message, _BUILD_AGAIN)
    except OSError as cause:
        yield Rule.ARCHIVE.problem(f"{path.name} cannot be read: {cause}", _BUILD_AGAIN)


def _check_opened(sdist: Sdist) -> Iterator[Ruling]:
    yield from _check_layout(sdist)
    files = find_files(sdist.members)
    metadata = find_metadata(files, sdist.stem)
    fields = Fields()
    if metadata is not None:
        data = sdist.read(metadata, MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            raise MalformedArchive(f"{metadata} is larger than the limit of {MOST_TEXT} bytes")
        fields = parse_fields(data)
        yield from check_metadata(data, metadata)
        yield from check_sdist_version(fields, metadata)
        yield from check_license_files(fields, metadata.rpartition("/")[0], files)
    yield from check_sdist_identity(sdist.path.name, fields.name, fields.version)


def _check_layout(sdist: Sdist) -> Iterator[Ruling]:
    members = sdist.members
    for finding in find_member_problems(members):
        yield Rule.MEMBER.problem(finding.message, finding.hint, finding.path)
    for finding in find_layout_problems(members, sdist.stem):
        yield Rule.SDIST_LAYOUT.problem(finding.message, finding.hint, finding.path)
    # Without one, frontends fall back to setuptools; PyPI takes the file.
    for finding in find_missing_project_file(members, sdist.stem):
        yield Rule.SDIST_LAYOUT.note(finding.message, finding.hint, finding.path)
    for finding in (*find_repeated(members), *find_leftovers(members)):
        yield Rule.MEMBER.note(finding.message, finding.hint, finding.path)
    yield from check_portable_names({member.name for member in members}, ("any",))
