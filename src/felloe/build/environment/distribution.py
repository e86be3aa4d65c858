"""The files of installed distributions, and a hash of all of them.

https://packaging.python.org/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from felloe.build.environment.origin import Origin

_INSTALLERS_OWN = frozenset(
    ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json", "uv_build.json")
)
_NOT_A_DISTRIBUTIONS = frozenset(("__pycache__", "_virtualenv.py", "_virtualenv.pth"))
_SHEBANG = re.compile(
    rb"""\A\#!(?:
        /bin/sh\n'''exec'\ "?(?P<long>[^\n]*?python[\w.]*)"?\ "\$0"\ "\$@"\n'\ '''\n
      | (?P<short>[^\n]*python[\w.]*)(?P<options>[^\n]*)\n
    )""",
    re.VERBOSE,
)


class Unplaceable(Exception):
    """Error for an environment with a file that would not work at another path."""


@dataclass(frozen=True)
class File:
    """A file of a distribution."""

    path: str
    """Below the prefix of the environment: ``bin/ninja``."""
    source: str
    """Path of the installed file; empty if :attr:`text` is the content."""
    digest: str
    text: bytes = b""
    is_script: bool = False
    """True if a first line with the interpreter must be written before the text."""


@dataclass(frozen=True)
class Content:
    """All that is installed in an environment."""

    files: tuple[File, ...]
    names: tuple[str, ...]
    """``pybind11-3.0.1`` and so on."""
    address: str
    """A hash of the interpreter and of every file."""


def read_content(origin: Origin) -> Content:
    """Return the content of the sites. Equal wheels give equal addresses.

    Raise :class:`Unplaceable` for a file that cannot be moved, :class:`OSError`
    for one that cannot be read.
    """
    files: dict[str, File] = {}
    names: list[str] = []
    seen: set[str] = set()
    for site in origin.sites:
        inside = f"lib/{os.path.basename(os.path.dirname(site))}/site-packages"
        owned = set(_NOT_A_DISTRIBUTIONS)
        entries = sorted(os.listdir(site)) if os.path.isdir(site) else []
        for info in entries:
            stem, dot, kind = info.rpartition(".")
            if dot and kind == "dist-info" and os.path.exists(f"{site}/{info}/RECORD"):
                found = list(_read_distribution(site, inside, info, owned))
                name = stem.rpartition("-")[0]
                if name not in seen:  # the first on sys.path is the one that is imported
                    seen.add(name)
                    names.append(stem)
                    files = {**{file.path: file for file in found}, **files}
        for entry in entries:
            if entry not in owned:
                files = {**{f.path: f for f in _read_loose(site, inside, entry)}, **files}
            if entry.endswith(".pth"):
                _check_path_file(f"{site}/{entry}", origin)
    ordered = tuple(files[path] for path in sorted(files))
    return Content(ordered, tuple(sorted(names)), _address(origin, ordered))


def _address(origin: Origin, files: tuple[File, ...]) -> str:
    lines = [origin.base, origin.identity, *(f"{file.path}\0{file.digest}" for file in files)]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def _read_distribution(site: str, inside: str, info: str, owned: set[str]) -> Iterator[File]:
    """Yield the files in a RECORD, without those that the installer added."""
    scripts = _read_entry_points(f"{site}/{info}/entry_points.txt")
    for name, function in scripts.items():
        module, call = function
        text = _ENTRY_SCRIPT.format(module=module, name=call.partition(".")[0], call=call).encode()
        yield File(f"bin/{name}", "", _digest(text), text, is_script=True)
    rows = [(f"../../../bin/{name}", "", "") for name in scripts]
    with open(f"{site}/{info}/RECORD", encoding="utf-8", newline="") as record:
        for row in filter(None, csv.reader(record)):
            path, digest, size = (*row, "", "")[:3]
            head, _, tail = path.partition("/")
            owned.add(head)
            if path.endswith(".pyc") or (head == info and tail in _INSTALLERS_OWN):
                continue
            file = _read_row(site, inside, path, digest)
            if file.path.startswith("bin/") and file.path[4:] in scripts:
                continue
            rows.append((path, "", "") if file.is_script else (path, digest, size))
            yield file
    yield _write_record(f"{inside}/{info}/RECORD", [*rows, (f"{info}/RECORD", "", "")])


def _read_row(site: str, inside: str, path: str, digest: str) -> File:
    """Return the file of a row. A path above the site directory is elsewhere in the prefix."""
    if not path.startswith((".", "/")):
        return _read_file(f"{inside}/{path}", f"{site}/{path}", digest)
    place = os.path.normpath(os.path.join(inside, path))
    if place.startswith(("..", "/")):
        raise Unplaceable(f"{site} has a file outside its environment: {path}")
    source = os.path.normpath(f"{site}/{path}")
    return (_read_script if os.path.dirname(place) == "bin" else _read_file)(place, source, digest)


def _write_record(place: str, rows: list[tuple[str, str, str]]) -> File:
    """Return the RECORD of the copied files, in which some packages look for their own files."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted(rows))
    data = text.getvalue().encode()
    return File(place, "", _digest(data), data)


def _read_file(place: str, source: str, digest: str) -> File:
    if not digest:  # RECORD states no hash
        with open(source, "rb") as file:
            digest = _digest(file.read())
    return File(place, source, digest)


def _read_loose(site: str, inside: str, entry: str) -> Iterator[File]:
    """Yield files that are in no RECORD, with a hash of their content."""
    top = f"{site}/{entry}"
    if os.path.isfile(top):
        yield _read_file(f"{inside}/{entry}", top, "")
    for directory, folders, names in os.walk(top):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for name in sorted(names):
            path = f"{directory}/{name}"
            yield _read_file(inside + path[len(site) :], path, "")


def _read_script(place: str, source: str, digest: str) -> File:
    """Return a program. A script is hashed without the first line, which names the interpreter."""
    with open(source, "rb") as file:
        if file.read(2) != b"#!":
            return _read_file(place, source, digest)
        text = b"#!" + file.read()
    match = _SHEBANG.match(text)
    if match is None:
        return File(place, source, _digest(text))
    body = text[match.end() :]
    return File(place, "", _digest(body), body, is_script=True)


def _check_path_file(path: str, origin: Origin) -> None:
    with open(path, "rb") as file:
        text = os.fsdecode(file.read())
    if any(root in text for root in origin.roots):
        raise Unplaceable(f"{os.path.basename(path)} names a directory that the frontend deletes")


def _digest(data: bytes) -> str:
    return f"content={hashlib.sha256(data).hexdigest()}"


def hash_file(path: str) -> str:
    """Return a file's hash as RECORD writes it."""
    from felloe.wheel.digest import hash_file as hash_bytes
    from felloe.wheel.record import encode_digest

    return f"sha256={encode_digest(hash_bytes(path))}"


_ENTRY_SCRIPT = """\
import sys
from {module} import {name}
sys.exit({call}())
"""
_ENTRY_SECTIONS = ("console_scripts", "gui_scripts")


def _read_entry_points(path: str) -> dict[str, tuple[str, str]]:
    """Return the entry points, whose scripts each installer writes differently.

    The keys are names, the values are pairs of module and function.
    """
    if not os.path.exists(path):
        return {}
    from configparser import ConfigParser, Error

    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read(path, encoding="utf-8")
    except Error as cause:
        raise Unplaceable(f"{path} cannot be read") from cause
    found = {}
    for section in _ENTRY_SECTIONS:
        for name, value in parser.items(section) if parser.has_section(section) else ():
            module, _, function = value.partition("[")[0].strip().partition(":")
            if "/" not in name and function:
                found[name] = (module.strip(), function.strip())
    return found
