"""Choose the interpreters of a release from those that were found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from felloe.errors import UsageError
from felloe.python.interpreter import Interpreter

OLDEST = (3, 9)
"""The oldest Python that the hooks of felloe run with."""

_WORD = re.compile(
    r"(?P<name>cp|cpython|pp|pypy|graalpy)?-?(?P<major>\d)\.?(?P<minor>\d+)(\.(?P<patch>\d+))?"
    r"(?P<flags>t?d?)"
)
_NAMES = {"cp": "cpython", "": "cpython", "pp": "pypy"}


@dataclass(frozen=True)
class PassedOver:
    """An interpreter that was found and is skipped."""

    interpreter: Interpreter
    reason: str


@dataclass(frozen=True)
class Choice:
    """The interpreters of a release, oldest first, each tag once."""

    chosen: tuple[Interpreter, ...]
    passed_over: tuple[PassedOver, ...] = ()


def is_path(word: str) -> bool:
    """Return whether a word of ``--python`` is a path and not a version."""
    return "/" in word or "\\" in word


def check_words(words: Iterable[str]) -> None:
    """Raise :class:`UsageError` for words that are not versions, before anything is run."""
    wrong = [word for word in words if not is_path(word) and not _WORD.fullmatch(word)]
    if wrong:
        raise UsageError(
            f"--python: {', '.join(map(repr, wrong))} is not a version or a path",
            hint="write 3.13, 3.14t, cp313, pp311 or a path; "
            "put the project before --python, or after --",
        )


def check_installed(words: Iterable[str], found: Sequence[Interpreter]) -> None:
    """Raise :class:`UsageError` with every word that matches no interpreter."""
    missing = [word for word in words if not any(_matches(word, item) for item in found)]
    if missing:
        raise _refusal([f"{word} is not installed" for word in missing], found)


def choose_interpreters(
    words: Sequence[str], found: Sequence[Interpreter], requires_python: str
) -> Choice:
    """Return the interpreters that ``words`` name; without words, all that the project supports.

    The first one of each tag is used: ``found`` is in the order of preference.
    Raises :class:`UsageError` with every word that cannot be satisfied.
    """
    check_installed(words, found)
    if words:
        return Choice(_in_order(_asked(words, found, requires_python)))
    unfit = {item.path: _unfit(item, requires_python) for item in found}
    chosen = _in_order(item for item in found if not unfit[item.path])
    tags = {item.tag for item in chosen}
    passed_over = [
        PassedOver(item, unfit[item.path])
        for item in found
        if unfit[item.path] and item.tag not in tags
    ]
    if not chosen:
        raise UsageError(
            f"no interpreter fits the project: found {_listed(found)}",
            hint="install one, such as with `uv python install`, or name one with --python",
        )
    return Choice(chosen, tuple(passed_over))


def _asked(
    words: Sequence[str], found: Sequence[Interpreter], requires_python: str
) -> Iterator[Interpreter]:
    problems = []
    for word in words:
        item = next(item for item in found if _matches(word, item))
        reason = _unfit(item, requires_python, debug=True)
        if reason:
            problems.append(f"{word}: {reason}")
        yield item
    if problems:
        raise _refusal(problems, found)


def _refusal(problems: Sequence[str], found: Sequence[Interpreter]) -> UsageError:
    return UsageError(
        f"--python: {'; '.join(problems)}; found {_listed(found)}",
        hint="install it, such as with `uv python install`, or give its path",
    )


def _matches(word: str, item: Interpreter) -> bool:
    if is_path(word):
        return item.source == word
    match = _WORD.fullmatch(word)
    if match is None:
        return False
    name = match["name"] or ""
    version = tuple(int(match[part]) for part in ("major", "minor", "patch") if match[part])
    return (
        _NAMES.get(name, name) == item.implementation
        and item.version[: len(version)] == version
        and match["flags"] == item.flags
    )


def _unfit(item: Interpreter, requires_python: str, *, debug: bool = False) -> str:
    """Return the reason why an interpreter cannot build the project; empty if it can."""
    if item.version[:2] < OLDEST:
        return f"felloe builds for Python {'.'.join(map(str, OLDEST))} and later"
    if "d" in item.flags and not debug:
        return "it is a debug build, used only if --python names it"
    try:
        fits = SpecifierSet(requires_python).contains(item.release, prereleases=True)
    except InvalidSpecifier:
        return ""  # `felloe check` reports it; building does not depend on it
    return "" if fits else f"the project requires Python {requires_python}"


def _in_order(items: Iterable[Interpreter]) -> tuple[Interpreter, ...]:
    """Return the first of each tag in the order of building: CPython first, oldest first."""
    first: dict[str, Interpreter] = {}
    for item in items:
        first.setdefault(item.tag, item)
    return tuple(
        sorted(first.values(), key=lambda x: (x.implementation != "cpython", x.version, x.flags))
    )


def _listed(found: Iterable[Interpreter]) -> str:
    return ", ".join(f"{item.tag} ({item.source})" for item in found) or "none"
