"""The files that a wheel's ``.dist-info`` holds about the wheel itself (PEP 427)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from email.message import Message
from email.parser import BytesParser

from felloe.check.rule import Rule, Ruling
from felloe.wheel.tags import WheelName

_REQUIRED = ("METADATA", "RECORD", "WHEEL")
_IMPURE = ("platlib", "headers", "scripts", "data")
_MOST_TAGS = 4


def check_directories(
    name: WheelName, dist_info: str, members: Collection[str]
) -> Iterator[Ruling]:
    """``.dist-info`` and ``.data`` are named letter by letter as the file; nothing is missing.

    ``members`` are the names of all, RECORD included.
    """
    if dist_info != name.dist_info:
        yield Rule.DIST_INFO.problem(
            f"{dist_info} is not named as the file: PyPI looks for {name.dist_info}",
            "rename the directory, or the file",
            dist_info,
        )
    for required in _REQUIRED:
        if f"{dist_info}/{required}" not in members:
            yield Rule.DIST_INFO.problem(
                f"{dist_info} holds no {required}", "build the wheel with a PEP 517 backend"
            )
    tops = {member.partition("/")[0] for member in members if "/" in member}
    for top in sorted(top for top in tops if top.endswith(".data") and top != name.data):
        yield Rule.DIST_INFO.problem(
            f"not every installer takes notice of {top}, which is not named as the file",
            f"name it {name.data}",
            top,
        )


def check_letter_case(name: WheelName, members: Collection[str]) -> Iterator[Ruling]:
    """Names that are one file to the systems where the case of letters does not count."""
    if all("linux" in platform for platform in name.platforms):
        return
    folded: dict[str, list[str]] = {}
    for member in sorted(members):
        folded.setdefault(member.casefold(), []).append(member)
    for alike in (names for names in folded.values() if len(names) > 1):
        yield Rule.MEMBER.note(
            f"{' and '.join(alike)} differ in case alone: on macOS and Windows "
            "the one that is installed last overwrites the other",
            "rename one of them",
            alike[0],
        )


def check_wheel_file(
    text: bytes, name: WheelName, path: str, binaries: Sequence[str]
) -> Iterator[Ruling]:
    """What WHEEL, found at ``path``, says; ``binaries`` are the members with machine code."""
    fields = BytesParser().parsebytes(text)
    for problem, hint in (
        *_check_version(fields),
        *_check_tags(fields, name),
        *_check_root(fields, name, binaries),
    ):
        yield Rule.WHEEL_FILE.problem(f"WHEEL {problem}", hint, path)


def _check_version(fields: Message) -> Iterator[tuple[str, str]]:
    version = str(fields.get("Wheel-Version", "")).strip()
    if not re.fullmatch(r"1\.\d+", version):
        stated = f"states Wheel-Version {version}" if version else "states no Wheel-Version"
        yield f"{stated}: installers know 1.0", "write `Wheel-Version: 1.0`"


def _check_tags(fields: Message, name: WheelName) -> Iterator[tuple[str, str]]:
    stated = {str(tag).strip() for tag in fields.get_all("Tag", [])}
    named = set(name.triples())
    if stated != named:
        hint = f"write a Tag line for each of {_some(sorted(named))}"
        missing, extra = sorted(named - stated), sorted(stated - named)
        if missing:
            yield f"has no Tag line for {_some(missing)}, which the file name says", hint
        if extra:
            yield f"has a Tag line for {_some(extra)}, which the file name does not say", hint
    build = str(fields.get("Build", "")).strip()
    if build != name.build:
        yield (
            f"states build {build or 'none'}, the file name {name.build or 'none'}",
            f"write `Build: {name.build}`" if name.build else "take the Build line out",
        )


def _some(tags: Sequence[str]) -> str:
    more = len(tags) - _MOST_TAGS
    return ", ".join(tags[:_MOST_TAGS]) + (f" and {more} more" if more > 0 else "")


def _check_root(
    fields: Message, name: WheelName, binaries: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """``Root-Is-Purelib``: where the wheel's top goes. Binaries do not belong in purelib."""
    root = str(fields.get("Root-Is-Purelib", "")).strip().lower()
    elsewhere = tuple(f"{name.data}/{place}/" for place in _IMPURE)
    impure = [path for path in binaries if not path.startswith(elsewhere)]
    if root not in ("true", "false"):
        yield (
            "does not state Root-Is-Purelib",
            "write `Root-Is-Purelib: false` for a wheel with binaries, true for one without",
        )
    elif root == "true" and impure and name.platforms != ("any",):
        yield (
            f"states Root-Is-Purelib: true, but {impure[0]} holds machine code",
            "write `Root-Is-Purelib: false`, so that it is installed among files for one platform",
        )
