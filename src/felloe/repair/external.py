"""The libraries of the build machine that a wheel needs, and who needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from felloe.binary.elf.reader import ElfObject


@dataclass(frozen=True)
class Library:
    """A library of the build machine that a wheel needs, in any format."""

    path: str
    """The file itself, symbolic links resolved; also its identity in a plan."""
    soname: str
    """Its own name, or else the name it is needed by; never with a directory."""
    digest: str
    """SHA-256 of the file, hexadecimal."""


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
    """A needed library that was found nowhere, and where it was looked for."""

    requester: str
    soname: str
    places: tuple[str, ...]


@dataclass(frozen=True)
class Collection:
    """The externals that a wheel needs, directly or through one another."""

    externals: tuple[External, ...] = ()
    links: tuple[Link, ...] = ()
    missing: tuple[Missing, ...] = ()
    waived: frozenset[str] = frozenset()
    """Needed names that are not copied because somebody said so."""
    included: Mapping[str, str] = field(default_factory=dict)
    """Paths of externals that are loaded by name at run time -> that name, which they keep."""
