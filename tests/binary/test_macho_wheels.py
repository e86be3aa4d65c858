"""The Mach-O editor on files of public wheels, against Apple's signatures and against macholib."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from posixpath import basename

import pytest
from support.listed_wheels import download

from felloe.binary.macho.editor.edit import MachoEdit
from felloe.binary.macho.editor.image import CODE_SIGNATURE, Image
from felloe.binary.macho.editor.patch import patch
from felloe.binary.macho.editor.signature import render_signature
from felloe.binary.macho.reader import parse_macho

pytestmark = pytest.mark.network

WHEELS = {
    "pyzmq-26.2.1-cp312-cp312-macosx_10_15_universal2.whl": (
        "a6549ecb0041dafa55b5932dcbb6c68293e0bd5980b5b99f5ebb05f9a3b8a8f3"
    ),
    "pillow-11.1.0-cp312-cp312-macosx_11_0_arm64.whl": (
        "a85b653980faad27e88b141348707ceeef8a1186f75ecc600c395dcac19f385b"
    ),
}
_AD_HOC_BY_CODESIGN = 0x2


@pytest.fixture(scope="module", params=WHEELS)
def binaries(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    download(request.param, WHEELS[request.param], place)
    with zipfile.ZipFile(place / request.param) as archive:
        names = [name for name in archive.namelist() if name.endswith((".so", ".dylib"))]
        return {name: archive.read(name) for name in names}


def read_signature(data):
    """An image without its signature, the identifier, the page size's logarithm, the blob."""
    image = Image(data)
    index = image.find(CODE_SIGNATURE)
    if index is None:
        return None
    offset, _ = image.words(image.commands[index].body, 8, 2)
    (length,) = struct.unpack_from(">I", data, offset + 4)
    directory = offset + struct.unpack_from(">I", data, offset + 16)[0]
    (flags,) = struct.unpack_from(">I", data, directory + 12)
    if flags != _AD_HOC_BY_CODESIGN:
        return None
    (name,) = struct.unpack_from(">I", data, directory + 20)
    identifier = data[directory + name :].partition(b"\0")[0]
    del image.data[offset:]
    return image, identifier + b"\0", data[directory + 39], data[offset : offset + length]


def test_signatures_have_the_bytes_of_codesign(binaries):
    compared = 0
    for data in binaries.values():
        for item in parse_macho(data).slices:
            found = read_signature(data[item.offset : item.offset + item.size])
            if found:
                image, identifier, shift, blob = found
                assert render_signature(image, identifier, shift) == blob
                compared += 1
    assert compared >= 4


@pytest.mark.tools("macholib")
def test_edited_files_are_read_by_macholib(binaries, tmp_path):
    from macholib.MachO import MachO

    for name, data in binaries.items():
        dylibs = {item.name for part in parse_macho(data).slices for item in part.dylibs}
        renamed = {
            old: f"@loader_path/.dylibs/{basename(old).partition('.')[0]}-1a2b3c4d.dylib"
            for old in dylibs
            if not old.startswith(("/usr/lib/", "/System/"))
        }
        edited = patch(data, MachoEdit("lib-1a2b3c4d.dylib", renamed, ("@loader_path",)), name)
        path = tmp_path / "edited.dylib"
        path.write_bytes(edited)
        expected = {renamed.get(old, old) for old in dylibs}
        for header in MachO(str(path)).headers:
            found = {
                BytesIO(text).read().rstrip(b"\0").decode()
                for load, _, text in header.commands
                if load.get_cmd_name() == "LC_LOAD_DYLIB"
            }
            assert found <= expected
