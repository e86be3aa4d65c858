"""The machines that Linux wheels are built for: one row each, with its names everywhere.

A new machine is a new row here, and its policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """The names of one machine."""

    tag: str
    """Name in platform tags, in ``uname -m`` and in CMake."""
    triplet: str
    """CPython's and GNU's (configure.ac, PLATFORM_TRIPLET), for glibc."""
    zig: str
    """Name in zig's targets."""
    qemu: str
    """Name in ``qemu-<name>``."""
    elf: int
    """``e_machine`` of ELF files."""
    zig_suffix: str = ""
    """Suffix after ``gnu`` or ``musl`` in zig's targets."""
    oldest_glibc: tuple[int, int] = (2, 17)
    """Oldest glibc of the manylinux policies that zig supports."""
    is_64_bit: bool = True
    is_big_endian: bool = False

    @property
    def elf_bytes(self) -> str:
        """``e_machine`` as it stands in a file, in hexadecimal."""
        return self.elf.to_bytes(2, "big" if self.is_big_endian else "little").hex()


_ROWS = (
    Machine("x86_64", "x86_64-linux-gnu", "x86_64", "x86_64", 62),
    Machine("aarch64", "aarch64-linux-gnu", "aarch64", "aarch64", 183),
    Machine("i686", "i386-linux-gnu", "x86", "i386", 3, is_64_bit=False),
    Machine("armv7l", "arm-linux-gnueabihf", "arm", "arm", 40, "eabihf", is_64_bit=False),
    Machine("ppc64le", "powerpc64le-linux-gnu", "powerpc64le", "ppc64le", 21, oldest_glibc=(2, 19)),
    Machine("s390x", "s390x-linux-gnu", "s390x", "s390x", 22, is_big_endian=True),
    Machine("riscv64", "riscv64-linux-gnu", "riscv64", "riscv64", 243, oldest_glibc=(2, 31)),
)
MACHINES: Mapping[str, Machine] = {row.tag: row for row in _ROWS}
"""Machines by their name in platform tags."""
