"""Broken and hostile ELF files: an answer or :class:`MalformedBinary`, soon, in little memory."""

import struct
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.elf_samples import (
    GNU_HASH,
    HASH,
    INTERP,
    NEEDED,
    NOTE,
    RPATH,
    SONAME,
    STRSZ,
    STRTAB,
    SYMTAB,
    VERNEED,
    VERNEEDNUM,
    VERSYM,
    ZIG,
    compile_elf,
    compile_tiny,
    forge_elf,
    forge_symbols,
)

from felloe.binary.elf.reader import parse_elf
from felloe.binary.elf.symbols import SymbolTable, gnu_hash
from felloe.errors import MalformedBinary

QUICKLY = settings(deadline=None, database=None, max_examples=250)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("elf")


@pytest.fixture(scope="module", params=["host", pytest.param("foreign", marks=ZIG)])
def samples(place, request):
    if request.param == "host":
        return [compile_tiny(place, style) for style in ("gnu", "sysv")]
    return [compile_elf(place, name).read_bytes() for name in ("s390x-gnu", "arm-sysv")]


def examine(data):
    """All that the reader can be asked; False if it refuses."""
    try:
        elf = parse_elf(data)
        symbols = SymbolTable(data, elf)
        list(symbols.imports())
        list(symbols.definitions())
        symbols.imports_named({"pow", "puts"})
        symbols.imports_of_versions({need[2] for need in elf.version_needs})
        symbols.defines("felloe_add")
    except MalformedBinary:
        return False
    return True


def test_samples_are_sound(samples):
    assert all(map(examine, samples))
    assert all(len(sample) < 1 << 14 for sample in samples)


def test_truncation_at_every_byte_is_survived(samples):
    tiny = samples[0]
    loaded = max(s.offset + s.file_size for s in segments_of(tiny) if s.type == 1)
    answers = [examine(tiny[:size]) for size in range(len(tiny))]
    assert not any(answers[:64])
    assert all(answers[loaded:])
    assert answers.count(False) > loaded // 2


def segments_of(data):
    from felloe.binary.elf import reader as elf

    return elf._Parser(data).segments  # noqa: SLF001 - where to cut is no fact of the interface


VALUES = (0, 1, 3, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("sample", range(2), ids=["first", "second"])
def test_every_field_may_hold_anything(samples, sample, size):
    """Each field of the headers, the dynamic section and what it leads to, set to extremes."""
    data = samples[sample]
    order = "big" if data[5] == 2 else "little"
    values = {value & (1 << 8 * size) - 1 for value in (*VALUES, len(data), len(data) - size)}
    refused = 0
    for at in interesting(data, size):
        for value in values:
            broken = bytearray(data)
            broken[at : at + size] = value.to_bytes(size, order)
            refused += not examine(bytes(broken))
    assert refused


def interesting(data, size):
    """Offsets of what is read: the headers, and all that lies before the code."""
    dynamic = next(s for s in segments_of(data) if s.type == 2)
    head = range(0, min(len(data), 0x500), size)
    table = range(dynamic.offset, dynamic.offset + dynamic.file_size - size, size)
    return sorted({*head[:: 2 if size < 4 else 1], *table[:: 4 if size < 4 else 1]})


@QUICKLY
@given(data=st.data())
def test_random_bytes_are_survived(samples, data):
    sample = data.draw(st.sampled_from(samples))
    broken = bytearray(sample)
    place = st.integers(0, len(broken) - 1)
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=24)):
        broken[at] = value
    examine(bytes(broken[: data.draw(st.integers(0, len(broken)))] or broken))


@QUICKLY
@given(tail=st.binary(max_size=400), bits=st.sampled_from([1, 2]), order=st.sampled_from([1, 2]))
def test_noise_after_the_identification_is_survived(tail, bits, order):
    examine(b"\x7fELF" + bytes([bits, order, 1]) + bytes(9) + tail)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"", "identification is cut off"),
        (b"\x7fELF\2\1\1", "identification is cut off"),
        (b"MZ" + bytes(62), "identification is cut off"),
        (b"\x7fELF\3\1" + bytes(58), r"unknown ELF class or byte order \(3, 1\)"),
        (b"\x7fELF\2\0" + bytes(58), r"unknown ELF class or byte order \(2, 0\)"),
        (b"\x7fELF\2\1" + bytes(30), "beyond the end of the file"),
    ],
    ids=["empty", "short", "not ELF", "class", "byte order", "header"],
)
def test_what_is_wrong_with_the_head_is_said(data, cause):
    with pytest.raises(MalformedBinary, match=cause):
        parse_elf(data)


STRINGS = b"\0libc.so.6\0"


def wrong(*dynamic, **blobs):
    blobs = {"strings": STRINGS, **blobs}
    return forge_elf([(STRTAB, "strings"), (STRSZ, len(blobs["strings"])), *dynamic], **blobs)


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (wrong((NEEDED, 99)), "no string ends after offset 99"),
        (wrong((NEEDED, 1), strings=b"\0libc.so.6"), "no string ends after offset 1"),
        (wrong((SONAME, 1 << 63)), "no string ends after"),
        (wrong((STRTAB, 1 << 40))[:-1] + b"\0", None),
        (forge_elf([(STRTAB, 1 << 40)]), "no loaded segment holds the address 0x10000000000"),
        (forge_elf([(STRTAB, 64), (STRSZ, 1 << 63)]), "string table reaches beyond"),
        (wrong((VERNEED, "strings"), (VERNEEDNUM, 9)), "beyond the end of the file|no string"),
        (wrong((SYMTAB, "strings"), (HASH, "hash"), hash=b"\xff" * 8), "symbol table reaches"),
        (wrong((SYMTAB, "strings"), (GNU_HASH, "hash"), hash=b"\xff" * 16), "hash table reaches"),
    ],
    ids=[
        "string offset",
        "endless string",
        "huge string offset",
        "second STRTAB is ignored",
        "address",
        "string table size",
        "version needs",
        "symbol count",
        "hash table",
    ],
)
def test_what_leads_out_of_the_file_is_said(data, cause):
    def read():
        return list(SymbolTable(data, parse_elf(data)).definitions())

    if cause is None:
        assert read() == []
        return
    with pytest.raises(MalformedBinary, match=cause):
        read()


def test_names_that_are_no_utf8_are_escaped():
    elf = parse_elf(wrong((NEEDED, 1), strings=b"\0lib\xff\xfe.so\0"))
    assert elf.needed == (r"lib\xff\xfe.so",)


@pytest.mark.parametrize(
    "hostile", [b"\x1b[2J", b"a\nb", b"\x9b1m", b"\xc2\x9b1m", b"\xe2\x80\xae"]
)
def test_names_cannot_steer_a_terminal(hostile):
    """An object's names reach the terminal; those that would steer it are escaped."""
    (name,) = parse_elf(wrong((NEEDED, 1), strings=b"\0" + hostile + b"\0")).needed
    assert name.isprintable()


# Attacks. Each file is of a few MiB at most, and reading it must cost no more than
# a few seconds of CPU and a few dozen times its size: told to the kernel, which
# ends a child that takes more.

CHILD = """
import resource, sys
from felloe.wheel.member import Member
from felloe.audit.evidence import audit_members
from felloe.errors import FelloeError
from felloe.audit.policy.family import read_policies
from felloe.audit.report.document import render_json
from felloe.audit.wheel_file import WheelAudit
from felloe.wheel.tags import parse_wheel_name
from felloe.audit.verdict import judge
import json
policies, seconds, data = read_policies(), float(sys.argv[2]), open(sys.argv[1], "rb").read()
status = open("/proc/self/status").read()
now = int(status.partition("VmSize:")[2].split()[0]) << 10
used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
resource.setrlimit(resource.RLIMIT_CPU, (used + int(seconds), used + int(seconds) + 1))
resource.setrlimit(resource.RLIMIT_AS, (now + int(sys.argv[3]), -1))
name = parse_wheel_name("x-1-cp311-cp311-linux_x86_64.whl")
member = Member.from_bytes("x/a.cpython-311-x86_64-linux-gnu.so", data)
evidence = audit_members([member], policies, "glibc")
audit = WheelAudit(evidence, judge(evidence, name, "glibc", policies), ())
document = json.dumps(render_json("x.whl", audit))
print(*(item.reason for item in evidence.opaque), len(document))
"""
SECONDS = 3


def table(form, *rows):
    return b"".join(struct.pack(form, *row) for row in rows)


def overlapping_needed():
    text = b"\0" + b"a" * 60_000 + b"\0"
    return wrong(*((NEEDED, 1 + at) for at in range(60_000)), strings=text)


def same_long_string():
    text = b"\0" + b"a" * 1_000_000 + b"\0"
    return wrong(*((NEEDED, 1) for _ in range(60_000)), strings=text)


def overlapping_rpaths():
    text = b"\0" + b":" * 60_000 + b"\0"
    return wrong(*((RPATH, 1) for _ in range(60_000)), strings=text)


def needed_of_nothing(symbols=40_000):
    """Each library named anew; each time all symbols, whose names cost no budget."""
    text = b"\0libz.so.1\0inflateReset2\0"
    return wrong(
        *((NEEDED, 1) for _ in range(60_000)),
        (SYMTAB, "symbols"),
        (HASH, "hash"),
        hash=struct.pack("<2I", 1, symbols + 1),
        symbols=forge_symbols([0] * symbols),
        strings=text + bytes(50_000),
    )


def needs(count, following, heads=20_000):
    """``heads`` libraries that all lead to the same list of versions."""
    rows = ((1, count, 1, 16 * (heads - at), 16) for at in range(heads))
    versions = table("<IHHII", *[(0, 0, 2, 0, following)] * heads)
    blob = table("<HHIII", *rows) + versions
    return wrong((VERNEED, "needs"), (VERNEEDNUM, 0xFFFFFFFF), needs=blob)


def needs_that_overlap():
    return needs(count=20_000, following=16)


def needs_without_end():
    """A version that is followed by itself."""
    return needs(count=0xFFFF, following=0)


def needs_of_one_number(count=4_000):
    """Many versions under one number, and as many symbols under it."""
    names = b"".join(b"GLIBC_9.%05d\0" % at for at in range(count))
    text = b"\0libc.so.6\0" + names + b"puts\0"
    versions = table("<IHHII", *((0, 0, 2, 11 + 14 * at, 16) for at in range(count)))
    return wrong(
        (VERNEED, "needs"),
        (VERNEEDNUM, 1),
        (VERSYM, "versions"),
        (SYMTAB, "symbols"),
        (HASH, "hash"),
        needs=struct.pack("<HHIII", 1, count, 1, 16, 0) + versions,
        hash=struct.pack("<2I", 1, count + 1),
        symbols=forge_symbols([len(text) - 5] * count),
        versions=struct.pack("<H", 2) * (count + 1),
        strings=text,
    )


def hashed(head, *, chain, symbol=1, strings=b"\0PyInit_a\0", symbols=100_000):
    return wrong(
        (SYMTAB, "symbols"),
        (GNU_HASH, "hash"),
        hash=struct.pack("<4I", *head) + chain,
        symbols=forge_symbols([symbol] * symbols, section=1),
        strings=strings,
    )


def endless_chain():
    return hashed((1, 1, 0, 0), chain=struct.pack("<I", 1) + bytes(1 << 21))


def chain_of_equal_hashes():
    """Every symbol has the hash that is looked for and a long name that is not."""
    word = struct.pack("<I", gnu_hash("PyInit_a") & ~1)
    text = b"\0PyInit_a\0" + b"a" * 500_000 + b"\0"
    chain = struct.pack("<I", 1) + word * 90_000
    return hashed((1, 1, 0, 0), chain=chain, symbol=10, strings=text)


def buckets_without_number():
    return hashed((0xFFFFFFFF, 1, 0, 0), chain=bytes(1 << 16))


def buckets_over_the_whole_file():
    return hashed((500_000, 1, 0, 0), chain=struct.pack("<I", 1) * 500_001)


def bloom_without_end():
    return hashed((1, 1, 0xFFFFFFFF, 0), chain=bytes(1 << 16))


def symbols_without_number():
    return wrong((SYMTAB, "hash"), (HASH, "hash"), hash=b"\xff" * 16, strings=b"\0PyInit_a\0")


def many_segments():
    data = bytearray(forge_elf([]))
    struct.pack_into("<H", data, 56, 0xFFFF)
    return bytes(data) + bytes(56 * 0xFFFF)


def notes_that_share_bytes():
    """As many segments as are allowed, each over the same notes of no length."""
    return forge_elf([], segments=[(NOTE, "notes")] * 4000, notes=bytes(1 << 16))


def properties_that_share_bytes():
    note = struct.pack("<III4s", 4, (1 << 16) - 16, 5, b"GNU\0") + bytes((1 << 16) - 16)
    return forge_elf([], segments=[(NOTE, "notes")] * 4000, notes=note)


def endless_interpreter():
    return forge_elf([], segments=[(INTERP, "path")], path=b"/" * (1 << 20))


def many_dynamic_entries():
    return wrong(*((0x6FFFFF00 + at % 200, at) for at in range(120_000)))


ATTACKS = (
    overlapping_needed,
    same_long_string,
    overlapping_rpaths,
    needed_of_nothing,
    needs_without_end,
    needs_that_overlap,
    needs_of_one_number,
    endless_chain,
    chain_of_equal_hashes,
    buckets_without_number,
    buckets_over_the_whole_file,
    bloom_without_end,
    symbols_without_number,
    many_segments,
    notes_that_share_bytes,
    properties_that_share_bytes,
    endless_interpreter,
    many_dynamic_entries,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_attack_costs_little(attack, tmp_path):
    data = attack()
    assert len(data) < 5 << 20
    (tmp_path / "file").write_bytes(data)
    memory = 64 * len(data) + (32 << 20)
    command = [sys.executable, "-c", CHILD, tmp_path / "file", str(SECONDS), str(memory)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stderr[-800:]}"
    assert int(done.stdout.split()[-1]) < 100 * len(data) + (1 << 16), "the report is out of scale"
