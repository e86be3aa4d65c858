"""Check METADATA and PKG-INFO: core metadata as ``packaging`` reads it, and PyPI's rules.

Sources: PyPUG "Core metadata specifications", PEP 639, 643, 753, 794, and
warehouse's ``forklift/metadata.py`` of August 2026. A field that its version
of metadata does not have is an error, but for the ``License-File`` that
setuptools used to write before 2.4: twine does not send it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from felloe.check.description_rules import check_description
from felloe.check.field_rules import check_fields, get_list, get_text
from felloe.check.rule import Rule, Ruling

_NEWEST = (2, 5)
"""The newest version that PyPI takes."""
_MOST_FIELDS = 100
"""Different ones; core metadata has fewer than forty."""
_MOST_LETTERS = 1 << 14
_TEXTS = ("description", "license", "keywords")
"""Fields of any length."""
_LICENSE_FILES_SINCE = (2, 4)
_DYNAMIC_SINCE = (2, 2)
_BLANK = re.compile(rb"\r?\n\r?\n|\r\r")
_MAIL_FIELD = re.compile(
    rb"^(?:content-[\w-]+|mime-version)[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n|\r|\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_AUTHOR = "correct it in the [project] table of pyproject.toml and build again"

_RULES = {
    "metadata-version": Rule.METADATA_VERSION,
    "license-expression": Rule.LICENSE_EXPRESSION,
    "license-file": Rule.LICENSE_FILE,
}
_HINTS = {
    "description-content-type": "state text/markdown, text/x-rst or text/plain for the readme",
    "dynamic": "name fields of core metadata; Name, Version and Metadata-Version are never dynamic",
    "license-expression": "write SPDX identifiers joined by AND, OR and WITH: spdx.org/licenses",
    "license-file": "name files below the project's root, with / between directories",
    "metadata-version": "build with a backend that writes core metadata 2.2 to 2.5",
    "requires-dist": "write requirements as PEP 508 has them: name[extra]>=1.0; marker",
    "requires-python": "write a version specifier such as >=3.9",
    "summary": "write `description` on one line",
    "version": "choose a version as PEP 440 has them",
}


@dataclass(frozen=True)
class Fields:
    """The fields that other rules use; None or empty if they are missing."""

    name: str | None = None
    version: str | None = None
    metadata_version: str | None = None
    license_files: tuple[str, ...] = ()


def parse_fields(data: bytes) -> Fields:
    """Return the fields that other rules use, unchecked."""
    raw = _parse(data)[0]
    return Fields(
        get_text(raw, "name"),
        get_text(raw, "version"),
        get_text(raw, "metadata_version"),
        get_list(raw, "license_files"),
    )


def check_metadata(data: bytes, path: str) -> Iterator[Ruling]:
    """Check every field of the metadata file found at ``path``."""
    raw, unparsed = _parse(data)
    file = path.rpartition("/")[2]
    for field in sorted(unparsed):
        yield Rule.METADATA.problem(
            f"{file}: the field {field} is unknown, or cannot be read", _AUTHOR, path
        )
    version = get_text(raw, "metadata_version") or ""
    is_too_new = _number(version) > _NEWEST
    known = frozenset((*unparsed, "metadata-version") if is_too_new else unparsed)
    for field, message in _ask_packaging(raw, known):
        rule = _RULES.get(field, Rule.METADATA)
        yield rule.problem(f"{file}: {message}", _HINTS.get(field, _AUTHOR), path)
    if is_too_new:
        yield Rule.METADATA_VERSION.problem(
            f"{file}: core metadata {version} is too new for PyPI, which takes 2.5 at most",
            "2.6 is for fields that are both given and dynamic (PEP 808): give each in one way",
            path,
        )
    for breach in (*check_fields(raw), *check_description(raw)):
        make = breach.rule.note if breach.is_note else breach.rule.problem
        yield make(f"{file}: {breach.message}", breach.hint, path)


def check_license_files(
    fields: Fields, directory: str, members: Collection[str]
) -> Iterator[Ruling]:
    """Check that each License-File lies below ``directory`` of the archive (PEP 639)."""
    for path in fields.license_files:
        wanted = f"{directory}/{path}"
        if wanted not in members:
            yield Rule.LICENSE_FILE.problem(
                f"the metadata names the license file {path}, the archive has no {wanted}",
                "list files in `license-files` that the build includes",
                wanted,
            )


def check_sdist_version(fields: Fields, path: str) -> Iterator[Ruling]:
    """Note a PKG-INFO that installers cannot rely on: before version 2.2 (PEP 643)."""
    version = fields.metadata_version or ""
    if (0, 0) < _number(version) < _DYNAMIC_SINCE:
        yield Rule.METADATA_VERSION.note(
            f"PKG-INFO is core metadata {version}: before 2.2 it may differ from the wheel's, so "
            "uv and others must build the project to know its dependencies",
            "build with a backend that writes 2.2 or later",
            path,
        )


def _parse(data: bytes) -> tuple[dict[str, object], dict[str, list[str]]]:
    from packaging.metadata import parse_email

    names = _find_names(data)
    if len(names) > _MOST_FIELDS:  # the time that parsing takes grows with their square
        return {}, {f"{min(names)} (one of {len(names)})": []}
    plain, is_mail = _strip_mail_fields(data)
    parsed, unparsed = parse_email(plain)
    raw: dict[str, object] = {**parsed}
    if is_mail:
        unparsed["content-type"] = []
    for field in [name for name, value in raw.items() if _is_endless(name, value)]:
        del raw[field]
        unparsed[field.replace("_", "-")] = []
    if (0, 0) < _number(str(raw.get("metadata_version", ""))) < _LICENSE_FILES_SINCE:
        raw.pop("license_files", None)
    return raw, unparsed


def _strip_mail_fields(data: bytes) -> tuple[bytes, bool]:
    """Remove the fields by which the description would be parsed as a mail, maybe of mails."""
    blank = _BLANK.search(data)
    end = blank.start() if blank else len(data)
    head = _MAIL_FIELD.sub(b"", data[:end])
    return head + data[end:], len(head) != end


def _is_endless(field: str, value: object) -> bool:
    """Return whether a value is too long for its parsers."""
    values = value if isinstance(value, list) else [value]
    return field not in _TEXTS and any(len(v) > _MOST_LETTERS for v in values if isinstance(v, str))


def _find_names(data: bytes) -> set[str]:
    """Return the words before a colon, up to the first empty line."""
    head = _BLANK.split(data, maxsplit=1)[0]
    return {
        name.decode("ascii", "replace") for name in re.findall(rb"(?:^|[\r\n])([^\s:]+):", head)
    }


def _ask_packaging(raw: dict[str, object], known: Collection[str]) -> list[tuple[str, str]]:
    """Return (field, message) of all that the reference refuses, without ``known`` fields."""
    from packaging.errors import ExceptionGroup
    from packaging.metadata import InvalidMetadata, Metadata

    try:
        Metadata.from_raw(raw, validate=True)  # type: ignore[arg-type]
    except RecursionError:
        return [("metadata", "a field is nested too deeply")]
    except ExceptionGroup as group:
        errors = [error for error in group.exceptions if isinstance(error, InvalidMetadata)]
        return sorted(
            (error.field, f"{error} ({error.__cause__})" if error.__cause__ else str(error))
            for error in errors
            if error.field not in known
        )
    return []


def _number(version: str) -> tuple[int, ...]:
    """Return ``2.2`` as (2, 2), and anything else as (0, 0)."""
    parts = version.split(".")
    return tuple(map(int, parts)) if len(parts) == 2 and all(map(str.isdecimal, parts)) else (0, 0)
