"""The records of Mach-O as tables: magics, load commands, machines, platforms.

Source: Apple's ``mach-o/loader.h``, ``mach-o/fat.h``, ``mach/machine.h``.
"""

from __future__ import annotations

import struct
from enum import IntEnum

MAGICS = {
    b"\xfe\xed\xfa\xce": (32, ">"),
    b"\xce\xfa\xed\xfe": (32, "<"),
    b"\xfe\xed\xfa\xcf": (64, ">"),
    b"\xcf\xfa\xed\xfe": (64, "<"),
}
"""First four bytes of an image -> bits, byte order."""

FAT_LAYOUTS = {
    b"\xca\xfe\xba\xbe": struct.Struct(">5I"),
    b"\xca\xfe\xba\xbf": struct.Struct(">IIQQII"),
}
"""First four bytes of a universal file -> ``fat_arch`` or ``fat_arch_64``, always big-endian."""


class FileType(IntEnum):
    """``filetype``, as far as a wheel can hold it."""

    OBJECT = 1
    EXECUTE = 2
    DYLIB = 6
    BUNDLE = 8
    DSYM = 10


class Platform(IntEnum):
    """``PLATFORM_*``."""

    MACOS = 1
    IOS = 2
    TVOS = 3
    WATCHOS = 4
    MACCATALYST = 6
    IOSSIMULATOR = 7


LC_REQ_DYLD = 0x80000000
"""Set in commands that a loader has to know."""


class Command(IntEnum):
    """``LC_*``."""

    SYMTAB = 0x2
    DYSYMTAB = 0xB
    LOAD_DYLIB = 0xC
    ID_DYLIB = 0xD
    LOAD_WEAK_DYLIB = 0x18 | LC_REQ_DYLD
    RPATH = 0x1C | LC_REQ_DYLD
    CODE_SIGNATURE = 0x1D
    REEXPORT_DYLIB = 0x1F | LC_REQ_DYLD
    LAZY_LOAD_DYLIB = 0x20
    DYLD_INFO_ONLY = 0x22 | LC_REQ_DYLD
    LOAD_UPWARD_DYLIB = 0x23 | LC_REQ_DYLD
    VERSION_MIN_MACOSX = 0x24
    VERSION_MIN_IPHONEOS = 0x25
    VERSION_MIN_TVOS = 0x2F
    VERSION_MIN_WATCHOS = 0x30
    BUILD_VERSION = 0x32
    DYLD_EXPORTS_TRIE = 0x33 | LC_REQ_DYLD


DYLIB_COMMANDS: dict[int, str] = {
    Command.LOAD_DYLIB: "load",
    Command.LOAD_WEAK_DYLIB: "weak",
    Command.REEXPORT_DYLIB: "reexport",
    Command.LOAD_UPWARD_DYLIB: "upward",
    Command.LAZY_LOAD_DYLIB: "lazy",
}

VERSION_MIN_PLATFORMS: dict[int, int] = {
    Command.VERSION_MIN_MACOSX: Platform.MACOS,
    Command.VERSION_MIN_IPHONEOS: Platform.IOS,
    Command.VERSION_MIN_TVOS: Platform.TVOS,
    Command.VERSION_MIN_WATCHOS: Platform.WATCHOS,
}

_CPUS = {
    7: "i386",
    12: "arm",
    18: "ppc",
    0x01000007: "x86_64",
    0x0100000C: "arm64",
    0x0200000C: "arm64_32",
    0x01000012: "ppc64",
}
# Slices that only some machines of their type run.
_SUBTYPES = {(0x01000007, 8): "x86_64h", (0x0100000C, 2): "arm64e"}
_SUBTYPE_MASK = 0x00FFFFFF


def find_cpu(cpu: int, subtype: int) -> str:
    """Return the name of a machine as in platform tags, else ``lipo``'s, else its number."""
    special = _SUBTYPES.get((cpu, subtype & _SUBTYPE_MASK))
    return special or _CPUS.get(cpu, f"cpu {cpu:#x}")
