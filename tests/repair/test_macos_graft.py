"""Libraries that are copied into macOS wheels: which, where, and how the files refer to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.mach_samples import forge_fat
from support.macho_image import link_image, link_module
from support.truth_wheel import make_wheel

from felloe.audit.evidence import audit_members
from felloe.audit.policy.family import read_policies
from felloe.audit.policy.system import read_macos_system
from felloe.binary.macho.reader import parse_macho
from felloe.config.settings import LibrarySettings
from felloe.repair.macos.graft import MacosGraft
from felloe.wheel.reader import open_wheel

SYSTEM = "/usr/lib/libSystem.B.dylib"
MODULE = "demo/_core.cpython-312-darwin.so"
ARM, BOTH = "macosx_11_0_arm64", "macosx_11_0_universal2"


class Result:
    """The members and grafts of one repair, by name."""

    def __init__(self, copied):
        self.missing = copied.missing
        self.waived = copied.waived
        self.members = {member.name: member.whole() for member in copied.members}
        self.copies = {Path(graft.external.path).name: graft.member for graft in copied.grafts}

    def dylibs(self, member):
        (found,) = {
            tuple(d.name for d in s.dylibs) for s in parse_macho(self.members[member]).slices
        }
        return [name for name in found if name != SYSTEM]

    def rpaths(self, member):
        return parse_macho(self.members[member]).slices[0].rpaths


@pytest.fixture
def host(tmp_path):
    """A directory of the build machine; ``host(name, image)`` puts a library there."""
    place = tmp_path / "opt" / "lib"
    place.mkdir(parents=True)

    def put(name, image=None, **facts):
        path = place / name
        path.write_bytes(link_image(name=str(path), **facts) if image is None else image)
        return str(path)

    return put


@pytest.fixture
def graft(tmp_path):
    def run(files, platform=ARM, environ=None, **settings):
        wheel = make_wheel(tmp_path, f"cp312-cp312-{platform}", files, None)
        scratch = tmp_path / "scratch"
        scratch.mkdir(exist_ok=True)
        cpus = {ARM: ("arm64",), BOTH: ("arm64", "x86_64")}[platform]
        given = {"exclude": (), "include": (), "search": (), "provided_by": {}, **settings}
        with open_wheel(wheel) as staged:
            objects = audit_members(staged.members, read_policies(), "glibc").mach_objects
            job = MacosGraft(staged, objects, frozenset(cpus), read_macos_system())
            return Result(job.copy(LibrarySettings(**given), environ or {}, scratch))

    return run


def test_a_library_and_what_it_needs_are_copied(graft, host):
    inner = host("libinner.1.dylib")
    outer = host("libouter.dylib", dylibs=[SYSTEM, inner])
    result = graft({MODULE: link_module("_core", dylibs=[SYSTEM, outer])})
    outer_copy, inner_copy = result.copies["libouter.dylib"], result.copies["libinner.1.dylib"]
    assert outer_copy.startswith("demo/.dylibs/libouter-")
    assert inner_copy.startswith("demo/.dylibs/libinner-")
    assert inner_copy.endswith(".1.dylib")
    assert result.dylibs(MODULE) == [f"@loader_path/.dylibs/{Path(outer_copy).name}"]
    assert result.dylibs(outer_copy) == [f"@loader_path/{Path(inner_copy).name}"]
    (copy,) = parse_macho(result.members[inner_copy]).slices
    assert copy.install_name == Path(inner_copy).name
    assert copy.is_signed


def test_the_name_depends_on_all_that_is_behind_it(graft, host):
    names = set()
    for answer in ("one", "two"):
        inner = host("libinner.dylib", export=answer)
        outer = host("libouter.dylib", dylibs=[inner])
        result = graft({MODULE: link_module("_core", dylibs=[outer])})
        names.add(result.copies["libouter.dylib"])
    assert len(names) == 2


def test_files_in_two_packages_share_one_directory(graft, host):
    path = host("libz.dylib")
    files = {MODULE: link_module("_core", dylibs=[path])}
    files["other/deep/_m.cpython-312-darwin.so"] = link_module("_m", dylibs=[path])
    result = graft(files)
    name = Path(result.copies["libz.dylib"]).name
    assert result.copies["libz.dylib"] == f"truth.dylibs/{name}"
    assert result.dylibs("other/deep/_m.cpython-312-darwin.so") == [
        f"@loader_path/../../truth.dylibs/{name}"
    ]


@pytest.mark.parametrize("where", ["rpath", "search", "DYLD_LIBRARY_PATH", "fallback"])
def test_a_library_is_found_by(where, graft, host):
    place = str(Path(host("libz.dylib")).parent)
    rpaths = [place] if where == "rpath" else []
    module = link_module("_core", dylibs=["@rpath/libz.dylib"], rpaths=rpaths)
    variable = {"fallback": "DYLD_FALLBACK_LIBRARY_PATH"}.get(where, where)
    environ = {variable: place} if variable.startswith("DYLD") else {}
    result = graft({MODULE: module}, environ=environ, search=(place,) if where == "search" else ())
    assert list(result.copies) == ["libz.dylib"]
    assert result.rpaths(MODULE) == ()


def test_a_library_finds_its_own_needs_beside_itself(graft, host):
    host("libinner.dylib")
    outer = host("libouter.dylib", dylibs=["@loader_path/libinner.dylib"])
    assert len(graft({MODULE: link_module("_core", dylibs=[outer])}).copies) == 2


def test_a_library_of_the_wheel_is_named_by_its_path(graft):
    files = {
        MODULE: link_module("_core", dylibs=["/build/libown.dylib"], rpaths=["/build"]),
        "demo/lib/libown.dylib": link_image(name="/build/libown.dylib"),
    }
    result = graft(files)
    assert result.dylibs(MODULE) == ["@loader_path/lib/libown.dylib"]
    assert result.rpaths(MODULE) == ()
    assert not result.copies


def test_a_relative_path_that_leads_into_the_wheel_stays(graft):
    files = {
        MODULE: link_module("_core", dylibs=["@rpath/libown.dylib"], rpaths=["@loader_path/lib"]),
        "demo/lib/libown.dylib": link_image(name="@rpath/libown.dylib"),
    }
    assert graft(files).members == {}


def test_an_excluded_library_stays_outside_and_keeps_its_path(graft, host):
    place = str(Path(host("libz.dylib")).parent)
    module = link_module("_core", dylibs=["@rpath/libz.dylib"], rpaths=[place])
    result = graft({MODULE: module}, exclude=("libz.*",))
    assert result.waived == {"@rpath/libz.dylib"}
    assert result.members == {}


def test_a_missing_library_is_told_with_the_places(graft, tmp_path):
    module = link_module("_core", dylibs=["@rpath/libz.dylib"], rpaths=[str(tmp_path)])
    (missing,) = graft({MODULE: module}).missing
    assert (missing.requester, missing.soname) == (MODULE, "@rpath/libz.dylib")
    assert str(tmp_path) in missing.places


def test_a_universal_wheel_needs_every_slice(graft, host):
    path = host("libz.dylib", link_image("arm64", name="libz.dylib"))
    module = forge_fat(*(link_module("_core", cpu, dylibs=[path]) for cpu in ("x86_64", "arm64")))
    (missing,) = graft({MODULE: module}, BOTH).missing
    assert missing.places == (f"{path} has no code for x86_64",)


def test_a_universal_library_serves_both_slices(graft, host):
    both = forge_fat(*(link_image(cpu, name="libz.dylib") for cpu in ("x86_64", "arm64")))
    path = host("libz.dylib", both)
    module = forge_fat(*(link_module("_core", cpu, dylibs=[path]) for cpu in ("x86_64", "arm64")))
    result = graft({MODULE: module}, BOTH)
    assert len(parse_macho(result.members[result.copies["libz.dylib"]]).slices) == 2
