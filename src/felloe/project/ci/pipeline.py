"""What a pipeline does, whatever service runs it: decided from ``pyproject.toml``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name

from felloe.config.project import Project
from felloe.config.py_api import PyApi, parse_py_api
from felloe.errors import FelloeError
from felloe.project.ci.platform import COMMON, PLATFORMS, Platform

KNOWN_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
"""The versions that the images and the services have."""

TOOL_PYTHON = "3.13"
"""Runs what is not for one version: making the sdist, checking, uploading."""


@dataclass(frozen=True)
class Pipeline:
    """The plan that every service's file is written from."""

    name: str
    """The distribution."""
    pythons: tuple[str, ...]
    """The versions to test with."""
    builders: tuple[str, ...]
    """Those of them that build; the others install a wheel that another one built."""
    platforms: tuple[Platform, ...]
    pure: bool
    """Whether one wheel is for every Python on every platform: nothing is compiled."""
    zig: bool
    """Whether Linux wheels come from zig's compilers, not from containers."""
    manylinux: str
    test_command: str
    """With ``{project}``; empty if nothing is tested."""
    test_requires: tuple[str, ...]
    """Words for pip."""
    indexes: tuple[str, ...]
    branch: str

    def of_system(self, *systems: str) -> tuple[Platform, ...]:
        """The platforms of these operating systems."""
        return tuple(platform for platform in self.platforms if platform.system in systems)


def plan_pipeline(
    project: Project, options: Mapping[str, Any], offered: Collection[str], *, has_tests: bool
) -> Pipeline:
    """Decide what to build, where, and how to test it.

    ``offered`` are the names of the platforms that the service has machines
    for. Raises :class:`FelloeError` where a wish cannot be fulfilled.
    """
    table = project.table.get("project")
    name = table.get("name") if isinstance(table, Mapping) else None
    if not isinstance(table, Mapping) or not isinstance(name, str) or not _is_name(name):
        raise FelloeError(f"{project.root / 'pyproject.toml'} has no valid project.name")
    pythons = options["python"] or _allowed_pythons(table.get("requires-python"))
    default_test = 'python -m pytest "{project}/tests"' if has_tests else ""
    zig = options["linux"] == "zig"
    py_api = project.skbuild().get_text("wheel", "py-api")
    pure = not project.skbuild().get_bool("wheel", "cmake", default=True)
    platforms = _choose_platforms(options["platforms"], offered, zig=zig)
    return Pipeline(
        name=name,
        pythons=tuple(sorted(set(pythons), key=_order)),
        builders=choose_builders(pythons, "py3" if pure else py_api),
        platforms=platforms[:1] if pure and not options["platforms"] else platforms,
        pure=pure,
        zig=zig,
        manylinux=options["manylinux"],
        test_command=options["test-command"] or default_test,
        test_requires=options["test-requires"] or _default_requires(project),
        indexes=tuple(index for index in ("testpypi", "pypi") if index in options["publish"]),
        branch=options["branch"],
    )


def _is_name(text: str) -> bool:
    try:
        canonicalize_name(text, validate=True)
    except InvalidName:
        return False
    return True


def choose_builders(pythons: Collection[str], py_api: str) -> tuple[str, ...]:
    """The Pythons that have to build.

    ``py_api`` is scikit-build-core's ``wheel.py-api``: with ``cp312`` the
    versions before 3.12 build for themselves, and the first from 3.12 on for
    all that follow; with ``py3`` one builds for all.
    """
    api = parse_py_api(py_api)
    ordered = sorted(set(pythons), key=_order)
    sharing = [version for version in ordered if _shares(version, api)]
    first = api.choose_first((version, version.endswith("t")) for version in sharing)
    return tuple(version for version in ordered if version == first or version not in sharing)


def _shares(version: str, api: PyApi) -> bool:
    minor, is_free = _order(version)
    return api.shares((3, minor), is_free_threaded=is_free)


def _order(version: str) -> tuple[int, bool]:
    return int(version[2:].rstrip("t")), version.endswith("t")


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
            hint='say what to build for: python = ["3.16"] in [tool.felloe.ci]',
        )
    return found


def _choose_platforms(
    wanted: tuple[str, ...], offered: Collection[str], *, zig: bool
) -> tuple[Platform, ...]:
    possible = [name for name in offered if not zig or name in _ZIG or PLATFORMS[name].libc == ""]
    missing = [name for name in wanted if name not in possible]
    if missing:
        raise FelloeError(
            f"tool.felloe.ci.platforms: {', '.join(missing)} cannot be built here"
            + (" without containers" if zig else ""),
            hint=f"there are {', '.join(possible)}",
        )
    chosen = wanted or [name for name in COMMON if name in possible]
    return tuple(PLATFORMS[name] for name in PLATFORMS if name in chosen)


# What the tests can run on a machine of the service, whose system has glibc.
_ZIG = ("manylinux_x86_64", "manylinux_aarch64")


def _default_requires(project: Project) -> tuple[str, ...]:
    groups = project.table.get("dependency-groups")
    if isinstance(groups, Mapping) and "test" in groups:
        return ("--group", "test")
    return ("pytest",)
