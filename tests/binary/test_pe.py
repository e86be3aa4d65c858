"""PE files are read as pefile reads them: zig's, and forged ones."""

import shutil
import struct
import subprocess
import sys

import pytest
from support.pe_samples import MACHINES, forge_pe, library, module

from felloe.binary.pe.reader import parse_pe
from felloe.binary.pe.symbols import PeSymbolTable
from felloe.errors import MalformedBinary

SOURCE = """
__declspec(dllimport) int PyModule_Create2(void *, int);
__declspec(dllimport) extern int PyNone_Data;
__declspec(dllexport) int PyInit_m(void) { return PyModule_Create2(0, 3) + PyNone_Data; }
__declspec(dllexport) int another(void) { return 7; }
int DllMainCRTStartup(void *a, unsigned b, void *c) { return 1; }
"""
TARGETS = {"win_amd64": "x86_64-windows-gnu", "win_arm64": "aarch64-windows-gnu"}
MACHINE_OF_DLLTOOL = {"win_amd64": "i386:x86-64", "win_arm64": "arm64"}


@pytest.fixture(scope="session")
def compiled_pe(once):
    """Platform -> a module that zig linked with a definition of python313.dll, no C runtime."""

    def make(place):
        cache = {f"ZIG_{kind}_CACHE_DIR": str(place / "zig") for kind in ("GLOBAL", "LOCAL")}
        for platform, target in TARGETS.items():
            room = place / platform
            room.mkdir()
            (room / "m.c").write_text(SOURCE)
            names = "PyModule_Create2\nPyNone_Data DATA\n"
            (room / "python313.def").write_text(f"LIBRARY python313.dll\nEXPORTS\n{names}")
            zig = [sys.executable, "-m", "ziglang"]
            words = ["-m", MACHINE_OF_DLLTOOL[platform], "-d", "python313.def", "-l", "p.lib"]
            subprocess.run([*zig, "dlltool", *words], cwd=room, env=cache, check=True)
            words = f"cc -target {target} -shared -nostdlib -O1 -fno-sanitize=all -s"
            words += " m.c p.lib -o m.pyd"
            subprocess.run([*zig, *words.split()], cwd=room, env=cache, check=True)
        shutil.rmtree(place / "zig")

    place = once("pe", make)
    return {platform: place / platform / "m.pyd" for platform in TARGETS}


@pytest.mark.parametrize("platform", TARGETS)
def test_a_linked_module(compiled_pe, platform):
    data = compiled_pe[platform].read_bytes()
    image = parse_pe(data)
    symbols = PeSymbolTable(data, image)
    assert (image.platform, image.bits, image.is_dll) == (platform, 64, True)
    assert not image.is_managed
    (python,) = (dll for dll in image.dlls if dll.name.startswith("python"))
    assert set(symbols.imports_from(python)) == {"PyModule_Create2", "PyNone_Data"}
    assert all(map(symbols.exports, ("PyInit_m", "another")))
    assert not any(map(symbols.exports, ("PyInit_", "PyInit_mm", "", "zz")))
    assert list(symbols.exports_beginning("PyInit_")) == ["PyInit_m"]


@pytest.mark.tools("pefile")
@pytest.mark.parametrize("platform", TARGETS)
def test_pefile_reads_the_same_of_a_linked_module(compiled_pe, platform):
    assert_same(compiled_pe[platform].read_bytes())


FORGED = {
    "amd64": module("m"),
    "arm64": module("m", platform="win_arm64", delayed={"late.dll": ("a", 7)}),
    "32 bits": module(
        "m", platform="win32", delayed={"late.dll": ("a", 1 << 15)}, needs=("x.dll",)
    ),
    "program": forge_pe(dll=False, imports={"a.dll": (3, "b", 4)}, subsystem=(10, 0)),
    "many exports": library(*(f"name{at}" for at in range(1000))),
    "nothing": forge_pe(),
}


@pytest.mark.tools("pefile")
@pytest.mark.parametrize("data", FORGED.values(), ids=FORGED)
def test_pefile_reads_the_same_of_a_forged_file(data):
    assert_same(data)


def assert_same(data):
    import pefile

    theirs = pefile.PE(data=data)
    image = parse_pe(data)
    symbols = PeSymbolTable(data, image)
    optional = theirs.OPTIONAL_HEADER
    assert image.machine == theirs.FILE_HEADER.Machine
    assert image.bits == {0x10B: 32, 0x20B: 64}[optional.Magic]
    assert image.is_dll == theirs.is_dll()
    version = (optional.MajorSubsystemVersion, optional.MinorSubsystemVersion)
    assert image.subsystem_version == version
    expected = [
        (entry.dll.decode(), is_late, [x.name.decode() for x in entry.imports if x.name])
        for is_late, entries in (
            (False, getattr(theirs, "DIRECTORY_ENTRY_IMPORT", ())),
            (True, getattr(theirs, "DIRECTORY_ENTRY_DELAY_IMPORT", ())),
        )
        for entry in entries
    ]
    found = [(dll.name, dll.delayed, list(symbols.imports_from(dll))) for dll in image.dlls]
    assert found == expected
    directory = getattr(theirs, "DIRECTORY_ENTRY_EXPORT", None)
    names = [x.name.decode() for x in directory.symbols if x.name] if directory else []
    assert all(map(symbols.exports, names))
    assert sorted(symbols.exports_beginning("")) == sorted(names)


def test_the_machines():
    for platform in MACHINES:
        assert parse_pe(forge_pe(platform)).platform == platform
    assert parse_pe(forge_pe(machine=0x1C4)).platform is None
    assert parse_pe(forge_pe("win32", managed=True)).is_managed


def patched(data, at, form, *values):
    changed = bytearray(data)
    struct.pack_into(form, changed, at, *values)
    return bytes(changed)


SOUND = forge_pe(imports={"a.dll": ("b",)}, exports=("c",), delayed={"d.dll": ("e",)})
OPTIONAL = 64 + 24
DIRECTORIES = OPTIONAL + 112

WRONG = {
    "short": (b"MZ", "MS-DOS header is cut off"),
    "not PE": (b"MZ" + bytes(80), "no PE signature"),
    "signature outside": (patched(SOUND, 60, "<I", 1 << 31), "no PE signature"),
    "magic": (patched(SOUND, OPTIONAL, "<H", 0x107), "unknown magic of the PE optional header"),
    "sections": (patched(SOUND, 64 + 6, "<H", 97), "97 sections"),
    "optional header": (patched(SOUND, 64 + 20, "<H", 112), "do not fit in the optional header"),
    "imports outside": (patched(SOUND, DIRECTORIES + 8, "<I", 1 << 30), "no section holds"),
    "exports outside": (patched(SOUND, DIRECTORIES, "<I", 1 << 30), "no section holds"),
    "late imports outside": (patched(SOUND, DIRECTORIES + 8 * 13, "<I", 9999), "no section holds"),
    "cut off": (SOUND[:0x410], "no name ends|beyond the end"),
}


@pytest.mark.parametrize(("data", "cause"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(data, cause):
    with pytest.raises(MalformedBinary, match=cause):
        parse_pe(data)


def test_late_imports_of_the_old_kind_are_refused():
    data = forge_pe(delayed={"d.dll": ("e",)})
    address, size = struct.unpack_from("<II", data, DIRECTORIES + 8 * 13)
    with pytest.raises(MalformedBinary, match="absolute addresses, as before 2002"):
        parse_pe(patched(data, address - 0x1000 + 0x400, "<I", 0))
    assert size == 64


def test_names_of_dlls_are_no_longer_than_paths():
    with pytest.raises(MalformedBinary, match="longer than a path"):
        parse_pe(forge_pe(imports={"a" * 2000: ("b",)}))
