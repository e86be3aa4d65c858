"""Kept environments: equal contents have equal paths, as long as the cache keeps them.

An environment is a directory like a virtual environment, named after a hash of
all its files. It is created once and never changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.build.cache.entry import lock_of, set_aside, touch_card, write_card
from felloe.build.cache.lock import Lock
from felloe.build.cache.manifest import find_changed, read_manifest, take_stamps, write_manifest
from felloe.build.environment.distribution import Content, File, Unplaceable
from felloe.build.environment.origin import Origin

_MANIFEST = "manifest"
_CONFIG = "pyvenv.cfg"
_PLACE = "place = "
"""Key in pyvenv.cfg for the path that the scripts name. Python ignores it."""
_SHEBANG_LIMIT = 127
"""Longest first line of a script, in bytes. Linux before 5.1 cuts a longer one."""


@dataclass(frozen=True)
class Environment:
    """A placed environment, in use until its lock is released."""

    path: Path
    address: str
    lock: Lock

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.path / "bin" / "python")


def place_environment(root: Path, origin: Origin, content: Content) -> Environment:
    """Return the environment with this content: the kept one, or a new one.

    A damaged one is deleted and made again. Two processes may do this at the
    same time: both then use the one that is finished first. Raise
    :class:`OSError` if the cache cannot be written, :class:`Unplaceable` if the
    environment would not work there.
    """
    path = root / "environments" / content.address
    lock = lock_of(path, shared=True)
    if lock is None:  # another process is deleting it
        raise Unplaceable(f"{path} is being removed by another process")
    if path.exists() and find_damage(path):
        lock = _set_damaged_aside(path, lock)
    try:
        if path.exists():
            touch_card(path)
        else:
            _make(path, origin, content)
        return Environment(path, content.address, lock)
    except BaseException:
        lock.release()
        raise


def _set_damaged_aside(path: Path, lock: Lock) -> Lock:
    """Set an environment aside unless a build runs in it; return its lock, shared again."""
    lock.release()
    exclusive = lock_of(path)
    if exclusive is None:
        raise Unplaceable(f"{path} is damaged, and another build is using it")
    try:
        set_aside(path)
    finally:
        exclusive.release()
    shared = lock_of(path, shared=True)
    if shared is None:
        raise Unplaceable(f"{path} is being removed by another process")
    return shared


def find_damage(path: Path, digest: Callable[[str], str] | None = None) -> list[str]:
    """Return the paths in a kept environment that were changed since it was made.

    The function compares sizes and times, which takes milliseconds. With
    ``digest``, which returns the hash of a file as in RECORD, it compares the
    contents as well.
    """
    try:
        stamps, digests = read_manifest(path / _MANIFEST)
    except (OSError, ValueError):
        return [_MANIFEST]
    damage = list(find_changed(stamps, str(path)))
    if not _is_in_place(path):
        damage.append(_CONFIG)
    for site, expected in _tops(stamps).items():
        with suppress(OSError):
            found = {*os.listdir(path / site)} - {"__pycache__"}
            damage += [f"{site}/{name}" for name in sorted(found - expected)]
    if not os.access(path / "bin" / "python", os.X_OK):
        damage.append("bin/python")
    if digest is not None:
        damage += [
            name
            for name, expected_digest in digests.items()
            if expected_digest.startswith("sha256=") and name not in damage
            if digest(str(path / name)) != expected_digest
        ]
    return damage


def _is_in_place(path: Path) -> bool:
    """Return whether an environment is at the path that it was made for.

    It is not if the cache was moved or copied.
    """
    try:
        lines = (path / _CONFIG).read_text(encoding="utf-8").splitlines()
        places = [line[len(_PLACE) :] for line in lines if line.startswith(_PLACE)]
        return any(os.path.samefile(place, path) for place in places)
    except (OSError, ValueError):
        return False


def _tops(names: Iterable[str]) -> dict[str, set[str]]:
    """Return the names at the top of each directory of distributions."""
    tops: dict[str, set[str]] = {}
    for name in names:
        *site, top = name.split("/", 4)[:4]
        if len(site) == 3 and site[2].endswith("-packages"):
            tops.setdefault("/".join(site), set()).add(top)
    return tops


def _make(path: Path, origin: Origin, content: Content) -> None:
    """Fill a temporary directory, check that its interpreter starts, and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".new-{os.urandom(6).hex()}")
    try:
        part.mkdir()
        _fill(part, path, origin, content)
        _check_start(part)
        try:
            part.rename(path)
        except OSError:
            if find_damage(path):  # else another process has made it
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(part: Path, path: Path, origin: Origin, content: Content) -> None:
    directory = part / "bin"
    directory.mkdir()
    (directory / "python").symlink_to(origin.base)
    version = os.path.basename(os.path.dirname(origin.sites[0]))
    for name in ("python3", version):
        if not (directory / name).is_symlink():
            (directory / name).symlink_to("python")
    (part / _CONFIG).write_text(
        f"home = {os.path.dirname(origin.base)}\ninclude-system-site-packages = false\n"
        f"{_PLACE}{path}\n",
        encoding="utf-8",
    )
    site = part / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    made = {str(directory), str(site)}
    for file in content.files:
        target = f"{part}/{file.path}"
        parent = os.path.dirname(target)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        _put(file, target, str(path / "bin" / "python"))
    link_bytecode(content.files, str(part))
    names = [_CONFIG, *(file.path for file in content.files)]
    digests = {file.path: file.digest for file in content.files if file.source}
    write_manifest(part / _MANIFEST, take_stamps(names, str(part)), digests)
    write_card(part, " ".join(content.names))


def _put(file: File, target: str, python: str) -> None:
    if not file.source:
        with open(target, "wb") as made:
            made.write((_shebang(python) if file.is_script else b"") + file.text)
        os.chmod(target, 0o755 if file.is_script else 0o644)
        return
    source = file.source
    if os.path.islink(source):  # some installers only link to their own cache
        source = os.path.realpath(source)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise Unplaceable(f"{file.source} is missing, though its RECORD lists it") from None
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)


def link_bytecode(files: Iterable[File], part: str) -> None:
    """Link the compiled modules of the frontend's environment.

    Python accepts them if time and size of the source are unchanged. To compile
    the engine again would take a tenth of the time of a small build.
    """
    directories = {
        os.path.dirname(file.source): os.path.dirname(f"{part}/{file.path}")
        for file in files
        if file.source.endswith(".py")
    }
    for source, target in directories.items():
        with suppress(OSError):  # nothing was compiled, or this file system has no links
            names = os.listdir(f"{source}/__pycache__")
            os.mkdir(f"{target}/__pycache__")
            for name in names:
                os.link(f"{source}/__pycache__/{name}", f"{target}/__pycache__/{name}")


def _shebang(python: str) -> bytes:
    line = os.fsencode(f"#!{python}\n")
    if len(line) <= _SHEBANG_LIMIT and len(python.split()) == 1:
        return line
    return os.fsencode(f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n")


def _check_start(part: Path) -> None:
    """Check that the interpreter starts with the environment as its prefix."""
    command = [str(part / "bin" / "python"), "-Ic", "import sys; print(sys.prefix)"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode or os.path.realpath(done.stdout.strip()) != os.path.realpath(part):
        raise Unplaceable("its interpreter does not work at another path")
