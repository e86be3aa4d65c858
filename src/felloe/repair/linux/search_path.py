"""The directories that a system's loader searches, and the tokens in search paths.

Sources: ld.so(8), glibc's elf/dl-load.c, musl's ldso/dynlink.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from felloe.errors import MalformedBinary
from felloe.repair.linux.ldconfig import parse_cache, read_conf, read_musl_path


class _Spelling(NamedTuple):
    """The spellings of one architecture in names of directories and files."""

    multiarch: str
    """Debian's triplet."""
    musl: str
    """musl's ``LDSO_ARCH``."""
    word: str = "lib64"
    """The directory for its libraries on distributions without triplets."""


_SPELLINGS = {
    "aarch64": _Spelling("aarch64-linux-gnu", "aarch64"),
    "armv7l": _Spelling("arm-linux-gnueabihf", "armhf", "lib"),
    "i686": _Spelling("i386-linux-gnu", "i386", "lib"),
    "loongarch64": _Spelling("loongarch64-linux-gnu", "loongarch64"),
    "ppc64": _Spelling("powerpc64-linux-gnu", "powerpc64"),
    "ppc64le": _Spelling("powerpc64le-linux-gnu", "powerpc64le"),
    "riscv64": _Spelling("riscv64-linux-gnu", "riscv64"),
    "s390x": _Spelling("s390x-linux-gnu", "s390x"),
    "x86_64": _Spelling("x86_64-linux-gnu", "x86_64"),
}
"""By architecture as platform tags spell it."""


@dataclass(frozen=True)
class SearchPath:
    """The places that a system's loader searches for every object."""

    environment: tuple[Path, ...] = ()
    """``LD_LIBRARY_PATH``."""
    extra: tuple[Path, ...] = ()
    """The user's own directories, which come before those of the environment."""
    cache: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    """Name -> files, the first preferred: ``/etc/ld.so.cache``."""
    default: tuple[Path, ...] = ()
    libc: str = "glibc"
    """``glibc`` or ``musl``. Their rules differ."""
    lib: tuple[str, ...] = ("lib",)
    """Possible values of ``$LIB``: ``lib/x86_64-linux-gnu``."""


def read_search_path(
    environ: Mapping[str, str],
    extra: Iterable[Path],
    libc: str,
    architecture: str,
    root: Path = Path("/"),
) -> SearchPath:
    """Return the search path of the system below ``root`` for an architecture.

    ``libc`` is ``glibc`` or ``musl``, ``architecture`` as platform tags spell it.
    Missing and malformed configuration is left out.
    """
    spelling = _SPELLINGS.get(architecture, _Spelling("", architecture))
    given = environ.get("LD_LIBRARY_PATH", "")
    if libc == "musl":
        environment = re.split(r"[:\n]", given)
        default = _below(root, read_musl_path(root, spelling.musl))
        return SearchPath(_absolute(environment), tuple(extra), {}, default, libc)
    lib = _lib(root, spelling)
    environment = [*expand_glibc(re.split("[:;]", given), None, lib, architecture)]
    names = [f"{top}/{name}" for name in dict.fromkeys((*lib, "lib")) for top in ("", "/usr")]
    try:
        cache = parse_cache((root / "etc/ld.so.cache").read_bytes())
    except (OSError, MalformedBinary):
        names = [*read_conf(root), *names]
        cache = {}
    return SearchPath(
        environment=_absolute(environment),
        extra=tuple(extra),
        cache={name: _below(root, paths) for name, paths in cache.items()},
        default=tuple(path for path in _below(root, names) if path.is_dir()),
        libc=libc,
        lib=lib,
    )


def _absolute(entries: Iterable[str]) -> tuple[Path, ...]:
    return tuple(Path(entry) for entry in entries if entry.startswith("/"))


def _below(root: Path, paths: Iterable[str]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(root / path.lstrip("/") for path in paths))


def _lib(root: Path, spelling: _Spelling) -> tuple[str, ...]:
    """Return the directories of the system's C library, which its loader uses for ``$LIB``."""
    names: tuple[str, ...] = ("lib",)
    if spelling.multiarch:
        names = tuple(dict.fromkeys((f"lib/{spelling.multiarch}", spelling.word, "lib")))
    return tuple(name for name in names if (root / name / "libc.so.6").exists()) or names


_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")
_MUSL_TOKEN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})")


def expand_glibc(
    entries: Iterable[str], origin: Path | None, lib: Iterable[str], platform: str | None
) -> Iterator[str]:
    """Yield entries with their dynamic string tokens replaced; unknown values drop the entry.

    ``$LIB`` may stand for several directories, and gives an entry for each.
    """
    for entry in entries:
        used = {word or braced for word, braced in _TOKEN.findall(entry)}
        if ("ORIGIN" in used and origin is None) or ("PLATFORM" in used and platform is None):
            continue
        for choice in lib if "LIB" in used else ("",):
            values = {"ORIGIN": str(origin), "PLATFORM": str(platform), "LIB": choice}
            yield _fill_in(entry, values)


def _fill_in(entry: str, values: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda match: values[match[1] or match[2]], entry)


def expand_musl(entries: Iterable[str], origin: Path | None) -> Iterator[str]:
    """Yield entries as musl expands them. It knows only ``$ORIGIN``, and stops at other tokens."""
    entries = tuple(entries)
    if "$" in "".join(_MUSL_TOKEN.sub("", entry) for entry in entries):
        return
    for entry in entries:
        if origin is not None or not _MUSL_TOKEN.search(entry):
            yield _MUSL_TOKEN.sub(lambda _: str(origin), entry)
