"""Libraries that another distribution installs beside the wheel.

``provided-by = {torch = ["libtorch*.so*"]}``: such libraries are not copied.
The wheel's objects get a path into the other distribution, relative to
site-packages, where every installer puts both; and the other must be among the
wheel's requirements, or the path would lead nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.parser import BytesParser
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, distribution
from posixpath import basename, dirname

from felloe.errors import FelloeError

_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def find_foreign_paths(
    needs: Mapping[str, Sequence[str]],
    provided_by: Mapping[str, tuple[str, ...]],
    metadata: bytes,
) -> dict[str, list[str]]:
    """Object -> directories below site-packages in which it finds what it needs.

    ``needs`` are the names that each object needs, ``metadata`` is the wheel's
    METADATA. Raises :class:`FelloeError` for a distribution that is not
    required by it, or not installed here.
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
    requirements = BytesParser().parsebytes(metadata).get_all("Requires-Dist", [])
    names = {_normalized(match[0]) for match in map(_REQUIREMENT_NAME.match, requirements) if match}
    if _normalized(name) not in names:
        raise FelloeError(
            f"`libraries.provided-by` names {name}, which the wheel does not require",
            hint=f'add "{name}" to `dependencies` in [project]',
        )


def _find_directories(name: str) -> dict[str, str]:
    """File name -> its directory, of all shared objects that a distribution installed."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError as cause:
        raise FelloeError(
            f"`libraries.provided-by` names {name}, which is not installed here",
            hint=f'add "{name}" to `requires` in [build-system]',
        ) from cause
    paths = [file.as_posix() for file in files if ".so" in file.name]
    return {basename(path): dirname(path) for path in paths if not path.startswith("..")}


def _directory_of(soname: str, name: str, directories: Mapping[str, str]) -> str:
    if soname not in directories:
        raise FelloeError(
            f"{name} is to provide {soname}, and does not install it",
            hint="correct `libraries.provided-by`, or require the version that has it",
        )
    return directories[soname]


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
