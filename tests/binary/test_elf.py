"""The ELF reader against ``readelf``, on objects compiled here."""

import re
import subprocess
from dataclasses import replace

import pytest
from support.elf_samples import FOREIGN, HOST, NAMES, ZIG, compile_elf

from felloe.binary.elf.reader import ElfType, VersionNeed, find_libc, parse_elf

TYPES = {"REL": 1, "EXEC": 2, "DYN": 3}
MACHINES = {
    "Advanced Micro Devices X86-64": "x86_64",
    "Intel 80386": "i686",
    "ARM": "armv7l",
    "AArch64": "aarch64",
    "IBM S/390": "s390x",
}
LEVELS = {"x86-64-v2": 2, "x86-64-v3": 3, "x86-64-v4": 4}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("elf")


def read_elf(path):
    return parse_elf(path.read_bytes())


def readelf(path):
    command = ["readelf", "-W", "-h", "-l", "-d", "-V", "-n", path]
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True).stdout


def one(text, pattern):
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else None


def every(text, pattern):
    return tuple(re.findall(pattern, text, re.MULTILINE))


def paths(text, tag):
    found = one(text, rf"\({tag}\).*\[(.*)\]")
    return tuple(found.split(":")) if found is not None else ()


def version_needs(text):
    found, library = [], None
    section = text.partition("Version needs section")[2]
    for line in section.splitlines():
        library = one(line, r"File: (\S+)") or library
        need = re.search(r"Name: (\S+)\s+Flags: .*Version: (\d+)", line)
        if need:
            found.append(VersionNeed(library, need[1], int(need[2])))
    return tuple(found)


def facts_of_readelf(path):
    text = readelf(path)
    aligns = [int(align, 16) for align in every(text, r"^  LOAD .*(0x[0-9a-f]+)$")]
    stack = one(text, r"^  GNU_STACK .* ([RWE ]{3}) 0x")
    return {
        "bits": int(one(text, r"Class: +ELF(\d+)")),
        "byte_order": "<" if "little endian" in text else ">",
        "type": TYPES[one(text, r"Type: +(\w+)")],
        "architecture": MACHINES[one(text, r"Machine: +(.*)")],
        "interpreter": one(text, r"program interpreter: (.*)\]"),
        "needed": every(text, r"\(NEEDED\).*\[(.*)\]"),
        "soname": one(text, r"\(SONAME\).*\[(.*)\]"),
        "rpath": paths(text, "RPATH"),
        "runpath": paths(text, "RUNPATH"),
        "version_needs": version_needs(text),
        "executable_stack": "E" in (stack or ""),
        "text_relocations": bool(one(text, r"(\(TEXTREL\)|\(FLAGS\).*TEXTREL)")),
        "relative_relocations": bool(one(text, r"(\(RELR\))")),
        "load_alignment": min(aligns, default=0),
        "isa_level": LEVELS.get((one(text, r"x86 ISA needed: (.*)$") or "").split(", ")[-1], 1),
        "is_dynamic": "There is no dynamic section" not in text,
    }


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_what_readelf_prints(place, name):
    path = compile_elf(place, name)
    elf = read_elf(path)
    expected = facts_of_readelf(path)
    assert {key: getattr(elf, key) for key in expected} == expected


# The oracle's answers, held against what the linker was told: a reader and an
# oracle that both see nothing would agree.
@pytest.mark.parametrize(
    ("name", "fact", "value"),
    [
        ("soname", "soname", "libfelloe.so.1"),
        ("runpath", "runpath", ("$ORIGIN/lib", "/opt/felloe")),
        ("runpath", "rpath", ()),
        ("rpath", "rpath", ("/opt/felloe", "$ORIGIN")),
        ("rpath", "runpath", ()),
        ("shared", "needed", ("libm.so.6", "libc.so.6")),
        ("shared", "executable_stack", False),
        ("shared", "load_alignment", 4096),
        ("execstack", "executable_stack", True),
        ("textrel", "text_relocations", True),
        ("relr", "relative_relocations", True),
        ("large-pages", "load_alignment", 65536),
        ("v3", "isa_level", 3),
        ("program-static", "is_dynamic", False),
        ("program-static", "needed", ()),
        ("program-fixed", "type", ElfType.EXECUTABLE),
        ("program-pie", "type", ElfType.SHARED),
        ("object", "type", ElfType.RELOCATABLE),
        pytest.param("s390x-gnu", "byte_order", ">", marks=ZIG),
        pytest.param("arm-gnu", "bits", 32, marks=ZIG),
        pytest.param("arm-gnu", "architecture", "armv7l", marks=ZIG),
    ],
)
def test_fact_is_what_the_linker_was_told(place, name, fact, value):
    assert getattr(read_elf(compile_elf(place, name)), fact) == value


@pytest.mark.parametrize(
    "name",
    [
        "versions",
        "program-pie",
        "hash-sysv",
        pytest.param("s390x-gnu", marks=ZIG),
        pytest.param("arm-both", marks=ZIG),
    ],
)
def test_section_headers_are_not_needed(place, name):
    path = compile_elf(place, name)
    data = bytearray(path.read_bytes())
    wide = data[4] == 2
    at, size = (40, 8) if wide else (32, 4)
    data[at : at + size] = bytes(size)  # e_shoff
    data[58:64] = bytes(6) if wide else data[58:64]
    assert parse_elf(bytes(data)) == read_elf(path)


@pytest.mark.parametrize(
    ("name", "is_executable"),
    [
        ("shared", True),
        pytest.param("x86-gnu", True, marks=ZIG),
        pytest.param("arm-gnu", True, marks=ZIG),
        pytest.param("s390x-gnu", True, marks=ZIG),
        pytest.param("aarch64-gnu", False, marks=ZIG),
        ("program-pie", True),
    ],
)
def test_without_a_marker_the_stack_is_what_the_architecture_has(place, name, is_executable):
    """glibc's DEFAULT_STACK_PERMS, sysdeps/*/stackinfo.h."""
    data = compile_elf(place, name).read_bytes()
    marker = 0x6474E551.to_bytes(4, "big" if data[5] == 2 else "little")
    assert data.count(marker) == 1
    assert parse_elf(data.replace(marker, bytes(4))).executable_stack is is_executable


@pytest.mark.parametrize("name", ["shared", pytest.param("s390x-gnu", marks=ZIG)])
def test_a_mapped_view_reads_as_bytes_do(place, name):
    data = compile_elf(place, name).read_bytes()
    assert parse_elf(memoryview(data)) == parse_elf(data)


@pytest.mark.parametrize(
    ("name", "change", "libc"),
    [
        ("shared", {}, "glibc"),
        ("program-static", {}, None),
        ("object", {}, None),
        ("shared", {"needed": ("libc.so",)}, "musl"),
        ("shared", {"needed": ("libc.musl-x86_64.so.1",)}, "musl"),
        ("object", {"interpreter": "/lib/ld-musl-x86_64.so.1"}, "musl"),
        ("object", {"version_needs": (VersionNeed("libm.so.6", "GLIBC_2.29", 2),)}, "glibc"),
    ],
)
def test_libc_is_found(place, name, change, libc):
    assert find_libc(replace(read_elf(compile_elf(place, name)), **change)) == libc


@pytest.mark.parametrize(
    ("flags", "architecture"),
    [(0x05000400, "armv7l"), (0x05000200, None), (0x04000400, None), (0, None)],
    ids=["hard float", "soft float", "EABI 4", "old ABI"],
)
@ZIG
def test_only_hard_float_arm_is_armv7l(place, flags, architecture):
    data = bytearray(compile_elf(place, "arm-gnu").read_bytes())
    data[36:40] = flags.to_bytes(4, "little")
    assert parse_elf(bytes(data)).architecture == architecture


def test_samples_cover_what_they_are_for():
    assert {name.partition("-")[0] for name in FOREIGN} == {"s390x", "arm", "x86", "aarch64"}
    assert {"hash-gnu", "hash-sysv", "hash-both"} < HOST.keys()
