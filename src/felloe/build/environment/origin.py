"""Describe the running environment and detect whether the frontend will delete it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_VANISHING = re.compile(
    r"""(?P<root>(?:[A-Za-z]:|\\)?[\\/](?:.*[\\/])?(?:
        pip-build-env-[^\\/]+                # pip: two directories on sys.path, overlay and normal
      | build-env-[^\\/]+                    # build: a virtual environment
      | builds-v\d+[\\/]\.tmp[^\\/]+         # uv: a virtual environment
    ))(?:[\\/]|$)""",
    re.VERBOSE,
)
_SITES = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Origin:
    """The interpreter and the directories that distributions are imported from."""

    python: str
    base: str
    """The installed interpreter, outside of any virtual environment."""
    identity: str
    """Its version and build."""
    sites: tuple[str, ...]
    """The directories with distributions, in the order of search."""
    roots: tuple[str, ...]
    """Directories that the frontend will delete."""

    @property
    def vanishes(self) -> bool:
        """True if the frontend deletes the distributions after this build."""
        return bool(self.roots and self.sites)

    def owns(self, path: str) -> bool:
        """Return whether the frontend will delete a path."""
        return any(path == r or path.startswith((f"{r}/", f"{r}\\")) for r in self.roots)


def read_origin() -> Origin:
    """Return the environment of this process."""
    base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    identity = f"{sys.implementation.cache_tag} {getattr(sys, 'abiflags', '')} {sys.version}"
    return find_origin(sys.executable, base, identity, sys.prefix, sys.path)


def find_origin(python: str, base: str, identity: str, prefix: str, path: Iterable[str]) -> Origin:
    """Recognize a frontend's environment by the names that frontends give.

    An environment with another name is taken to stay.
    """
    places = [os.path.abspath(place) for place in path if place]
    matches = [_VANISHING.match(place) for place in (prefix, *places)]
    roots = tuple(dict.fromkeys(match["root"] for match in matches if match))
    sites = [place for place in dict.fromkeys(places) if os.path.basename(place) in _SITES]
    if roots:
        sites = [place for place in sites if _VANISHING.match(place)]
    return Origin(python, base, identity, tuple(sites), roots)


def relocate(environ: Mapping[str, str], origin: Origin, place: str) -> dict[str, str]:
    """Return the environment variables for programs that run from ``place`` instead.

    Paths that the frontend deletes are replaced by those of ``place``, or left
    out. ``VIRTUAL_ENV`` is set, whichever frontend called.
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
    """Return config settings whose values name ``place`` instead of deleted directories."""
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
    """Return the path in ``place``; empty if it has none."""
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
    """Return the directory of distributions in ``place``: ``lib/python3.12/site-packages``."""
    version = os.path.basename(os.path.dirname(origin.sites[0]))
    return f"{place}/lib/{version}/site-packages"
