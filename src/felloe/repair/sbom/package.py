"""Find the packages of the build machine's distribution that files belong to.

Each manager is asked once for all files. Sources: dpkg-query(1), rpm(8), the
database format of apk-tools, os-release(5), package-url's types deb, rpm and
apk, and Debian's machine-readable copyright format 1.0 (DEP-5).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from felloe.repair.sbom.license import find_expression, parse_copyright

_PATIENCE = 30.0
"""Seconds that a package manager may take. Its database may not be in memory."""
_MOST_BYTES = 1 << 26


@dataclass(frozen=True)
class SystemPackage:
    """An installed package of a Linux distribution."""

    manager: str
    """``deb``, ``rpm`` or ``apk``, which is also the package-url's type."""
    name: str
    version: str
    """As the manager writes it; with the epoch, ``1:2.0-3``, where there is one."""
    architecture: str
    distribution: str
    """``ID`` of os-release: ``debian``; empty if unknown."""
    release: str
    """``VERSION_ID`` of os-release: ``12``; empty if unknown."""
    licenses: tuple[str, ...] = ()
    """SPDX identifiers or expressions where they are known, else the names the package uses."""

    @property
    def purl(self) -> str:
        """Return its package-url."""
        version, epoch = self.version, ""
        if self.manager == "rpm" and ":" in version:
            epoch, _, version = version.partition(":")
        distribution = "-".join(part for part in (self.distribution, self.release) if part)
        qualifiers = {"arch": self.architecture, "distro": distribution, "epoch": epoch}
        names = [self.distribution.lower()] if self.distribution else []
        names.append(self.name if self.manager == "rpm" else self.name.lower())
        path = "/".join(map(_encode, names))
        query = "&".join(f"{key}={_encode(value)}" for key, value in qualifiers.items() if value)
        return f"pkg:{self.manager}/{path}@{_encode(version)}" + (f"?{query}" if query else "")


def _encode(text: str) -> str:
    return quote(text, safe=":")


def find_owners(
    paths: Iterable[Path],
    environ: Mapping[str, str],
    root: Path = Path("/"),
    patience: float = _PATIENCE,
) -> dict[Path, SystemPackage]:
    """Return the package of each path; paths of no package are left out.

    Package managers are found on the ``PATH`` of ``environ`` and started with
    it. One that is missing, fails or takes longer than ``patience`` seconds owns
    nothing. os-release, copyright files and apk's database are read below ``root``.
    """
    spellings = {path: _spellings(path, root) for path in paths}
    system = _System(root, {**environ, "LC_ALL": "C.UTF-8"}, patience)
    found: dict[Path, SystemPackage] = {}
    for ask in (_ask_dpkg, _ask_rpm, _ask_apk):
        names = [name for path in spellings if path not in found for name in spellings[path]]
        if not names:
            break
        owners = ask(system, names)
        for path, spelled in spellings.items():
            owner = next((owners[name] for name in spelled if name in owners), None)
            if owner is not None:
                found.setdefault(path, owner)
    return {path: found[path] for path in spellings if path in found}


def _spellings(path: Path, root: Path) -> tuple[str, ...]:
    """Return the paths by which a package may list a file, the resolved one first.

    On a system with merged /usr, /lib is a link to usr/lib, and a package may
    have been built with either in mind.
    """
    names: list[str] = []
    for name in (path.resolve(), path):
        names.append(str(name))
        inner = name.parts[2:] if name.parts[1:2] == ("usr",) else name.parts[1:]
        if inner and (root / inner[0]).is_symlink():
            names += [str(Path("/", *inner)), str(Path("/usr", *inner))]
    return tuple(dict.fromkeys(names))


class _System(NamedTuple):
    """The system whose package managers are asked."""

    root: Path
    environ: Mapping[str, str]
    patience: float

    def run(self, program: str, *arguments: str) -> str:
        """Return the output of a program, also if it fails; empty if it cannot be run."""
        found = shutil.which(program, path=self.environ.get("PATH", os.defpath))
        if found is None:
            return ""
        try:
            done = subprocess.run(
                [found, *arguments],
                env=self.environ,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self.patience,
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            return ""
        return os.fsdecode(done.stdout)

    def read(self, *names: str) -> str:
        """Return the first of these files below the root that can be read; empty if none can."""
        for name in names:
            with suppress(OSError), (self.root / name).open("rb") as file:
                return file.read(_MOST_BYTES).decode("utf-8", "replace")
        return ""

    def package(self, manager: str, words: Sequence[str], licenses: Iterable[str]) -> SystemPackage:
        """Return a package; ``words`` are its name, version and architecture."""
        name, version, architecture = words
        distribution, release = _distribution(self.read("etc/os-release", "usr/lib/os-release"))
        return SystemPackage(
            manager, name, version, architecture, distribution, release, tuple(licenses)
        )


def _distribution(os_release: str) -> tuple[str, str]:
    """Return ``ID`` and ``VERSION_ID``."""
    values = {}
    for line in os_release.splitlines():
        key, separator, value = line.partition("=")
        with suppress(ValueError):
            values[key] = "".join(shlex.split(value)) if separator else ""
    return values.get("ID", "linux"), values.get("VERSION_ID", "")


def _ask_dpkg(system: _System, names: Sequence[str]) -> dict[str, SystemPackage]:
    # A name that holds a wildcard would be taken for a pattern.
    patterns = [re.sub(r"[*?\[\]\\]", r"\\\g<0>", name) for name in names]
    listed: dict[str, str] = {}
    diverted: set[str] = set()
    for line in system.run("dpkg-query", "-S", *patterns).splitlines():
        owners, _, name = line.partition(": /")
        if owners.startswith(("diversion by ", "local diversion ")):
            diverted.add(f"/{name}")
        else:
            listed.setdefault(f"/{name}", owners.partition(", ")[0])
    listed = {name: owner for name, owner in listed.items() if name not in diverted}
    if not listed:
        return {}
    form = r"-f=${binary:Package}\t${Package}\t${Version}\t${Architecture}\n"
    packages: dict[str, SystemPackage] = {}
    for line in system.run("dpkg-query", "-W", form, *sorted({*listed.values()})).splitlines():
        owner, *words = line.split("\t")
        if len(words) == 3:
            text = system.read(f"usr/share/doc/{words[0]}/copyright")
            packages[owner] = system.package("deb", words, parse_copyright(text))
    return {name: packages[owner] for name, owner in listed.items() if owner in packages}


def _ask_rpm(system: _System, names: Sequence[str]) -> dict[str, SystemPackage]:
    # All files of each package that owns one: rpm does not say which file it answers for.
    heads = ("NAME", "EPOCHNUM", "VERSION", "RELEASE", "ARCH", "LICENSE")
    form = "".join(f"%{{={head}}}\\t" for head in heads)
    wanted = set(names)
    found: dict[str, SystemPackage] = {}
    for line in system.run("rpm", "-qf", "--qf", f"[{form}%{{FILENAMES}}\\n]", *names).splitlines():
        words = line.split("\t")
        if len(words) == 7 and words[6] in wanted and words[6] not in found:
            name, epoch, version, release, architecture, terms, file = words
            full = (
                f"{version}-{release}"
                if epoch in ("0", "(none)")
                else f"{epoch}:{version}-{release}"
            )
            licenses = [find_expression(terms) or terms]
            found[file] = system.package("rpm", (name, full, architecture), licenses)
    return found


def _ask_apk(system: _System, names: Sequence[str]) -> dict[str, SystemPackage]:
    """Read apk's database, a text file with one stanza for each package."""
    wanted = set(names)
    found: dict[str, SystemPackage] = {}
    for stanza in system.read("lib/apk/db/installed", "usr/lib/apk/db/installed").split("\n\n"):
        fields: dict[str, str] = {}
        directory, files = "", []
        for line in stanza.splitlines():
            key, _, value = line.partition(":")
            if key == "F":
                directory = f"/{value}" if value else ""
            elif key == "R":
                files.append(f"{directory}/{value}")
            else:
                fields.setdefault(key, value)
        owned = wanted.intersection(files)
        if owned:
            words = [fields.get(key, "") for key in "PVA"]
            terms = fields.get("L", "")
            package = system.package("apk", words, [find_expression(terms) or terms])
            found.update(dict.fromkeys(owned, package))
    return found
