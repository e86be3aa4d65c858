"""The places of a wheel's files once installed, relative to the root of the environment.

Sources: "The .data directory" of the binary distribution format, the schemes
``venv``, ``posix_prefix`` and ``nt`` of :mod:`sysconfig`. Headers are where pip and
uv put them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import join, normpath, relpath

_SITE_PACKAGES = re.compile(r"^lib(64)?/(python|pypy)3\.\d+t?/(site|dist)-packages(?=/|$)")
"""Names of the directory on POSIX. Debian uses dist-packages."""


@dataclass(frozen=True)
class InstallScheme:
    """The directories that installers put a wheel's files into.

    A directory that is named after the Python version is written ``python3``: its
    depth is known, its name is not.
    """

    site_packages: str
    scripts: str
    headers: str
    versioned: tuple[str, ...] = ()
    """Directories whose real names contain the Python version."""

    def locate(self, member: str) -> str:
        """Return the place of a member, given by its path in the wheel."""
        top, _, rest = member.partition("/")
        scheme, _, inner = rest.partition("/")
        if not inner or not top.endswith(".data"):
            return join(self.site_packages, member)
        if scheme == "data":
            return inner
        if scheme == "scripts":
            return join(self.scripts, inner)
        if scheme == "headers":
            return join(self.headers, top.partition("-")[0], inner)
        return join(self.site_packages, inner)

    def is_importable(self, place: str) -> bool:
        """Tell whether a file at this place lies in site-packages."""
        return _contains(self.site_packages, place)

    def resolve(self, home: str, relative: str) -> str | None:
        """Return the place that a path relative to ``home`` leads to.

        Return None for one outside of the environment. The root is ``""``.
        """
        place = normpath(join(home, relative.lstrip("/")))
        place = _SITE_PACKAGES.sub(self.site_packages, place)
        if place == ".." or place.startswith("../"):
            return None
        return "" if place == "." else place

    def find_path(self, home: str, directory: str) -> str | None:
        """Return the path from ``home`` to ``directory``.

        Return None if it depends on the Python version.
        """
        for versioned in self.versioned:
            if _contains(versioned, directory) and not _contains(versioned, home):
                return None
        return relpath(directory or ".", home or ".")


def _contains(directory: str, place: str) -> bool:
    return place == directory or place.startswith(directory + "/")


POSIX = InstallScheme(
    site_packages="lib/python3/site-packages",
    scripts="bin",
    headers="include/site/python3",
    versioned=("lib/python3", "include/site/python3"),
)
WINDOWS = InstallScheme(site_packages="Lib/site-packages", scripts="Scripts", headers="Include")
