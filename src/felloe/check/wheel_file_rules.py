"""Check ``.dist-info`` and ``.data`` of a wheel, and its ``WHEEL`` file (PEP 427)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from unicodedata import normalize

from felloe.check.rule import Rule, Ruling
from felloe.wheel.member_name import find_twins, find_windows_problem
from felloe.wheel.tags import WheelName
from felloe.wheel.wheel_file import WheelFile, parse_wheel_file

_REQUIRED = ("METADATA", "RECORD", "WHEEL")
_IMPURE = ("platlib", "headers", "scripts", "data")
_MOST_TAGS = 4


def check_directories(
    name: WheelName, dist_info: str, members: Collection[str]
) -> Iterator[Ruling]:
    """Check that ``.dist-info`` and ``.data`` have the name of the file, and nothing is missing.

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


def check_portable_names(members: Collection[str], platforms: Sequence[str]) -> Iterator[Ruling]:
    """Note names that macOS or Windows cannot tell apart, or cannot create."""
    if all("linux" in platform for platform in platforms):
        return
    for alike in find_twins(members):
        yield Rule.MEMBER.note(
            f"{' and '.join(map(_show, alike))} are one file on macOS and Windows: the one that is "
            "installed last overwrites the other",
            "rename one of them",
            alike[0],
        )
    if any(not platform.startswith("macosx") for platform in platforms):
        for name in sorted(members):
            problem = find_windows_problem(name)
            if problem:
                yield Rule.MEMBER.note(
                    f"{_show(name)} cannot be unpacked on Windows: {problem}", "rename it", name
                )


def _show(name: str) -> str:
    """Return a name with its combining marks visible: a twin looks the same otherwise."""
    return name if name == normalize("NFC", name) else ascii(name)[1:-1]


def check_wheel_file(
    text: bytes, name: WheelName, path: str, binaries: Sequence[str]
) -> Iterator[Ruling]:
    """Check WHEEL, found at ``path``. ``binaries`` are the members with machine code.

    Installers refuse a version that they do not know. PyPI reads none of the
    other fields, and installers follow the file name where they differ.
    """
    stated = parse_wheel_file(text)
    for problem, hint in _check_version(stated):
        yield Rule.WHEEL_FILE.problem(f"WHEEL {problem}", hint, path)
    for problem, hint in (*_check_tags(stated, name), *_check_root(stated, name, binaries)):
        yield Rule.WHEEL_FILE.note(f"WHEEL {problem}", hint, path)


def _check_version(stated: WheelFile) -> Iterator[tuple[str, str]]:
    version = stated.version
    if not re.fullmatch(r"1\.\d+", version):
        found = f"states Wheel-Version {version}" if version else "states no Wheel-Version"
        yield f"{found}: installers know 1.0", "write `Wheel-Version: 1.0`"


def _check_tags(stated: WheelFile, name: WheelName) -> Iterator[tuple[str, str]]:
    tags, named = set(stated.tags), set(name.triples())
    if tags != named:
        hint = f"write a Tag line for each of {_some(sorted(named))}"
        missing, extra = sorted(named - tags), sorted(tags - named)
        if missing:
            yield f"has no Tag line for {_some(missing)}, which the file name says", hint
        if extra:
            yield f"has a Tag line for {_some(extra)}, which the file name does not say", hint
    if stated.build != name.build:
        yield (
            f"states build {stated.build or 'none'}, the file name {name.build or 'none'}",
            f"write `Build: {name.build}`" if name.build else "remove the Build line",
        )


def _some(tags: Sequence[str]) -> str:
    more = len(tags) - _MOST_TAGS
    return ", ".join(tags[:_MOST_TAGS]) + (f" and {more} more" if more > 0 else "")


def _check_root(
    stated: WheelFile, name: WheelName, binaries: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """``Root-Is-Purelib`` decides where the wheel's top goes. Binaries belong into platlib."""
    elsewhere = tuple(f"{name.data}/{place}/" for place in _IMPURE)
    impure = [path for path in binaries if not path.startswith(elsewhere)]
    if stated.root_is_purelib not in ("true", "false"):
        yield (
            "does not state Root-Is-Purelib",
            "write `Root-Is-Purelib: false` for a wheel with binaries, true for one without",
        )
    elif stated.is_purelib and impure and name.platforms != ("any",):
        yield (
            f"states Root-Is-Purelib: true, but {impure[0]} contains machine code",
            "write `Root-Is-Purelib: false`, so that it is installed among files for one platform",
        )
