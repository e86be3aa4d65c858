"""``.note.gnu.property``: which x86-64 microarchitecture level an object declares it needs.

Source: "Linux Extensions to gABI", section "Program Property", and the x86-64
psABI for ``GNU_PROPERTY_X86_ISA_1_NEEDED``.
"""

from __future__ import annotations

import struct

_X86_ISA_1_NEEDED = 0xC0008002
_TYPE_0 = 5


def find_isa_level(note: bytes, byte_order: str) -> int | None:
    """The level (1 to 4) that the notes in ``note`` declare, None if they declare none."""
    head = struct.Struct(byte_order + "III")
    at = 0
    while at + head.size <= len(note):
        name_size, size, kind = head.unpack_from(note, at)
        name_at = at + head.size
        at = name_at + (name_size + 3 & ~3)
        if kind == _TYPE_0 and note[name_at : name_at + 4] == b"GNU\0":
            mask = _find_mask(note[at : at + size], byte_order)
            return mask.bit_length() or None
        at += size + 3 & ~3
    return None


def _find_mask(properties: bytes, byte_order: str) -> int:
    """Bit n set: level n + 1 is needed."""
    head = struct.Struct(byte_order + "II")
    at = 0
    while at + head.size <= len(properties):
        kind, size = head.unpack_from(properties, at)
        at += head.size
        if kind == _X86_ISA_1_NEEDED and size == 4:
            mask: int = struct.unpack_from(byte_order + "I", properties, at)[0]
            return mask
        at += size + 7 & ~7
    return 0
