"""What a member of a tar file is, as the rules of an index ask it."""

from __future__ import annotations

import tarfile

from felloe.index.sdist_rules import SdistMember, Type

_TYPES = {
    tarfile.DIRTYPE: Type.DIRECTORY,
    tarfile.SYMTYPE: Type.SYMBOLIC_LINK,
    tarfile.LNKTYPE: Type.HARD_LINK,
}


def describe_member(member: tarfile.TarInfo) -> SdistMember:
    """The name, type and target of a member."""
    if member.issparse():
        return SdistMember(member.name, Type.SPARSE)
    usual = Type.FILE if member.isreg() else Type.OTHER
    return SdistMember(member.name, _TYPES.get(member.type, usual), member.linkname)
