"""Small Mach-O images that a linker could have made: segments, a section, room in the header."""

from __future__ import annotations

import struct
from collections.abc import Sequence

CPUS = {"x86_64": (0x01000007, 3), "arm64": (0x0100000C, 0)}
LOAD, ID, RPATH = 0xC, 0xD, 0x8000001C
DYLIB, BUNDLE = 6, 8
TEXT_SIZE = 0x4000


def command(kind: int, form: str, *values, text: str | None = None) -> bytes:
    body = struct.pack("<" + form, *values)
    if text is not None:
        body = struct.pack("<I", 12 + len(body)) + body + text.encode() + b"\0"
    body += bytes(-len(body) % 8)
    return struct.pack("<II", kind, 8 + len(body)) + body


def segment(name: bytes, offset: int, size: int, memory: int, sections: bytes = b"") -> bytes:
    numbers = (offset, memory, offset, size, 7, 5, len(sections) // 80, 0)
    return command(0x19, "16s4Q4I", name, *numbers) + sections


def link_image(  # noqa: PLR0913 - each is a part of the file
    cpu: str = "arm64",
    *,
    name: str | None = "@rpath/libme.dylib",
    dylibs: Sequence[str] = ("/usr/lib/libSystem.B.dylib",),
    rpaths: Sequence[str] = (),
    room: int = 256,
    export: str = "answer",
    minos: tuple[int, int] = (11, 0),
) -> bytes:
    """Return an unsigned image with ``room`` bytes between its load commands and its code."""
    commands = [command(0x32, "4I", 1, minos[0] << 16 | minos[1] << 8, 0, 0)]
    if name is not None:
        commands.append(command(ID, "III", 0, 0x10000, 0x10000, text=name))
    commands += [command(LOAD, "III", 0, 0x10000, 0x10000, text=path) for path in dylibs]
    commands += [command(RPATH, "", text=path) for path in rpaths]
    strings = f" \0_{export}\0".encode() + bytes(6)
    symbols = struct.pack("<IBBHQ", 2, 0x0F, 1, 0, 0x1000)
    linkedit = symbols + strings
    commands.append(command(2, "4I", TEXT_SIZE, 1, TEXT_SIZE + len(symbols), len(strings)))
    commands.append(command(0xB, "18I", 0, 0, 0, 1, 1, 0, *[0] * 12))
    size = 152 + 72 + sum(map(len, commands))
    code = 32 + size + room
    section = struct.pack(
        "<16s16sQQ8I", b"__text", b"__TEXT", code, TEXT_SIZE - code, code, 4, 0, 0, 0, 0, 0, 0
    )
    text = segment(b"__TEXT", 0, TEXT_SIZE, TEXT_SIZE, section)
    text = text[:4] + struct.pack("<I", len(text)) + text[8:]
    commands = [text, segment(b"__LINKEDIT", TEXT_SIZE, len(linkedit), 0x4000), *commands]
    kind = BUNDLE if name is None else DYLIB
    head = struct.pack("<8I", 0xFEEDFACF, *CPUS[cpu], kind, len(commands), size, 0x85, 0)
    return (head + b"".join(commands)).ljust(code, b"\0").ljust(TEXT_SIZE, b"\x90") + linkedit


def link_module(name: str, cpu: str = "arm64", **facts) -> bytes:
    """Return an extension module."""
    return link_image(cpu, name=None, export=f"PyInit_{name}", **facts)
