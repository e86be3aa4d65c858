"""Libraries of the build machine that a wheel needs, and the files that need them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from felloe.binary.elf.reader import ElfObject
from felloe.errors import FelloeError

INCLUDE = "`libraries.include`"
"""The requester of libraries that the settings name."""


@dataclass(frozen=True)
class Library:
    """A library of the build machine that a wheel needs, in any format."""

    path: str
    """The file itself, symbolic links resolved; also its identity in a plan."""
    soname: str
    """Its own name, or else the name it is needed by; never with a directory."""
    digest: str
    """SHA-256 of the file, hexadecimal."""

    def read(self) -> bytes:
        """Return the file's bytes.

        Raises :class:`FelloeError` if they are not those that :attr:`digest` was made of:
        the copy's name and the SBOM would be false.
        """
        data = Path(self.path).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise FelloeError(
                f"{self.path} changed while it was copied into the wheel",
                hint="run the command again when nothing else writes to that file",
            )
        return data


@dataclass(frozen=True)
class External(Library):
    """An ELF library of the build machine."""

    elf: ElfObject


@dataclass(frozen=True)
class Graft:
    """A library of the build machine and the member of the wheel that holds its copy."""

    external: Library
    member: str


@dataclass(frozen=True)
class Link:
    """``requester`` (a member's name, or an external's path) needs ``target`` as ``soname``."""

    requester: str
    soname: str
    target: str


@dataclass(frozen=True)
class Missing:
    """A needed library that was not found."""

    requester: str
    soname: str
    places: tuple[str, ...]
    """The places searched; the first of many."""


@dataclass(frozen=True)
class Collection:
    """The libraries that a wheel needs, directly or through one another."""

    externals: tuple[External, ...] = ()
    links: tuple[Link, ...] = ()
    missing: tuple[Missing, ...] = ()
    waived: frozenset[str] = frozenset()
    """Needed names that are left out on purpose."""
    included: Mapping[str, str] = field(default_factory=dict)
    """Path of each external that is loaded by name at run time -> that name, which it keeps."""
