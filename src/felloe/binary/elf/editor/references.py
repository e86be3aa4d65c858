"""Find all references to ``.dynstr``. Its bytes may change only if all are known.

The section headers are used, because only they tell the number of symbols and
the sections that share the strings and that no loader reads.
"""

from __future__ import annotations

from array import array

from felloe.binary.elf.editor.dynamic import Dynamic
from felloe.binary.elf.editor.image import SHT_DYNSYM, SHT_STRTAB, Image
from felloe.binary.elf.layout import DynamicTag

# SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_verdef, SHT_GNU_verneed
_KNOWN_USERS = frozenset((6, SHT_DYNSYM, 0x6FFFFFFD, 0x6FFFFFFE))


def find_symbol_names(image: Image, dynamic: Dynamic) -> list[int] | None:
    """Return the string offsets in the symbol table, or None if other users may exist."""
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
    """Return the index of the section that is exactly the string table."""
    start, end = dynamic.strings_offset, dynamic.strings_offset + dynamic.strings_size
    inside = image.sections_at(start, end)
    if len(inside) != 1 or inside[0] == image.names_index:
        return None
    section = image.sections[inside[0]]
    same = (section.type, section.offset, section.end) == (SHT_STRTAB, start, end)
    return inside[0] if same else None
