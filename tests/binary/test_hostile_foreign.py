"""Broken and hostile Mach-O and PE files: an answer or :class:`MalformedBinary`, soon."""

import struct
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.mach_samples import dylib, forge_fat, forge_macho, universal
from support.mach_samples import module as mac_module
from support.pe_samples import forge_pe
from support.pe_samples import module as win_module

from felloe.audit.macos.object import audit_mach_object
from felloe.audit.windows.object import audit_pe_object
from felloe.errors import MalformedBinary

QUICKLY = settings(deadline=None, database=None, max_examples=250)
SAMPLES = {
    "thin": mac_module("m", "PyList_New", rpaths=("@loader_path",)),
    "big-endian": mac_module("m", cpu="ppc"),
    "universal": universal("m", "PyList_New"),
    "wide": forge_fat(mac_module("m"), dylib("d", cpu="x86_64"), wide=True),
    "pe": win_module("m", "PyList_New", delayed={"late.dll": ("a", 7)}),
    "pe32": win_module("m", platform="win32", python="python3.dll"),
}
VALUES = (0, 1, 3, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)


def examine(data):
    """All that the audit asks; False if the reader refuses."""
    try:
        if data[:2] == b"MZ":
            audit_pe_object("m.pyd", data)
        else:
            audit_mach_object("m.abi3.so", data)
    except MalformedBinary:
        return False
    return True


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_sound(name):
    assert examine(SAMPLES[name])


@pytest.mark.parametrize("name", SAMPLES)
def test_truncation_at_every_byte_is_survived(name):
    data = SAMPLES[name]
    answers = [examine(data[:size]) for size in range(len(data))]
    assert not any(answers[:64])
    assert answers.count(False) > len(data) // 2


@pytest.mark.parametrize("size", [1, 2, 4, 8])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_field_may_hold_anything(name, size):
    data = SAMPLES[name]
    refused = 0
    for at in range(0, len(data) - size, max(size, 2)):
        for value in {value & (1 << 8 * size) - 1 for value in (*VALUES, len(data))}:
            for order in ("big", "little"):
                broken = data[:at] + value.to_bytes(size, order) + data[at + size :]
                refused += not examine(broken)
    assert refused


@QUICKLY
@given(data=st.data())
def test_random_bytes_are_survived(data):
    broken = bytearray(SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))])
    place = st.integers(4, len(broken) - 1)
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=24)):
        broken[at] = value
    examine(bytes(broken[: data.draw(st.integers(4, len(broken)))]))


@QUICKLY
@given(
    tail=st.binary(max_size=400),
    magic=st.sampled_from(
        [b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xca\xfe\xba\xbe\0\0\0\2", b"\xca\xfe\xba\xbf"]
    ),
)
def test_noise_after_the_magic_is_survived(tail, magic):
    examine(magic + tail)


@QUICKLY
@given(tail=st.binary(max_size=400))
def test_noise_after_the_pe_signature_is_survived(tail):
    examine(b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0" + tail)


# Attacks. Each file is of a few MiB at most, and auditing a wheel with it must cost no more
# than a few seconds of CPU and a few dozen times its size: told to the kernel, which ends a
# child that takes more.

CHILD = """
import resource, sys, json
from felloe.wheel.member import Member
from felloe.audit.evidence import audit_members
from felloe.audit.report.document import render_json
from felloe.audit.report.text import render_text
from felloe.audit.wheel_file import WheelAudit
from felloe.audit.verdict import judge
from felloe.audit.policy.family import read_policies
from felloe.wheel.tags import parse_wheel_name
from felloe.python import stable_abi
policies, data = read_policies(), open(sys.argv[1], "rb").read()
status = open("/proc/self/status").read()
now = int(status.partition("VmSize:")[2].split()[0]) << 10
used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
seconds, memory = int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, used + seconds + 1))
resource.setrlimit(resource.RLIMIT_AS, (now + memory, -1))
member, tag = ("m.pyd", "win_amd64") if data[:2] == b"MZ" else ("m.abi3.so", "macosx_11_0_arm64")
name = parse_wheel_name(f"x-1-cp311-abi3-{tag}.whl")
evidence = audit_members([Member.from_bytes("x/" + member, data)], policies, "glibc")
verdict = judge(evidence, name, "glibc", policies)
document = json.dumps(render_json("x.whl", WheelAudit(evidence, verdict, ())))
text = render_text("x.whl", WheelAudit(evidence, verdict, ()))
print(*(item.reason for item in evidence.opaque), len(document) + len(text))
"""
SECONDS = 4


def many_libraries():
    return forge_macho(
        dylibs=[f"@rpath/{at}/lib.dylib" for at in range(3600)],
        rpaths=[f"@loader_path/{at}" for at in range(256)],
    )


def many_long_libraries():
    return forge_macho(
        dylibs=[f"@rpath/{at}" + "/a" * 500 for at in range(3600)],
        rpaths=["@loader_path/" + "b/" * 400] * 256,
    )


def slices_of_many_libraries():
    """One is for a known machine."""
    image = many_libraries()
    others = [image[:4] + struct.pack("<I", number) + image[8:] for number in range(20, 58)]
    return forge_fat(image, *others)


def slices_that_overlap():
    image = many_libraries()
    head = struct.pack(">II", 0xCAFEBABE, 39)
    head += b"".join(struct.pack(">5I", 0x0100000C, at, 4096, len(image), 0) for at in range(39))
    return head.ljust(4096, b"\0") + image


def commands_of_no_size():
    data = bytearray(forge_macho())
    struct.pack_into("<I", data, 16, 0xFFFFFFFF)
    return bytes(data)


def imports_of_one_long_name():
    name = "Py" + "A" * 500_000
    data = bytearray(forge_macho(exports=("PyInit_m",), imports=(name, *"b" * 60_000)))
    strings = bytes(data).index(b"_PyInit_m") - 2
    offset = bytes(data).index(b"_PyA") - strings
    size = 16
    start = bytes(data).index(struct.pack("<IBBHQ", offset, 1, 0, 0xFE00, 0))
    for at in range(60_000):
        struct.pack_into("<I", data, start + size * (at + 1), offset)
    return bytes(data)


def trie_that_turns_back():
    """A node whose edges are long, and the last of them leads on by one character to itself."""
    edges = b"".join(b"x" * 8000 + b"\0\0" for _ in range(200))
    return forge_macho(trie=b"\0" + bytes([202]) + edges + b"_\0\0" + b"P\0\0")


def dlls_without_end():
    data = bytearray(forge_pe(imports={"a.dll": ("b",)}))
    row = struct.pack("<5I", 0x1000, 0, 0, 0x1000, 0)
    return _with_imports(data, row * 100_000)


def _with_imports(data, table):
    """The file with another import directory, at the end of its section."""
    place = 0x1000 + len(data) - 0x400
    struct.pack_into("<I", data, 64 + 24 + 112 + 8, place)
    section = data.index(b".rdata")
    for field in (8, 16):
        struct.pack_into("<I", data, section + field, len(data) - 0x400 + len(table))
    return bytes(data + table)


def dlls_that_share_their_names():
    """The interpreter's library thousands of times, each with the same long list of names."""
    data = bytearray(forge_pe(imports={"python3.dll": [f"PyName{at}" for at in range(50_000)]}))
    at = data.index(b"python3.dll\0")
    lookup = data.index(struct.pack("<I", 0x1000 + at - 0x400)) - 12
    row = data[lookup : lookup + 20]
    return _with_imports(data, bytes(row) * 4000 + bytes(20))


def names_that_share_bytes():
    data = bytearray(forge_pe(imports={"python3.dll": ["Py" + "A" * 800_000, *"b" * 50_000]}))
    long = 0x1000 + data.index(b"PyAA") - 2 - 0x400
    at = data.index(struct.pack("<Q", long))
    for position in range(50_000):
        struct.pack_into("<Q", data, at + 8 * (position + 1), long)
    return bytes(data)


def dll_of_a_long_name():
    return forge_pe(imports={"a" * 3_000_000: ("b",)})


def many_exports():
    return forge_pe(exports=[f"PyInit_{at:06}" for at in range(60_000)])


ATTACKS = (
    many_libraries,
    many_long_libraries,
    slices_of_many_libraries,
    slices_that_overlap,
    commands_of_no_size,
    imports_of_one_long_name,
    trie_that_turns_back,
    dlls_without_end,
    dlls_that_share_their_names,
    names_that_share_bytes,
    dll_of_a_long_name,
    many_exports,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_attack_costs_little(attack, tmp_path):
    data = attack()
    assert len(data) < 17 << 20
    (tmp_path / "file").write_bytes(data)
    memory = 64 * len(data) + (64 << 20)
    command = [sys.executable, "-c", CHILD, tmp_path / "file", str(SECONDS), str(memory)]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stderr[-800:]}"
    assert int(done.stdout.split()[-1]) < 100 * len(data) + (1 << 16), "the report is out of scale"
