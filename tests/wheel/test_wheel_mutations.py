"""Wheels with random damage are read or refused."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.elf_samples import compile_tiny
from support.zip_samples import (
    WHEEL,
    forge_wheel,
    forge_zip,
    wheel_entries,
)

from felloe.audit.evidence import audit_members
from felloe.audit.policy.family import read_policies
from felloe.audit.report.document import render_json
from felloe.audit.report.text import render_text
from felloe.audit.verdict import judge
from felloe.audit.wheel_file import WheelAudit
from felloe.errors import FelloeError
from felloe.wheel.reader import open_wheel

SOUND = forge_wheel()
POLICIES = read_policies()


def save(directory, data, name=WHEEL):
    path = directory / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def binary_wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    tag = "cp311-cp311-linux_x86_64"
    module = compile_tiny(place, "gnu")
    files = {"demo/m.cpython-311-x86_64-linux-gnu.so": module, "demo/__init__.py": b"pass\n"}
    return place / f"demo-1.0-{tag}.whl", forge_zip(wheel_entries(files, tag=tag))


def audit(path, data):
    """What ``felloe audit`` does; whether the wheel was read to the end."""
    path.write_bytes(data)
    try:
        with open_wheel(path) as staged:
            evidence = audit_members(staged.members, POLICIES, "glibc")
            verdict = judge(evidence, staged.name, "glibc", POLICIES)
            render_json(path.name, WheelAudit(evidence, verdict, ()))
            render_text(path.name, WheelAudit(evidence, verdict, ()))
            for member in staged.members:
                member.read()
    except FelloeError:
        return False
    return True


@settings(
    deadline=None,
    database=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mutated_wheel_is_read_or_refused(binary_wheel, data):
    path, sound = binary_wheel
    broken = bytearray(sound)
    place = st.integers(0, len(broken) - 1)
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=12)):
        broken[at] = value
    cut, end = sorted(data.draw(st.tuples(place, place)))
    if data.draw(st.booleans()):
        del broken[cut : min(end, cut + 64)]
    audit(path, bytes(broken))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_every_header_field_may_hold_anything(tmp_path, size):
    """Each field of every header set to extremes; most of the ways are refused."""
    sound = forge_zip(wheel_entries({"demo.py": b"pass\n" * 9}))
    start = sound.index(b"PK\1\2")
    heads = [at for at in range(start) if sound[at : at + 4] == b"PK\3\4"]
    places = {at + step for at in heads for step in range(0, 40, size)}
    places |= {*range(start, len(sound) - size, size)}
    path, refused = tmp_path / WHEEL, 0
    for at in sorted(places):
        for value in (0, 1, (1 << 8 * size) - 1):
            broken = bytearray(sound)
            broken[at : at + size] = value.to_bytes(size, "little")
            refused += not audit(path, bytes(broken))
    assert refused > len(places)


def test_sound_wheel_is_audited(binary_wheel):
    path, sound = binary_wheel
    assert audit(path, sound)


def test_huge_zip64_numbers_are_refused(tmp_path):
    """Numbers of 64 bits reach no seek or read that takes them at their word."""
    body = SOUND[: SOUND.index(b"PK\1\2")]
    directory = SOUND[len(body) : -22]
    for value in (0, 1, len(body), 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1):
        for place in range(3):
            numbers = [4, len(directory), len(body)]
            numbers[place] = value
            count, size, start = numbers
            at = len(body) + len(directory)
            record = struct.pack(
                "<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start
            )
            locator = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
            end = struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, *[0xFFFFFFFF] * 2, 0)
            data = body + directory + record + locator + end
            audit(tmp_path / WHEEL, data)
