"""Mach-O files are read as others read them: zig's by macholib, forged ones by what they say."""

import shutil
import struct
import subprocess
import sys

import pytest
from support.mach_samples import (
    BUNDLE,
    DYLIB,
    LAZY,
    LOAD,
    REEXPORT,
    UPWARD,
    WEAK,
    forge_fat,
    forge_macho,
    forge_trie,
)

from felloe.binary.macho.reader import parse_macho
from felloe.binary.macho.symbols import FLAT_LOOKUP, SELF_LIBRARY, MachoImport, MachoSymbolTable
from felloe.binary.magic import Format, find_format
from felloe.errors import MalformedBinary

SOURCE = """
extern int PyModule_Create2(void *, int);
extern int PyMaybe_There(void) __attribute__((weak_import));
int helper_answer(void);
int PyInit_m(void) { return PyModule_Create2(0, 3) + (PyMaybe_There ? PyMaybe_There() : 0); }
int other(void) { return helper_answer(); }
"""
HELPER = "int helper_answer(void) { return 42; }"
TARGETS = {"arm64": "aarch64-macos.11.0-none", "x86_64": "x86_64-macos.10.13-none"}


@pytest.fixture(scope="session")
def compiled_macho(once):
    """CPU -> a module that zig linked with a library beside it, nothing of a system's."""

    def make(place):
        cache = {f"ZIG_{kind}_CACHE_DIR": str(place / "zig") for kind in ("GLOBAL", "LOCAL")}
        for cpu, target in TARGETS.items():
            room = place / cpu
            room.mkdir()
            (room / "m.c").write_text(SOURCE)
            (room / "helper.c").write_text(HELPER)
            common = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-dynamiclib"]
            common += ["-nostdlib", "-O1", "-fno-sanitize=all"]
            words = "helper.c -o libhelper.dylib -install_name @rpath/libhelper.dylib"
            subprocess.run([*common, *words.split()], cwd=room, env=cache, check=True)
            words = "m.c libhelper.dylib -o m.so -install_name m.so -undefined dynamic_lookup"
            words += " -Wl,-rpath,@loader_path/lib"
            subprocess.run([*common, *words.split()], cwd=room, env=cache, check=True)
        shutil.rmtree(place / "zig")

    place = once("macho", make)
    return {cpu: place / cpu / "m.so" for cpu in TARGETS}


def read(path):
    data = path.read_bytes()
    (image,) = parse_macho(data).slices
    return image, MachoSymbolTable(data, image)


@pytest.mark.parametrize("cpu", TARGETS)
def test_a_linked_module(compiled_macho, cpu):
    image, symbols = read(compiled_macho[cpu])
    assert (image.cpu, image.bits, image.byte_order, image.type) == (cpu, 64, "<", DYLIB)
    assert str(image.minimum_macos) == {"arm64": "11.0", "x86_64": "10.13"}[cpu]
    assert image.install_name == "m.so"
    assert image.rpaths == ("@loader_path/lib",)
    assert "@rpath/libhelper.dylib" in [dylib.name for dylib in image.dylibs]
    assert image.is_signed or cpu == "x86_64"
    assert all(map(symbols.defines, ("PyInit_m", "other")))
    assert not any(map(symbols.defines, ("PyInit_", "PyInit_mm", "helper_answer", "")))
    found = {symbol.name: symbol for symbol in symbols.imports_beginning("Py", "helper")}
    assert found.keys() == {"PyModule_Create2", "PyMaybe_There", "helper_answer"}
    assert found["PyMaybe_There"].weak
    assert not found["PyModule_Create2"].weak
    assert found["PyModule_Create2"].ordinal in (FLAT_LOOKUP, SELF_LIBRARY)  # zig writes 0
    library = image.dylibs[found["helper_answer"].ordinal - 1]
    assert library.name == "@rpath/libhelper.dylib"


@pytest.mark.tools("macholib")
@pytest.mark.parametrize("cpu", TARGETS)
def test_macholib_reads_the_same(compiled_macho, cpu):
    """Load commands: names, kinds, versions, platforms."""
    assert_same(compiled_macho[cpu])


@pytest.mark.tools("macholib")
def test_macholib_reads_the_same_of_a_universal_file(compiled_macho, tmp_path):
    path = tmp_path / "both"
    path.write_bytes(forge_fat(*(compiled_macho[cpu].read_bytes() for cpu in TARGETS)))
    assert assert_same(path) == 2


def assert_same(path):
    from macholib.mach_o import LC_ID_DYLIB, LC_RPATH, LC_SYMTAB
    from macholib.MachO import MachO

    macho = parse_macho(path.read_bytes())
    theirs = MachO(str(path)).headers
    for image, header in zip(macho.slices, theirs):
        texts = [
            (command.cmd, bytes(text).rstrip(b"\0").decode())
            for command, _, text in header.commands
            if isinstance(text, bytes)
        ]
        loads = (0xC, 0x80000018, 0x8000001F, 0x20, 0x80000023)
        assert [d.name for d in image.dylibs] == [t for number, t in texts if number in loads]
        assert [image.install_name] == [text for number, text in texts if number == LC_ID_DYLIB]
        assert list(image.rpaths) == [text for number, text in texts if number == LC_RPATH]
        (table,) = (body for command, body, _ in header.commands if command.cmd == LC_SYMTAB)
        ours = image.tables
        assert (ours.symbols, ours.symbol_count) == (table.symoff, table.nsyms)
        assert (ours.strings, ours.strings_size) == (table.stroff, table.strsize)
        assert (image.offset, image.type) == (header.offset, header.header.filetype)
    assert len(macho.slices) == len(theirs)
    return len(theirs)


def test_the_kinds_of_libraries():
    kinds = {LOAD: "load", WEAK: "weak", REEXPORT: "reexport", UPWARD: "upward", LAZY: "lazy"}
    dylibs = [(f"/{word}", number) for number, word in kinds.items()]
    (image,) = parse_macho(forge_macho(dylibs=dylibs)).slices
    assert [(dylib.name, dylib.how) for dylib in image.dylibs] == [
        (f"/{word}", word) for word in kinds.values()
    ]
    assert {str(dylib.compatibility) for dylib in image.dylibs} == {"1.2.3"}


@pytest.mark.parametrize("cpu", ["ppc", "ppc64", "i386", "x86_64", "x86_64h", "arm64", "arm64e"])
@pytest.mark.parametrize("with_trie", [True, False])
def test_every_machine_and_byte_order(cpu, with_trie):
    data = forge_macho(
        cpu, exports=("PyInit_a", "PyInit_bc"), imports=(("PyOne", 1, True),), with_trie=with_trie
    )
    (image,) = parse_macho(data).slices
    symbols = MachoSymbolTable(data, image)
    assert (image.cpu, image.type) == (cpu, BUNDLE)
    assert list(symbols.imports_beginning("Py")) == [MachoImport("PyOne", weak=True, ordinal=1)]
    assert list(symbols.definitions_beginning("PyInit_b")) == ["PyInit_bc"]
    assert [symbols.defines(f"PyInit_{name}") for name in ("a", "b", "bc", "bcd")] == [
        True,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("wide", [False, True])
def test_universal_files(wide):
    parts = [forge_macho(cpu, exports=(f"PyInit_{cpu}",)) for cpu in ("ppc", "x86_64", "arm64")]
    data = forge_fat(*parts, wide=wide)
    macho = parse_macho(data)
    assert find_format(data[:8]) is Format.MACH_O
    assert macho.is_universal
    assert macho.cpus == ("ppc", "x86_64", "arm64")
    for image in macho.slices:
        assert MachoSymbolTable(data, image).defines(f"PyInit_{image.cpu}")


def test_versions():
    for text, old in (("10.4", True), ("10.13.6", False), ("26.0", False)):
        (image,) = parse_macho(forge_macho(minos=text, old_version=old)).slices
        assert str(image.minimum_macos) == text
    (image,) = parse_macho(forge_macho(minos=None)).slices
    assert image.minimum_macos is None
    (image,) = parse_macho(forge_macho(platform=2)).slices
    assert image.platforms
    assert image.minimum_macos is None


def test_a_trie_of_several_levels():
    """``_a`` -> ``b`` (itself an export) -> ``cd``."""
    leaf = b"\x02\x00\x07\x00"
    inner = b"\x02\x00\x05\x01cd\0" + bytes([19])
    trie = b"\x00\x01_a\0" + bytes([6]) + b"\x00\x01b\0" + bytes([11]) + inner
    trie = trie.ljust(19, b"\0") + leaf
    data = forge_macho(trie=trie)
    (image,) = parse_macho(data).slices
    symbols = MachoSymbolTable(data, image)
    found = [name for name in ("a", "ab", "abc", "abcd", "abcde", "b") if symbols.defines(name)]
    assert found == ["ab", "abcd"]


def broken_command(number, size, body=b""):
    return struct.pack("<II", number, size) + body


WRONG = {
    "short": (b"\xcf\xfa\xed\xfe", "beyond the end"),
    "no image": (b"\0" * 64, "does not begin with a Mach-O header"),
    "commands": (forge_macho()[:60], "load commands reach beyond"),
    "command of no bytes": (
        forge_macho(extra=[broken_command(0x99, 0)]),
        "load command of 0 bytes",
    ),
    "long command": (forge_macho(extra=[broken_command(0x99, 1 << 20)]), "does not fit"),
    "text outside": (
        forge_macho(extra=[broken_command(0xC, 24, struct.pack("<4I", 99, 0, 0, 0))]),
        "text outside of itself",
    ),
    "cut off command": (forge_macho(extra=[broken_command(0x32, 8)]), "load command is cut off"),
    "symbols": (forge_macho(exports="abcdef", with_trie=False)[:-30], "symbol table reaches"),
    "strings": (forge_macho(exports="abcdef", with_trie=False)[:-1], "string table reaches"),
    "trie": (forge_macho(exports="abcdef")[:-1], "exports trie reaches"),
    "no slices": (b"\xca\xfe\xba\xbe" + bytes(60), "universal file of 0 slices"),
    "many slices": (b"\xca\xfe\xba\xbe\0\0\0\x29" + bytes(6000), "universal file of 41 slices"),
    "slice outside": (forge_fat(forge_macho())[:-8], "slice reaches beyond"),
    "overlap": (
        b"\xca\xfe\xba\xbe\0\0\0\2"
        + struct.pack(">10I", 7, 3, 48, 9, 0, 18, 0, 50, 9, 0)
        + bytes(99),
        "slices of a universal file overlap",
    ),
    "one machine twice": (forge_fat(forge_macho(), forge_macho()), "for the same machine"),
    "other machine": (
        forge_fat(forge_macho()).replace(struct.pack(">I", 0x0100000C), struct.pack(">I", 7), 1),
        "slice for i386 holds an image for arm64",
    ),
    "many paths": (forge_macho(rpaths=["a"] * 257), "257 LC_RPATH"),
    "many commands": (forge_macho(dylibs=["a"] * 5000), "load commands are more"),
}


@pytest.mark.parametrize(("data", "cause"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(data, cause):
    with pytest.raises(MalformedBinary, match=cause):
        parse_macho(data)


TRIES = {
    "leads out": (b"\0\1_a\0\x7f", "leads out"),
    "endless label": (b"\0\1_aaaaaaaa", "label of the exports trie does not end"),
    "endless number": (b"\0\1_a\0" + b"\xff" * 20, "number of the exports trie does not end"),
    "no edges": (b"\5", "leads out"),
}


@pytest.mark.parametrize(("trie", "cause"), TRIES.values(), ids=TRIES)
def test_what_is_wrong_with_a_trie_is_said(trie, cause):
    data = forge_macho(trie=trie)
    (image,) = parse_macho(data).slices
    with pytest.raises(MalformedBinary, match=cause):
        MachoSymbolTable(data, image).defines("a" * 99)


def test_a_trie_that_turns_back_ends():
    data = forge_macho(trie=b"\0\1_\0\0")  # the root is its own child
    (image,) = parse_macho(data).slices
    assert not MachoSymbolTable(data, image).defines("a")
    assert not MachoSymbolTable(data, image).defines("_" * 500)
    data = forge_macho(trie=b"\0\1\0\0")  # with an empty label
    (image,) = parse_macho(data).slices
    assert not MachoSymbolTable(data, image).defines("a")


def test_the_forged_trie_is_what_dyld_reads():
    assert forge_trie(("ab",)) == b"\0\1_ab\0\x88\0\x02\x00\x01\x00"
