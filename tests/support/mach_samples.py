"""Mach-O files forged byte by byte, with just the parts that a loader looks at."""

from __future__ import annotations

import struct
from collections.abc import Sequence

CPUS = {
    "x86_64": (0x01000007, 3),
    "x86_64h": (0x01000007, 8),
    "arm64": (0x0100000C, 0),
    "arm64e": (0x0100000C, 2),
    "i386": (7, 3),
    "ppc": (18, 0),
    "ppc64": (0x01000012, 0),
}
OBJECT, EXECUTE, DYLIB, BUNDLE, DSYM = 1, 2, 6, 8, 10
LOAD, WEAK, REEXPORT, LAZY, UPWARD = 0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023
MACOS, IOS = 1, 2
_SYSTEM = "/usr/lib/libSystem.B.dylib"
_LAZY_TRIE = 0x80000033


def pack_version(text: str) -> int:
    major, minor, patch = (*map(int, text.split(".")), 0, 0)[:3]
    return major << 16 | minor << 8 | patch


def forge_macho(  # noqa: PLR0913 - each is a part of the file
    cpu: str = "arm64",
    *,
    minos: str | None = "11.0",
    kind: int = BUNDLE,
    dylibs: Sequence = (_SYSTEM,),
    name: str | None = None,
    rpaths: Sequence[str] = (),
    exports: Sequence[str] = (),
    imports: Sequence = (),
    signed: bool | None = None,
    platform: int = MACOS,
    trie: bytes | None = None,
    with_trie: bool = True,
    old_version: bool = False,
    extra: Sequence[bytes] = (),
) -> bytes:
    """One image.

    A dylib is its name, or (name, load command); an import its name, or (name,
    library ordinal, weak).
    """
    order = ">" if cpu.startswith("ppc") else "<"
    bits = 32 if cpu in ("i386", "ppc") else 64

    def command(number: int, form: str, *values, text: str | None = None) -> bytes:
        body = struct.pack(order + form, *values)
        if text is not None:
            body = struct.pack(order + "I", 12 + len(body)) + body + text.encode() + b"\0"
        body += bytes(-len(body) % 8)
        return struct.pack(order + "II", number, 8 + len(body)) + body

    commands = list(extra)
    if minos is not None and old_version:
        commands.append(command(0x24, "II", pack_version(minos), 0))
    elif minos is not None:
        commands.append(command(0x32, "4I", platform, pack_version(minos), 0, 0))
    if name is not None:
        commands.append(command(0xD, "III", 0, 0x10000, 0x10203, text=name))
    for dylib in dylibs:
        path, number = (dylib, LOAD) if isinstance(dylib, str) else dylib
        commands.append(command(number, "III", 0, 0x10000, 0x10203, text=path))
    commands += [command(0x8000001C, "", text=path) for path in rpaths]
    if signed if signed is not None else cpu.startswith("arm64"):
        commands.append(command(0x1D, "II", 0, 0))
    table, strings, undefined = _forge_symbols(exports, imports, order, bits)
    tree = forge_trie(exports) if trie is None else trie
    head_size = 32 if bits == 64 else 28
    sizes = sum(map(len, commands)) + 24 + 80 + (16 if with_trie else 0)
    at = head_size + sizes
    commands.append(
        command(2, "4I", at, len(exports) + len(imports), at + len(table), len(strings))
    )
    commands.append(command(0xB, "18I", 0, 0, 0, len(exports), *undefined, *[0] * 12))
    end = at + len(table) + len(strings)
    if with_trie:
        commands.append(command(_LAZY_TRIE, "II", end, len(tree)))
    magic = 0xFEEDFACF if bits == 64 else 0xFEEDFACE
    head = struct.pack(order + "7I", magic, *CPUS[cpu], kind, len(commands), sizes, 0x85)
    head += bytes(head_size - len(head))
    return head + b"".join(commands) + table + strings + (tree if with_trie else b"")


def _forge_symbols(exports, imports, order, bits) -> tuple[bytes, bytes, tuple[int, int]]:
    form = order + ("IBBHQ" if bits == 64 else "IBBHI")
    strings, table = bytearray(b" \0"), bytearray()
    for symbol in exports:
        table += struct.pack(form, len(strings), 0x0F, 1, 0, 0x1000)
        strings += f"_{symbol}".encode() + b"\0"
    for symbol in imports:
        text, ordinal, weak = (symbol, 0xFE, False) if isinstance(symbol, str) else symbol
        table += struct.pack(form, len(strings), 0x01, 0, ordinal << 8 | 0x40 * weak, 0)
        strings += f"_{text}".encode() + b"\0"
    return bytes(table), bytes(strings), (len(exports), len(imports))


def forge_trie(names: Sequence[str]) -> bytes:
    """Each name an edge of the root, in numbers of two bytes so that their size is known."""
    labels = [f"_{name}".encode() + b"\0" for name in names]
    at = 2 + sum(len(label) + 2 for label in labels)
    root, leaves = bytes([0, len(labels)]), b""
    for label in labels:
        place = at + len(leaves)
        root += label + bytes([0x80 | place & 0x7F, place >> 7])
        leaves += b"\x02\x00\x01\x00"
    return root + leaves


def forge_fat(*images: bytes, wide: bool = False) -> bytes:
    """A universal file of images, aligned to 16 bytes."""
    form = ">IIQQII" if wide else ">5I"
    at = 8 + struct.calcsize(form) * len(images)
    head = struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(images))
    body = b""
    for image in images:
        body += bytes(-(at + len(body)) % 16)
        cpu = struct.unpack("<II" if image[3] == 0xFE else ">II", image[4:12])
        head += struct.pack(form, *cpu, at + len(body), len(image), 4, *([0] if wide else []))
        body += image
    return head + body


def module(name: str, *imports, cpu: str = "arm64", **facts) -> bytes:
    """An extension module, as CPython's own build makes it for macOS."""
    return forge_macho(
        cpu, exports=(f"PyInit_{name}",), imports=("PyModule_Create2", *imports), **facts
    )


def universal(name: str, *imports, old: str = "10.13", new: str = "11.0", **facts) -> bytes:
    """The same for both machines."""
    return forge_fat(
        module(name, *imports, cpu="x86_64", minos=old, **facts),
        module(name, *imports, cpu="arm64", minos=new, **facts),
    )


def dylib(name: str, cpu: str = "arm64", **facts) -> bytes:
    """A shared library with this install name."""
    return forge_macho(cpu, kind=DYLIB, name=name, **{"exports": ("answer",), **facts})
