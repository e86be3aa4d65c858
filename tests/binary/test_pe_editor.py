"""Edits of PE files: names of DLLs in the import tables, and what no longer fits after that."""

from __future__ import annotations

import struct

import pytest
from support.pe_samples import forge_pe

from felloe.binary.pe.editor.edit import PeEdit
from felloe.binary.pe.editor.image import Image
from felloe.binary.pe.editor.patch import patch
from felloe.binary.pe.reader import parse_pe
from felloe.errors import FelloeError, MalformedBinary

EDIT = PeEdit({"zlib1.dll": "zlib1-1a2b3c4d.dll"})
IMPORTS = {"zlib1.dll": ["inflate"], "KERNEL32.dll": ["Sleep"]}


def link(platform="win_amd64", *, padding=0, **facts):
    """An image whose headers hold what a linker writes, with ``padding`` bytes after its data."""
    data = bytearray(forge_pe(platform, **{"imports": IMPORTS, **facts}))
    image = Image(bytes(data))
    (section,) = image.sections
    struct.pack_into("<II", data, image.optional + 32, 0x1000, 0x200)
    struct.pack_into("<I", data, image.optional + 60, section.offset)
    struct.pack_into("<I", data, section.at + 16, section.file_size + padding)
    return bytes(data) + bytes(padding)


def names(data):
    return [(item.name, item.delayed) for item in parse_pe(data).dlls]


@pytest.mark.parametrize("platform", ["win32", "win_amd64", "win_arm64"])
@pytest.mark.parametrize("padding", [0, 64])
def test_a_dll_is_renamed_in_both_tables(platform, padding):
    before = link(platform, padding=padding, delayed={"ZLIB1.DLL": ["deflate"]})
    after = patch(before, EDIT)
    assert names(after) == [
        ("zlib1-1a2b3c4d.dll", False),
        ("KERNEL32.dll", False),
        ("zlib1-1a2b3c4d.dll", True),
    ]
    assert (len(after) == len(before)) == bool(padding)
    assert patch(after, EDIT) == after


@pytest.mark.tools("pefile")
@pytest.mark.parametrize("padding", [0, 64])
def test_pefile_reads_the_names_and_the_checksum(padding):
    import pefile

    image = pefile.PE(data=patch(link(padding=padding), EDIT))
    found = [entry.dll for entry in image.DIRECTORY_ENTRY_IMPORT]
    assert found == [b"zlib1-1a2b3c4d.dll", b"KERNEL32.dll"]
    assert image.verify_checksum()


def test_an_edit_that_changes_nothing_gives_the_file_itself():
    data = link()
    assert patch(data, PeEdit({"other.dll": "x.dll"})) is data


def test_the_authenticode_signature_is_removed():
    data = bytearray(link())
    struct.pack_into("<II", data, Image(bytes(data)).directories + 8 * 4, len(data), 16)
    after = patch(bytes(data) + b"certificate 0123", EDIT)
    assert b"certificate" not in after
    assert Image(after).directory(4) == (0, 0)


def test_an_overlay_is_refused():
    with pytest.raises(FelloeError, match="self-extracting archive"):
        patch(link() + b"PK\x03\x04 a payload", EDIT)


def test_padding_leaves_an_overlay_where_it_is():
    assert names(patch(link(padding=64) + b"payload", EDIT))[0][0] == "zlib1-1a2b3c4d.dll"


def test_a_managed_assembly_is_refused():
    with pytest.raises(FelloeError, match=r"\.NET"):
        patch(link(managed=True), EDIT)


def test_a_name_cannot_be_old_and_new():
    with pytest.raises(FelloeError, match="both an old name of a DLL and a new one"):
        PeEdit({"a.dll": "b.dll", "B.dll": "c.dll"})


@pytest.mark.parametrize("name", ["", "naïve.dll", "a\0.dll"])
def test_an_import_table_cannot_hold(name):
    with pytest.raises(FelloeError, match="cannot be the name of a DLL"):
        PeEdit({"a.dll": name})


@pytest.mark.parametrize("cut", [1, 20, 60, 120])
def test_a_cut_file_is_refused(cut):
    data = link()
    with pytest.raises((FelloeError, MalformedBinary)):
        patch(data[:-cut], EDIT)
