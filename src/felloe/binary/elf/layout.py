"""The records of ELF: enumerations, structures, names of machines.

Source: System V gABI, chapters "ELF Header", "Program Header", "Dynamic
Section" and "Symbol Table"; the values above 0x60000000 are GNU's. Machine
flags of ARM: "ELF for the Arm Architecture", section 5.2.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

MAGIC = b"\x7fELF"
IDENT_SIZE = 16
CLASSES = {1: 32, 2: 64}
"""``EI_CLASS`` -> bits."""
BYTE_ORDERS = {1: "<", 2: ">"}
"""``EI_DATA`` -> byte order, as :mod:`struct` writes it."""


class ElfType(IntEnum):
    """``e_type``, as far as files in wheels have it."""

    RELOCATABLE = 1
    EXECUTABLE = 2
    SHARED = 3
    CORE = 4


class SegmentType(IntEnum):
    """``p_type``."""

    LOAD = 1
    DYNAMIC = 2
    INTERP = 3
    NOTE = 4
    GNU_STACK = 0x6474E551
    GNU_PROPERTY = 0x6474E553


class DynamicTag(IntEnum):
    """``d_tag``."""

    NULL = 0
    NEEDED = 1
    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    STRSZ = 10
    SONAME = 14
    RPATH = 15
    TEXTREL = 22
    RUNPATH = 29
    FLAGS = 30
    RELR = 36
    GNU_HASH = 0x6FFFFEF5
    VERSYM = 0x6FFFFFF0
    FLAGS_1 = 0x6FFFFFFB
    VERNEED = 0x6FFFFFFE
    VERNEEDNUM = 0x6FFFFFFF


DF_TEXTREL = 0x4
DF_1_PIE = 0x08000000
PF_X = 0x1

_EF_ARM_EABI_MASK = 0xFF000000
_EF_ARM_EABI_VER5 = 0x05000000
EF_ARM_ABI_FLOAT_HARD = 0x400

# Architecture names as in platform tags, by (e_machine, bits, byte order).
_ARCHITECTURES = {
    (3, 32, "<"): "i686",
    (21, 64, "<"): "ppc64le",
    (21, 64, ">"): "ppc64",
    (22, 64, ">"): "s390x",
    (40, 32, "<"): "armv7l",
    (62, 64, "<"): "x86_64",
    (183, 64, "<"): "aarch64",
    (243, 64, "<"): "riscv64",
    (258, 64, "<"): "loongarch64",
}


def find_architecture(machine: int, bits: int, byte_order: str, flags: int) -> str | None:
    """Return the machine as platform tags spell it; None if no tag names it.

    The ``armv7l`` of the tags is EABI version 5 with floats in registers.
    """
    name = _ARCHITECTURES.get((machine, bits, byte_order))
    hard_float = flags & _EF_ARM_EABI_MASK == _EF_ARM_EABI_VER5 and flags & EF_ARM_ABI_FLOAT_HARD
    return name if name != "armv7l" or hard_float else None


class Segment(NamedTuple):
    """One program header; offsets and sizes in bytes."""

    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    align: int


class Layout(NamedTuple):
    """The record formats of one (class, byte order), for :mod:`struct`."""

    header: struct.Struct
    segment: struct.Struct
    dynamic: struct.Struct
    symbol: struct.Struct


def _layout(bits: int, order: str) -> Layout:
    word = "Q" if bits == 64 else "I"
    return Layout(
        header=struct.Struct(f"{order}HHI{word * 3}IHHHHHH"),
        segment=struct.Struct(order + ("IIQQQQQQ" if bits == 64 else "IIIIIIII")),
        dynamic=struct.Struct(order + word * 2),
        symbol=struct.Struct(order + ("IBBHQQ" if bits == 64 else "IIIBBH")),
    )


LAYOUTS = {(bits, order): _layout(bits, order) for bits in (32, 64) for order in "<>"}


def is_known(architecture: str) -> bool:
    """Tell whether :func:`find_architecture` knows this machine of a platform tag."""
    return architecture in _ARCHITECTURES.values()
