"""Edits of Mach-O files: names and paths in the load commands, and the signature after them."""

from __future__ import annotations

import hashlib
import struct

import pytest
from support.mach_samples import forge_fat
from support.macho_image import link_image

from felloe.binary.macho.editor.edit import MachoEdit
from felloe.binary.macho.editor.image import CODE_SIGNATURE, Image
from felloe.binary.macho.editor.patch import patch
from felloe.binary.macho.editor.signature import sign
from felloe.binary.macho.reader import parse_macho
from felloe.errors import FelloeError, MalformedBinary

HOMEBREW = "/opt/homebrew/opt/zstd/lib/libzstd.1.dylib"
GRAFT = "@loader_path/.dylibs/libzstd-1a2b3c4d.1.dylib"
EDIT = MachoEdit(install_name="libme-1a2b3c4d.dylib", dylibs={HOMEBREW: GRAFT}, rpaths=())


def signed(image, identifier="libme"):
    return sign(Image(image), identifier)


def read_hashes(data):
    """The page hashes of a signature, and those that the file really has."""
    image = Image(data)
    offset, size = image.words(image.commands[image.find(CODE_SIGNATURE)].body, 8, 2)
    assert offset + size == len(data)
    directory = offset + struct.unpack_from(">I", data, offset + 16)[0]
    first, count = (struct.unpack_from(">I", data, directory + at)[0] for at in (16, 28))
    limit, shift = struct.unpack_from(">I", data, directory + 32)[0], data[directory + 39]
    assert limit == offset
    stored = [data[directory + first + 32 * at :][:32] for at in range(count)]
    pages = [data[at : min(at + (1 << shift), limit)] for at in range(0, limit, 1 << shift)]
    return stored, [hashlib.sha256(page).digest() for page in pages]


@pytest.mark.parametrize("cpu", ["arm64", "x86_64"])
def test_names_and_paths_change_and_nothing_else(cpu):
    before = link_image(cpu, dylibs=[HOMEBREW, "/usr/lib/libSystem.B.dylib"], rpaths=["/opt/lib"])
    after = patch(before, EDIT, "libme")
    (item,) = parse_macho(after).slices
    assert item.install_name == "libme-1a2b3c4d.dylib"
    assert [dylib.name for dylib in item.dylibs] == [GRAFT, "/usr/lib/libSystem.B.dylib"]
    assert item.rpaths == ()
    assert patch(after, EDIT, "libme") == after


def test_an_arm64_image_is_signed_and_an_unsigned_x86_64_image_stays_so():
    assert parse_macho(patch(link_image("arm64"), EDIT, "me")).slices[0].is_signed
    assert not parse_macho(patch(link_image("x86_64"), EDIT, "me")).slices[0].is_signed


@pytest.mark.parametrize("cpu", ["arm64", "x86_64"])
def test_a_signature_is_written_anew_and_fits(cpu):
    after = patch(signed(link_image(cpu, dylibs=[HOMEBREW])), EDIT, "other")
    stored, real = read_hashes(after)
    assert stored == real
    assert b"\0libme\0" in after[-400:]  # the identifier of the old signature
    assert b"other" not in after


def test_every_slice_of_a_universal_file_is_edited():
    before = forge_fat(link_image("x86_64", dylibs=[HOMEBREW]), link_image(dylibs=[HOMEBREW]))
    after = parse_macho(patch(before, EDIT, "libme"))
    assert [item.dylibs[0].name for item in after.slices] == [GRAFT, GRAFT]
    assert [item.is_signed for item in after.slices] == [False, True]


def test_an_edit_that_changes_nothing_gives_the_file_itself():
    data = link_image("arm64")
    assert patch(data, MachoEdit(dylibs={"libother": "x"}), "x") is data


def test_removed_paths_make_room_for_longer_names():
    before = link_image("x86_64", dylibs=["libz"], rpaths=["/opt/local/lib/" + "x" * 60], room=8)
    edit = MachoEdit(dylibs={"libz": "@loader_path/" + "y" * 50}, rpaths=())
    assert parse_macho(patch(before, edit, "x")).slices[0].dylibs[0].name.endswith("y")


def test_a_name_without_room_is_refused_with_the_linkers_flag():
    with pytest.raises(FelloeError, match=r"no room for the new names: \d+ bytes") as caught:
        patch(
            link_image("arm64", dylibs=["libz"], room=16), MachoEdit(dylibs={"libz": "y" * 90}), "x"
        )
    assert "-headerpad_max_install_names" in caught.value.hint


def test_room_that_holds_something_is_not_overwritten():
    data = bytearray(link_image("x86_64", dylibs=["libz"]))
    end = 32 + struct.unpack_from("<I", data, 20)[0]
    data[end + 4] = 1
    with pytest.raises(FelloeError, match="no room"):
        patch(bytes(data), MachoEdit(dylibs={"libz": "y" * 90}), "x")


def test_a_name_cannot_be_old_and_new():
    with pytest.raises(FelloeError, match="both an old install name and a new one"):
        MachoEdit(dylibs={"a": "b", "b": "c"})


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_load_command_cannot_hold(name):
    with pytest.raises(FelloeError, match="cannot be a name"):
        MachoEdit(dylibs={"a": name})


def test_entitlements_are_not_lost_silently():
    data = bytearray(signed(link_image()))
    at = data.index(b"\xfa\xde\x0c\xc0")
    struct.pack_into(">I", data, at + 20, 5)  # the slot of the requirements becomes entitlements
    with pytest.raises(FelloeError, match="entitlements"):
        patch(bytes(data), EDIT, "x")


@pytest.mark.parametrize("cut", [1, 8, 100, 300])
def test_a_cut_file_is_refused(cut):
    data = signed(link_image())[:-cut]
    with pytest.raises((FelloeError, MalformedBinary)):
        patch(data, EDIT, "x")
