"""The plan of a pipeline, for every service: decided from ``pyproject.toml``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from felloe.config.project import Project
from felloe.errors import FelloeError
from felloe.project.ci.target import COMMON, DIGESTS, Target

KNOWN_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
"""The versions that the images have and uv installs."""

TOOL_PYTHON = "3.13"
"""The version that runs felloe."""

_OLDEST_WINDOWS_ARM = 11
"""The first CPython 3.x for Windows on ARM."""


@dataclass(frozen=True)
class Pipeline:
    """The plan that the file of every service is written from."""

    name: str
    """The distribution."""
    pythons: tuple[str, ...]
    """The versions to build for and to test with."""
    targets: tuple[Target, ...]
    in_container: bool
    """Linux jobs run in the images of PyPA."""
    zig: bool
    """Linux wheels are built by zig's compilers."""
    requirement: str
    """The requirement that installs felloe."""
    indexes: tuple[str, ...]
    branch: str

    def pythons_of(self, target: Target) -> tuple[str, ...]:
        """Return the versions that exist for a target."""
        if target.tag != "win_arm64":
            return self.pythons
        return tuple(item for item in self.pythons if _minor(item) >= _OLDEST_WINDOWS_ARM)

    def is_contained(self, target: Target) -> bool:
        """Return whether the job of a target runs in an image."""
        return self.in_container and target.system == "linux"


def _minor(version: str) -> int:
    match = re.search(r"3\.(\d+)", version)
    return int(match[1]) if match else 0


def plan_pipeline(
    project: Project,
    options: Mapping[str, Any],
    pythons: tuple[str, ...],
    machines: Collection[str],
) -> Pipeline:
    """Decide what to build and where.

    ``pythons`` are those of ``[tool.felloe.build]``, ``machines`` the kinds that the
    service has. Raises :class:`FelloeError` for what cannot be built there.
    """
    table = project.table.get("project")
    name = table.get("name") if isinstance(table, Mapping) else None
    if not isinstance(table, Mapping) or not isinstance(name, str) or not _is_name(name):
        raise FelloeError(f"{project.root / 'pyproject.toml'} has no valid project.name")
    zig = options["linux"] == "zig"
    pure = not project.skbuild().get_bool("wheel", "cmake", default=True)
    targets = _choose_targets(options["target"], machines, needs_image=not zig and not pure)
    return Pipeline(
        name=name,
        pythons=tuple(map(_spell, filter(_is_version, pythons)))
        or _allowed_pythons(table.get("requires-python")),
        targets=targets[:1] if pure and not options["target"] else targets,
        in_container=not zig and not pure,
        zig=zig,
        requirement=options["requirement"],
        indexes=tuple(index for index in ("testpypi", "pypi") if index in options["publish"]),
        branch=options["branch"],
    )


def _is_version(word: str) -> bool:
    return "/" not in word and "\\" not in word


def _spell(word: str) -> str:
    """Spell a version as uv and felloe both read it: ``cp314t`` is ``3.14t``."""
    match = re.fullmatch(r"(cp|cpython|pp|pypy)?-?3\.?(\d+)(t?)", word)
    if match is None:
        return word
    return f"{'pypy' if (match[1] or '')[:1] == 'p' else ''}3.{match[2]}{match[3]}"


def _is_name(text: str) -> bool:
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        return False
    return True


def _allowed_pythons(requires: object) -> tuple[str, ...]:
    try:
        allowed = SpecifierSet(requires if isinstance(requires, str) else "")
    except InvalidSpecifier as cause:
        raise FelloeError(f"project.requires-python: {requires!r} is not valid") from cause
    # A bound may name a micro version: ">=3.10.2" allows some 3.10.
    found = tuple(
        version
        for version in KNOWN_PYTHONS
        if any(allowed.contains(f"{version}.{micro}") for micro in (0, 99))
    )
    if not found:
        raise FelloeError(
            f"project.requires-python: {requires!r} allows none of {', '.join(KNOWN_PYTHONS)}",
            hint='name the versions: python = ["3.16"] in [tool.felloe.build]',
        )
    return found


def _choose_targets(
    wanted: Collection[str], machines: Collection[str], *, needs_image: bool
) -> tuple[Target, ...]:
    targets = tuple(Target(tag) for tag in dict.fromkeys(wanted or COMMON))
    lacking = [item.tag for item in targets if item.machine not in machines]
    if wanted and lacking:
        raise FelloeError(
            f"tool.felloe.ci.target: the service has no machine for {', '.join(lacking)}",
            hint=f"its machines are {', '.join(machines)}",
        )
    imageless = [t.tag for t in targets if t.system == "linux" and t.tag not in DIGESTS]
    if needs_image and imageless:
        raise FelloeError(
            f"tool.felloe.ci.target: there is no image for {', '.join(imageless)}",
            hint=f'choose from {", ".join(DIGESTS)}, or set linux = "zig"',
        )
    return tuple(item for item in targets if item.tag not in lacking)
