"""DLLs that are copied into Windows wheels: which, where, and how the files refer to them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from support.pe_samples import forge_pe
from support.truth_wheel import make_wheel

from felloe.audit.evidence import audit_members
from felloe.audit.policy.family import read_policies
from felloe.audit.policy.system import read_windows_system
from felloe.binary.pe.editor.image import Image
from felloe.binary.pe.reader import parse_pe
from felloe.config.settings import LibrarySettings
from felloe.repair.windows.graft import WindowsGraft
from felloe.wheel.reader import open_wheel

MODULE = "demo/_core.cp312-win_amd64.pyd"


def link(*dlls, exports=("answer",), platform="win_amd64"):
    """An image with room for longer names."""
    imports = {"KERNEL32.dll": ["Sleep"], **{name: ["answer"] for name in dlls}}
    data = bytearray(forge_pe(platform, imports=imports, exports=exports))
    image = Image(bytes(data))
    (section,) = image.sections
    struct.pack_into("<I", data, section.at + 16, section.file_size + 512)
    return bytes(data) + bytes(512)


def module(*dlls):
    return link(*dlls, "python312.dll", exports=("PyInit__core",))


@pytest.fixture
def host(tmp_path):
    place = tmp_path / "bin"
    place.mkdir()

    def put(name, *dlls, **facts):
        (place / name).write_bytes(link(*dlls, **facts))
        return str(place)

    return put


@pytest.fixture
def graft(tmp_path):
    def run(files, environ=None, **settings):
        wheel = make_wheel(tmp_path, "cp312-cp312-win_amd64", files, None)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        given = {"exclude": (), "include": (), "search": (), "provided_by": {}, **settings}
        with open_wheel(wheel) as staged:
            objects = audit_members(staged.members, read_policies(), "glibc").pe_objects
            job = WindowsGraft(staged, objects, "win_amd64", read_windows_system("win_amd64"))
            copied = job.copy(LibrarySettings(**given), environ or {}, scratch)
            return copied, {member.name: member.whole() for member in copied.members}

    return run


def needs(data):
    return {item.name for item in parse_pe(data).dlls} - {"KERNEL32.dll", "python312.dll"}


def test_a_dll_and_what_it_needs_lie_beside_the_module(graft, host):
    host("inner.dll")
    place = host("outer.dll", "Inner.DLL")
    copied, members = graft({MODULE: module("OUTER.dll")}, search=(place,))
    outer, inner = sorted(set(members) - {MODULE}, key=lambda name: "inner" in name)
    assert outer.startswith("demo/outer-")
    assert inner.startswith("demo/inner-")
    assert needs(members[MODULE]) == {Path(outer).name}
    assert needs(members[outer]) == {Path(inner).name}
    assert not copied.missing


def test_every_directory_that_needs_a_dll_gets_one(graft, host):
    place = host("z.dll")
    files = {MODULE: module("z.dll"), "demo/sub/_core.cp312-win_amd64.pyd": module("z.dll")}
    copied, _ = graft(files, search=(place,))
    assert {graft.member.rpartition("/")[0] for graft in copied.grafts} == {"demo", "demo/sub"}
    assert len({Path(graft.member).name for graft in copied.grafts}) == 1


def test_the_name_depends_on_all_that_is_behind_it(graft, host):
    names = set()
    for answer in ("one", "two"):
        host("inner.dll", exports=(answer,))
        place = host("outer.dll", "inner.dll")
        copied, _ = graft({MODULE: module("outer.dll")}, search=(place,))
        names |= {x.member for x in copied.grafts if "outer" in x.member}
    assert len(names) == 2


def test_a_dll_for_another_machine_is_passed_over(graft, host):
    place = host("z.dll", platform="win_arm64")
    copied, members = graft({MODULE: module("z.dll")}, search=(place,))
    assert [(item.requester, item.soname) for item in copied.missing] == [(MODULE, "z.dll")]
    assert members == {}


def test_the_path_is_searched_on_request_only(graft, host):
    environ = {"PATH": host("z.dll")}
    assert graft({MODULE: module("z.dll")}, environ)[0].missing
    assert not graft({MODULE: module("z.dll")}, environ, search=("%PATH%",))[0].missing


def test_an_excluded_dll_stays_outside(graft, host):
    place = host("z.dll")
    copied, members = graft({MODULE: module("Z.dll")}, search=(place,), exclude=("z.dll",))
    assert copied.waived == {"Z.dll"}
    assert members == {}
