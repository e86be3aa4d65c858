"""The dynamic symbols against ``nm -D``, on objects compiled here."""

import struct
import subprocess

import pytest
from support.elf_samples import (
    HASH,
    NAMES,
    STRSZ,
    STRTAB,
    SYMTAB,
    compile_elf,
    forge_elf,
    forge_symbols,
)

from felloe.binary.elf.reader import parse_elf
from felloe.binary.elf.symbols import SymbolTable, gnu_hash

UNLINKED = ("object", "program-static")
LINKED = [name for name in NAMES if name not in UNLINKED]
ABSENT = ("felloe_absent", "", "felloe_", "puts2", "\N{SNOWMAN}")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("elf")


def read_symbols(path):
    data = path.read_bytes()
    return SymbolTable(data, parse_elf(data))


def nm(path):
    """(imports, definitions): sorted (name, is weak), sorted names; versions cut off."""
    command = ["nm", "-D", path]
    out = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout
    words = [line.split() for line in out.splitlines()]
    imports = [(w[-1].partition("@")[0], w[-2] in "wv") for w in words if len(w) == 2]
    return sorted(imports), sorted(w[-1].partition("@")[0] for w in words if len(w) == 3)


@pytest.mark.parametrize("name", LINKED)
def test_imports_are_what_nm_prints(place, name):
    path = compile_elf(place, name)
    assert sorted(tuple(symbol) for symbol in read_symbols(path).imports()) == nm(path)[0]


@pytest.mark.parametrize("name", LINKED)
def test_definitions_are_what_nm_prints(place, name):
    path = compile_elf(place, name)
    assert sorted(filter(None, read_symbols(path).definitions())) == nm(path)[1]


@pytest.mark.parametrize("name", LINKED)
def test_defines_agrees_with_the_lists(place, name):
    path = compile_elf(place, name)
    symbols = read_symbols(path)
    imports, definitions = nm(path)
    asked = {*(name for name, _ in imports), *definitions, *ABSENT}
    assert {name for name in asked if symbols.defines(name)} == set(definitions)


@pytest.mark.parametrize("name", LINKED)
def test_imports_named_are_those_of_the_list(place, name):
    path = compile_elf(place, name)
    wanted = {name for name, _ in nm(path)[0][::2]} | set(ABSENT)
    found = {symbol.name for symbol in read_symbols(path).imports_named(wanted)}
    assert found == {name for name, _ in nm(path)[0]} & wanted


@pytest.mark.parametrize("name", [name for name in LINKED if "-" not in name or "program" in name])
def test_imports_of_versions_are_what_nm_prints(place, name):
    path = compile_elf(place, name)
    data = path.read_bytes()
    elf = parse_elf(data)
    out = subprocess.run(["nm", "-D", path], text=True, stdout=subprocess.PIPE, check=True).stdout
    expected = {}
    for word in (line.split()[-1] for line in out.splitlines() if len(line.split()) == 2):
        symbol, _, version = word.partition("@")
        if version:
            expected.setdefault(version, []).append(symbol)
    versions = {need.number: need.version for need in elf.version_needs}
    found = {}
    for number, names in SymbolTable(data, elf).imports_of_versions(versions.keys()).items():
        found.setdefault(versions[number], []).extend(names)
    assert {k: sorted(v) for k, v in found.items()} == {k: sorted(v) for k, v in expected.items()}


@pytest.mark.parametrize("name", sorted(UNLINKED))
def test_a_file_without_a_dynamic_section_has_no_symbols(place, name):
    symbols = read_symbols(compile_elf(place, name))
    assert list(symbols.imports()) == list(symbols.definitions()) == []
    assert not symbols.defines("felloe_add")


def test_mentions_looks_into_the_dynamic_strings(place):
    symbols = read_symbols(compile_elf(place, "shared"))
    assert symbols.mentions(b"felloe_pow")
    assert not symbols.mentions(b"felloe_absent")


@pytest.mark.parametrize(
    ("name", "value"),
    [("", 0x1505), ("printf", 0x156B2BB8), ("exit", 0x7C967E3F), ("syscall", 0xBAC212A0)],
)
def test_gnu_hash_is_the_published_one(name, value):
    assert gnu_hash(name) == value


@pytest.mark.parametrize(
    ("machine", "form"), [(62, "<5I"), (22, "<5Q")], ids=["32-bit words", "64-bit words of s390x"]
)
def test_sysv_hash_counts_in_the_words_of_its_machine(machine, form):
    """glibc, sysdeps/s390/bits/elfclass.h: "64 bit Linux for S/390 is exceptional"."""
    data = forge_elf(
        [(SYMTAB, "symbols"), (STRTAB, "strings"), (STRSZ, 10), (HASH, "hash")],
        machine=machine,
        hash=struct.pack(form, 1, 4, 1, 0, 0),
        symbols=forge_symbols([1, 4, 7]),
        strings=b"\0aa\0bb\0cc\0",
    )
    if machine == 22:
        data = swap_64(data)
    symbols = SymbolTable(data, parse_elf(data))
    assert [symbol.name for symbol in symbols.imports()] == ["aa", "bb", "cc"]


def swap_64(data):
    """The forged object of :func:`forge_elf` in the other byte order."""
    forms = ["HHIQQQIHHHHHH", *["IIQQQQQQ"] * 2, *["Q"] * 5, *["IBBHQQ"] * 4]
    out, at = bytearray(data), 16
    out[5] = 2
    for form in forms:
        struct.pack_into(">" + form, out, at, *struct.unpack_from("<" + form, data, at))
        at += struct.calcsize("<" + form)
    dynamic = data.index(b"\0aa\0bb\0cc\0") + 16
    for at in range(dynamic, len(data), 8):
        struct.pack_into(">Q", out, at, *struct.unpack_from("<Q", data, at))
    return bytes(out)
