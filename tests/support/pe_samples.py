"""PE files forged byte by byte, with just the parts that a loader looks at."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

MACHINES = {"win32": 0x14C, "win_amd64": 0x8664, "win_arm64": 0xAA64}
_START = 64
_SECTION = 0x1000
"""Where the one section is loaded."""
_FIRST = 0x400
"""Where it lies in the file."""

Imports = Mapping[str, Sequence]


def forge_pe(  # noqa: PLR0913 - each is a part of the file
    platform: str = "win_amd64",
    *,
    imports: Imports | None = None,
    delayed: Imports | None = None,
    exports: Sequence[str] = (),
    dll: bool = True,
    managed: bool = False,
    subsystem: tuple[int, int] = (6, 0),
    machine: int | None = None,
) -> bytes:
    """An image with one section. An imported name may be a number: an ordinal."""
    bits = 32 if platform == "win32" else 64
    body = _Body(bits)
    places = {
        0: body.exports(exports) if exports else (0, 0),
        1: body.imports(imports) if imports else (0, 0),
        13: body.delayed(delayed) if delayed else (0, 0),
        14: (_SECTION, 72) if managed else (0, 0),
    }
    directories = b"".join(struct.pack("<II", *places.get(at, (0, 0))) for at in range(16))
    magic = 0x10B if bits == 32 else 0x20B
    optional = struct.pack("<H", magic).ljust(48, b"\0") + struct.pack("<HH", *subsystem)
    optional = optional.ljust(92 if bits == 32 else 108, b"\0") + struct.pack("<I", 16)
    optional += directories
    flags = 0x2022 if dll else 0x22
    number = MACHINES[platform] if machine is None else machine
    head = b"MZ".ljust(60, b"\0") + struct.pack("<I", _START) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", number, 1, 0, 0, 0, len(optional), flags)
    size = len(body.data)
    section = struct.pack(
        "<8sIIIIIIHHI", b".rdata", size, _SECTION, size, _FIRST, 0, 0, 0, 0, 0x40000040
    )
    return (head + optional + section).ljust(_FIRST, b"\0") + bytes(body.data)


class _Body:
    """The contents of the section, as they grow."""

    def __init__(self, bits: int) -> None:
        self.data = bytearray(80)
        self._thunk = struct.Struct("<I" if bits == 32 else "<Q")
        self._by_number = 1 << bits - 1

    def put(self, blob: bytes) -> int:
        """Where it is loaded."""
        self.data += bytes(-len(self.data) % 8)
        at = _SECTION + len(self.data)
        self.data += blob
        return at

    def text(self, name: str) -> int:
        return self.put(name.encode() + b"\0")

    def names(self, symbols: Sequence) -> int:
        entries = [
            self._by_number | symbol
            if isinstance(symbol, int)
            else self.put(b"\0\0" + symbol.encode() + b"\0")
            for symbol in symbols
        ]
        return self.put(b"".join(map(self._thunk.pack, (*entries, 0))))

    def imports(self, wanted: Imports) -> tuple[int, int]:
        rows = [(self.names(names), 0, 0, self.text(dll), 0) for dll, names in wanted.items()]
        table = b"".join(struct.pack("<5I", *row) for row in (*rows, (0,) * 5))
        return self.put(table), len(table)

    def delayed(self, wanted: Imports) -> tuple[int, int]:
        rows = [(1, self.text(dll), 0, 0, self.names(n), 0, 0, 0) for dll, n in wanted.items()]
        table = b"".join(struct.pack("<8I", *row) for row in (*rows, (0,) * 8))
        return self.put(table), len(table)

    def exports(self, names: Sequence[str]) -> tuple[int, int]:
        texts = [self.text(name) for name in sorted(names)]
        pointers = self.put(struct.pack(f"<{len(texts)}I", *texts))
        count = len(texts)
        functions = self.put(struct.pack("<I", _SECTION) * count)
        ordinals = self.put(struct.pack(f"<{count}H", *range(count)))
        numbers = (1, count, count, functions, pointers, ordinals)
        table = struct.pack("<IIHHI6I", 0, 0, 0, 0, self.text("m.dll"), *numbers)
        return self.put(table), len(table)


def module(name: str, *imports, python: str = "python313.dll", **facts) -> bytes:
    """An extension module that takes these names from an interpreter's library."""
    more = facts.pop("needs", ())
    wanted = {python: ("PyModule_Create2", *imports), "KERNEL32.dll": ("Sleep",)}
    wanted |= dict.fromkeys(more, ("answer",))
    return forge_pe(exports=(f"PyInit_{name}",), imports=wanted, **facts)


def library(*exports: str, **facts) -> bytes:
    """A DLL without a line about Python."""
    return forge_pe(exports=exports or ("answer",), imports={"KERNEL32.dll": ("Sleep",)}, **facts)
