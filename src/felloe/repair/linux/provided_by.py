"""Libraries that another distribution installs beside the wheel.

``provided-by = {torch = ["libtorch*.so*"]}``: such libraries are not copied.
The wheel's objects get a path to the other distribution, relative to their own
place in the environment. The other distribution must be among the wheel's
requirements, or the path would lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, distribution
from posixpath import basename, dirname

from packaging.utils import canonicalize_name

from felloe.errors import FelloeError
from felloe.wheel.header import parse_headers
from felloe.wheel.install_scheme import POSIX

_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def find_foreign_paths(
    needs: Mapping[str, Sequence[str]],
    provided_by: Mapping[str, tuple[str, ...]],
    metadata: bytes,
) -> dict[str, list[str]]:
    """Return the installed directories in which each object finds such libraries.

    ``needs`` are the names that each object needs, ``metadata`` is the wheel's
    METADATA. Directories are relative to the root of the environment. Raises
    :class:`FelloeError` for a distribution that the wheel does not require, or
    that is not installed here.
    """
    found: dict[str, list[str]] = {}
    for name, globs in provided_by.items():
        needing = {
            path: sorted(_matching(needed, globs))
            for path, needed in needs.items()
            if _matching(needed, globs)
        }
        if not needing:
            continue
        _check_required(name, metadata)
        directories = _find_directories(name)
        for path, sonames in needing.items():
            found.setdefault(path, []).extend(
                _directory_of(soname, name, directories) for soname in sonames
            )
    return {path: list(dict.fromkeys(places)) for path, places in found.items()}


def _matching(names: Sequence[str], globs: Sequence[str]) -> list[str]:
    return [name for name in names if any(fnmatchcase(name, glob) for glob in globs)]


def _check_required(name: str, metadata: bytes) -> None:
    requirements = parse_requirements(metadata)
    if canonicalize_name(name) not in requirements:
        raise FelloeError(
            f"`libraries.provided-by` names {name}, which the wheel does not require",
            hint=f'add "{name}" to `dependencies` in [project]',
        )


def parse_requirements(metadata: bytes) -> frozenset[str]:
    """Return the normalized names of the distributions that a METADATA file requires."""
    requirements = parse_headers(metadata).get_all("Requires-Dist", [])
    matches = (_REQUIREMENT_NAME.match(str(text)) for text in requirements)
    return frozenset(canonicalize_name(match[0]) for match in matches if match)


def _find_directories(name: str) -> dict[str, str]:
    """Return the directory of each shared object that a distribution installed, by file name."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError as cause:
        raise FelloeError(
            f"`libraries.provided-by` names {name}, which is not installed here",
            hint=f'add "{name}" to `requires` in [build-system]',
        ) from cause
    paths = (
        POSIX.resolve(POSIX.site_packages, file.as_posix()) for file in files if ".so" in file.name
    )
    return {basename(path): dirname(path) for path in paths if path is not None}


def _directory_of(soname: str, name: str, directories: Mapping[str, str]) -> str:
    if soname not in directories:
        raise FelloeError(
            f"`libraries.provided-by` says that {name} provides {soname}, but it does not "
            "install it",
            hint="correct `libraries.provided-by`, or require the version that has it",
        )
    return directories[soname]
