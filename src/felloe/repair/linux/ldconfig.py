"""Read the configuration of a system's loader: its cache and its lists of directories.

Sources: ldconfig(8) for ``ld.so.conf``, glibc's sysdeps/generic/dl-cache.h for
``ld.so.cache``, musl's ldso/dynlink.c for ``ld-musl-<arch>.path``.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from felloe.binary.strings import StringTable
from felloe.errors import MalformedBinary

_OLD_MAGIC = b"ld.so-1.7.0"
_MAGIC = b"glibc-ld.so.cache1.1"
_HEADER_SIZE = 48
# Byte order in the header; caches of older systems do not state it.
_ORDERS = {2: "<", 3: ">"}
_DEEPEST_INCLUDE = 10


def parse_cache(data: bytes) -> dict[str, tuple[str, ...]]:
    """Return the paths for each name in a ``ld.so.cache`` of version 1.1, the preferred first.

    Entries for special processors are left out. Raises :class:`MalformedBinary` for any
    other format, and if a record or a string leads out of the file.
    """
    start = data.find(_MAGIC) if data.startswith(_OLD_MAGIC) else 0
    data = data[max(start, 0) :]
    if not data.startswith(_MAGIC) or len(data) < _HEADER_SIZE:
        raise MalformedBinary("no ld.so.cache of version 1.1")
    order = _ORDERS.get(data[28] & 3, "<" if sys.byteorder == "little" else ">")
    (count,) = struct.unpack_from(f"{order}I", data, len(_MAGIC))
    entry = struct.Struct(f"{order}iIIIQ")
    end = _HEADER_SIZE + count * entry.size
    if end > len(data):
        raise MalformedBinary("the entries of ld.so.cache reach beyond its end")
    strings = StringTable(data)
    found: dict[str, list[str]] = {}
    for _, name, path, _, processor in entry.iter_unpack(data[_HEADER_SIZE:end]):
        if not processor:
            found.setdefault(strings.at(name), []).append(strings.at(path))
    return {name: tuple(paths) for name, paths in found.items()}


def read_conf(root: Path) -> list[str]:
    """Return the directories that ``/etc/ld.so.conf`` below ``root`` lists, without ``root``."""
    return list(_conf_directories(root, "/etc/ld.so.conf", 0))


def _conf_directories(root: Path, file: str, depth: int) -> Iterator[str]:
    try:
        text = (root / file.lstrip("/")).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["include"] and depth < _DEEPEST_INCLUDE:
            for pattern in words[1:]:
                for included in _matches(root, PurePosixPath(file).parent / pattern):
                    yield from _conf_directories(root, included, depth + 1)
        elif words and words[0] not in ("include", "hwcap"):
            # Up to glibc 2.31 a directory could carry the type of its libraries: /lib=libc6.
            yield " ".join(words).partition("=")[0]


def _matches(root: Path, pattern: PurePosixPath) -> list[str]:
    """Return the files below ``root`` that match, sorted as ldconfig does, without ``root``."""
    below = str(pattern).lstrip("/")
    return [f"/{path.relative_to(root)}" for path in sorted(root.glob(below))] if below else []


def read_musl_path(root: Path, architecture: str) -> list[str]:
    """Return the directories that musl searches. ``architecture`` is spelled as musl does."""
    try:
        path = root / f"etc/ld-musl-{architecture}.path"
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        text = "/lib:/usr/local/lib:/usr/lib"
    except OSError:
        return []
    return [entry for entry in re.split(r"[:\n]", text) if entry.startswith("/")]
