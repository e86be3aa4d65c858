"""Who else refers to ``.dynstr``: only where all are known may a byte of it change.

Section headers are asked, because they alone say how many symbols there are and
whether a section that no loader reads shares the strings.
"""

from __future__ import annotations

from array import array

from felloe.binary.elf.editor.dynamic import Dynamic
from felloe.binary.elf.editor.image import SHT_DYNSYM, SHT_STRTAB, Image
from felloe.binary.elf.layout import DynamicTag

# SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_verdef, SHT_GNU_verneed
_KNOWN_USERS = frozenset((6, SHT_DYNSYM, 0x6FFFFFFD, 0x6FFFFFFE))


def find_symbol_names(image: Image, dynamic: Dynamic) -> list[int] | None:
    """The string offsets in the symbol table; None if more may use the strings than are known."""
    home = _find_home(image, dynamic)
    if home is None:
        return None
    users = [s for s in image.sections if s.link == home]
    if any(s.type not in _KNOWN_USERS for s in users):
        return None
    symbols = [s for s in users if s.type == SHT_DYNSYM]
    at = dynamic.number(DynamicTag.SYMTAB)
    if len(symbols) != 1 or not at or symbols[0].offset != image.offset_of(at):
        return None
    record = image.layout.symbol.size
    start, size = symbols[0].offset, symbols[0].size // record * record
    if start + size > len(image.data):
        return None
    words = array("I", image.data[start : start + size])
    if image.is_swapped:
        words.byteswap()
    return words[:: record // 4].tolist()  # st_name is the first word of either record


def _find_home(image: Image, dynamic: Dynamic) -> int | None:
    """The index of the section that is the string table, and nothing else besides."""
    start, end = dynamic.strings_offset, dynamic.strings_offset + dynamic.strings_size
    inside = image.sections_at(start, end)
    if len(inside) != 1 or inside[0] == image.names_index:
        return None
    section = image.sections[inside[0]]
    same = (section.type, section.offset, section.end) == (SHT_STRTAB, start, end)
    return inside[0] if same else None
