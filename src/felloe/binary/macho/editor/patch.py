"""Edit the load commands of a Mach-O file: bytes in, signed bytes out, in one step.

Only the header, ``__LINKEDIT``'s size and the signature change. The slices of a
universal file are edited one by one and laid out again. A signed image is signed
again, an arm64 image without a signature gets one, other images stay unsigned.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import fields, replace

from felloe.binary.macho.editor.edit import MachoEdit
from felloe.binary.macho.editor.image import Image, LoadCommand
from felloe.binary.macho.editor.signature import needs_signature, sign
from felloe.binary.macho.layout import DYLIB_COMMANDS, FAT_LAYOUTS, Command
from felloe.binary.macho.reader import MachoFile, MachoSlice, parse_macho
from felloe.binary.strings import decode_name
from felloe.errors import FelloeError, MalformedBinary

_MOST_ALIGNMENT = 15
"""``fat_arch.align`` is a binary logarithm; larger ones than 32 KiB are in no real file."""


def patch(data: bytes, edit: MachoEdit, identifier: str) -> bytes:
    """Return the file after the edit; ``data`` itself where the edit changes nothing.

    ``identifier`` names the code in a new signature, as a rule the file's base
    name. The result is read back and compared. Raises :class:`MalformedBinary`
    for a file that breaks the format, :class:`FelloeError` for an edit that this
    file has no room for.
    """
    before = parse_macho(data)
    if all(edit.expect(item) == item for item in before.slices):
        return data
    try:
        images = [
            _patch_image(data[item.offset : item.offset + item.size], edit, identifier)
            for item in before.slices
        ]
        patched = _join(data, images) if before.is_universal else images[0]
    except (struct.error, IndexError, OverflowError, ValueError) as cause:
        raise MalformedBinary(f"a Mach-O record reaches out of the file ({cause})") from cause
    _compare(before, parse_macho(patched), edit)
    return patched


def _patch_image(data: bytes, edit: MachoEdit, identifier: str) -> bytes:
    image = Image(data)
    image.commands = list(_edited(image, edit))
    if needs_signature(image):
        return sign(image, identifier)
    image.write_commands()
    return bytes(image.data)


def _edited(image: Image, edit: MachoEdit) -> Iterator[LoadCommand]:
    """Yield the commands after the edit. New LC_RPATH stand where the first old one was."""
    rpaths = None if edit.rpaths is None else [_rpath(image, item) for item in edit.rpaths]
    for command in image.commands:
        if command.kind == Command.RPATH and rpaths is not None:
            yield from rpaths
            rpaths = []
        elif command.kind == Command.ID_DYLIB and edit.install_name is not None:
            yield _renamed(image, command, edit.install_name)
        elif command.kind in DYLIB_COMMANDS:
            old = decode_name(image.name_of(command))
            yield _renamed(image, command, edit.dylibs.get(old, old))
        else:
            yield command
    yield from rpaths or ()


def _rpath(image: Image, path: str) -> LoadCommand:
    at = struct.pack(f"{image.order}I", 12)
    return LoadCommand(Command.RPATH, image.pack(Command.RPATH, at + path.encode() + b"\0"))


def _renamed(image: Image, command: LoadCommand, name: str) -> LoadCommand:
    if decode_name(image.name_of(command)) == name:
        return command
    return LoadCommand(command.kind, image.renamed(command, name.encode()))


def _join(data: bytes, images: list[bytes]) -> bytes:
    """Return a universal file of the same slices in the same order, each at its alignment."""
    layout = FAT_LAYOUTS[data[:4]]
    records = [layout.unpack_from(data, 8 + at * layout.size) for at in range(len(images))]
    made = bytearray(data[: 8 + len(images) * layout.size])
    ends = sorted(range(len(images)), key=lambda at: records[at][2])
    for at in ends:
        cpu, subtype, _, _, align, *rest = records[at]
        if align > _MOST_ALIGNMENT:
            raise MalformedBinary(f"a slice is aligned to 2**{align} bytes")
        made.extend(bytes(-len(made) % (1 << align)))
        record = (cpu, subtype, len(made), len(images[at]), align, *rest)
        layout.pack_into(made, 8 + at * layout.size, *record)
        made.extend(images[at])
    return bytes(made)


def _compare(before: MachoFile, after: MachoFile, edit: MachoEdit) -> None:
    for old, new in zip(before.slices, after.slices):
        _compare_slice(edit.expect(old), new)


def _compare_slice(expected: MachoSlice, found: MachoSlice) -> None:
    moved = replace(
        found,
        offset=expected.offset,
        size=expected.size,
        is_signed=expected.is_signed or found.is_signed,
    )
    wanted = replace(expected, is_signed=moved.is_signed)
    for item in fields(wanted):
        if getattr(moved, item.name) != getattr(wanted, item.name):
            raise FelloeError(
                f"the edited Mach-O file has another {item.name} than planned",
                hint="report this with the file: a bug in felloe",
            )
