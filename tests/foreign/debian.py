"""Debian packages of any suite and architecture, unpacked without any rights.

apt runs with a state of its own, so nothing of this machine's is read but where it fetches
from, and nothing of it is changed. It checks every signature. That a release is recent is not
asked for: mirrors lag behind, and these systems hold no data of anyone.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from support.process import run
from support.stored import make_once

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_DEFAULT_MIRROR = "http://deb.debian.org/debian"
_MERGED = ("bin", "sbin", "lib", "lib64")

_SOURCES = """\
deb [signed-by={keyring}] {mirror} {suite} main
deb-src [signed-by={keyring}] {mirror} {suite} main
"""
_CONFIGURATION = """\
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{state}/state";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Log "{state}/log";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
"""


def require(*programs, package):
    """Fail, not skip: who selects these tests wants to know."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.fail(f"{missing[0]} is not installed (Debian package {package})")


def mirror() -> str:
    """Where this machine's apt gets Debian from."""
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI)", check=False).stdout.split()
    ours = (uri.rstrip("/") for uri in listed if re.search(r"https?://\S+/debian/?$", uri))
    return next(ours, _DEFAULT_MIRROR)


class Apt:
    """``apt-get`` for one suite and architecture, with its state in one directory."""

    def __init__(self, state: Path, suite: str, architecture: str) -> None:
        require("apt-get", "apt-config", "dpkg-deb", package="apt")
        if not KEYRING.exists():
            pytest.fail(f"{KEYRING} is missing (Debian package debian-archive-keyring)")
        for name in ("state/lists/partial", "cache/archives/partial", "log"):
            (state / name).mkdir(parents=True)
        (state / "status").touch()
        sources = _SOURCES.format(keyring=KEYRING, mirror=mirror(), suite=suite)
        (state / "sources.list").write_text(sources)
        # Proxies and the like; the rest of the machine's configuration is left out.
        fetching = re.findall(r"^Acquire::\S+ .*;$", run("apt-config", "dump").stdout, re.MULTILINE)
        own = _CONFIGURATION.format(state=state, architecture=architecture)
        (state / "apt.conf").write_text("\n".join([*fetching, own]))
        self.state = state
        self.environ = {**os.environ, "APT_CONFIG": str(state / "apt.conf"), "LC_ALL": "C"}
        self("update")

    def __call__(self, *words, cwd=None):
        return run("apt-get", "-qq", *words, env=self.environ, cwd=cwd or self.state)

    def unpack(self, packages, root: Path) -> None:
        """The packages and all that they depend on, no script of theirs run."""
        self("install", "--yes", "--download-only", *packages)
        for package in sorted((self.state / "cache" / "archives").glob("*.deb")):
            run("dpkg-deb", "--extract", package, root)
        # Newer suites have everything below usr, and a package's script to make the links.
        for name in _MERGED:
            if not (root / name).exists() and (root / "usr" / name).exists():
                (root / name).symlink_to(f"usr/{name}")
        _keep_links_inside(root)


def unpacked(suite, architecture, packages, finish=None) -> Path:
    """A root directory with these packages. ``finish(part, place)`` is called on it once."""

    def make(part, place):
        state = part.with_name(f"{part.name}.apt")
        shutil.rmtree(state, ignore_errors=True)
        Apt(state, suite, architecture).unpack(packages, part)
        if finish:
            finish(part, place)
        shutil.rmtree(state)

    recipe = (packages, finish and finish.__name__, 3)
    return make_once(f"{suite}-{architecture}", recipe, make)


def source(suite, package) -> Path:
    """The upstream source of a package, in a directory."""

    def make(part, _place):
        state = part.with_name(f"{part.name}.apt")
        shutil.rmtree(state, ignore_errors=True)
        Apt(state, suite, "amd64")("source", "--download-only", "--tar-only", package)
        (archive,) = state.glob("*.orig.tar.*z")
        run("tar", "-xf", archive, "-C", part, "--strip-components=1")
        shutil.rmtree(state)

    return make_once(f"source-{package}", (suite,), make)


def _keep_links_inside(root: Path) -> None:
    """Absolute links are meant for a system whose root this is."""
    for folder, directories, files in os.walk(root):
        for name in (*directories, *files):
            link = Path(folder, name)
            if link.is_symlink() and link.readlink().is_absolute():
                target = root / link.readlink().relative_to("/")
                link.unlink()
                link.symlink_to(os.path.relpath(target, link.parent.resolve()))
