"""The environment that a hook runs in, and whether it will be there tomorrow."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_VANISHING = re.compile(
    r"""(?P<root>/(?:.*/)?(?:
        pip-build-env-[^/]+         # pip: two directories, overlay and normal, on its own sys.path
      | build-env-[^/]+             # build: a virtual environment
      | builds-v\d+/\.tmp[^/]+      # uv: the same
    ))(?:/|$)""",
    re.VERBOSE,
)
_SITES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Origin:
    """Where distributions are imported from, and by which interpreter."""

    python: str
    base: str
    """The interpreter that is installed, whatever environment it serves."""
    identity: str
    """Its version and build."""
    sites: tuple[str, ...]
    """The directories with distributions, in the order of search."""
    roots: tuple[str, ...]
    """What the frontend will delete; empty if nothing."""

    @property
    def vanishes(self) -> bool:
        """Whether what is imported now cannot be imported after this build."""
        return bool(self.roots and self.sites)

    def owns(self, path: str) -> bool:
        """Whether a path will vanish."""
        return any(path == root or path.startswith(f"{root}/") for root in self.roots)


def read_origin() -> Origin:
    """The environment of this process."""
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    identity = f"{sys.implementation.cache_tag} {getattr(sys, 'abiflags', '')} {sys.version}"
    return find_origin(sys.executable, base, identity, sys.prefix, sys.path)


def find_origin(python: str, base: str, identity: str, prefix: str, path: Iterable[str]) -> Origin:
    """Tell a frontend's environment by the names that frontends give.

    An environment under any other name is taken to stay.
    """
    places = [os.path.abspath(place) for place in path if place]
    matches = [_VANISHING.match(place) for place in (prefix, *places)]
    roots = tuple(dict.fromkeys(match["root"] for match in matches if match))
    sites = [place for place in dict.fromkeys(places) if os.path.basename(place) in _SITES]
    if roots:
        sites = [place for place in sites if _VANISHING.match(place)]
    return Origin(python, base, identity, tuple(sites), roots)


def relocate(environ: Mapping[str, str], origin: Origin, place: str) -> dict[str, str]:
    """The environment variables for programs that run from ``place`` instead.

    What vanishes leaves the lists of paths; its programs are found in
    ``place``'s. Other frontends' marks become the same: ``VIRTUAL_ENV``.
    """
    moved = dict(environ)
    for name, value in environ.items():
        if any(root in value for root in origin.roots):
            items = [_move(item, origin, place) for item in value.split(os.pathsep)]
            moved[name] = os.pathsep.join(dict.fromkeys(item for item in items if item))
    if not moved.get("PYTHONPATH"):
        moved.pop("PYTHONPATH", None)
    moved["VIRTUAL_ENV"] = place
    return moved


def relocate_config(
    config: Mapping[str, object] | None, origin: Origin, place: str
) -> dict[str, object] | None:
    """Config settings whose values name what vanishes, naming ``place``'s instead."""
    return None if config is None else {k: _rewrite(v, origin, place) for k, v in config.items()}


def _rewrite(value: object, origin: Origin, place: str) -> object:
    if isinstance(value, str):
        for site in origin.sites:
            value = value.replace(f"{site}/", f"{stable_site(origin, place)}/")
            prefix = os.path.normpath(f"{site}/../../..")
            value = value.replace(f"{prefix}/bin/", f"{place}/bin/")
        return value
    if isinstance(value, list):
        return [_rewrite(item, origin, place) for item in value]
    return value


def _move(path: str, origin: Origin, place: str) -> str:
    """Where a path is found now; empty if nowhere."""
    if not origin.owns(path):
        return path
    for site in origin.sites:
        if path == site or path.startswith(f"{site}/"):
            return stable_site(origin, place) + path[len(site) :]
    prefixes = [os.path.normpath(f"{site}/../../..") for site in origin.sites]
    for prefix in sorted({*prefixes, *origin.roots}, key=len, reverse=True):
        inner = path[len(prefix) :]
        if path.startswith(prefix) and (not inner or inner.startswith("/bin")):
            return place + inner
    return ""


def stable_site(origin: Origin, place: str) -> str:
    """The one directory of distributions in ``place``: ``lib/python3.12/site-packages``."""
    version = os.path.basename(os.path.dirname(origin.sites[0]))
    return f"{place}/lib/{version}/site-packages"
