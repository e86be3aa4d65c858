"""Members of an sdist: name, type and link target."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """Types of members of a tar file."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMBOLIC_LINK = "symbolic link"
    HARD_LINK = "hard link"
    SPARSE = "sparse file"
    OTHER = "device or pipe"


@dataclass(frozen=True)
class SdistMember:
    """A member of a tar file."""

    name: str
    type: Type
    target: str = ""
    """Target of a link, relative to its directory (symbolic) or to the archive (hard)."""


_TYPES = {
    tarfile.DIRTYPE: Type.DIRECTORY,
    tarfile.SYMTYPE: Type.SYMBOLIC_LINK,
    tarfile.LNKTYPE: Type.HARD_LINK,
}


def describe_member(member: tarfile.TarInfo) -> SdistMember:
    """Return the name, type and target of a member."""
    if member.issparse():
        return SdistMember(member.name, Type.SPARSE)
    usual = Type.FILE if member.isreg() else Type.OTHER
    return SdistMember(member.name, _TYPES.get(member.type, usual), member.linkname)
