"""Libraries that a wheel leaves to the user's machine, and the commands that know of it."""

from __future__ import annotations

import json
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from support import mach_samples as mac
from support import pe_samples as win
from support.compiled_samples import Need, Specimen, library, module
from support.truth_case import m
from support.truth_wheel import POLICIES, make_wheel

import felloe.audit
from felloe.audit.provider import WaiverRules
from felloe.audit.waiver import Waiver, WaiverReason, render_waivers
from felloe.audit.wheel_file import Auditor
from felloe.cli.main import main

TAG = "cp311-cp311-manylinux_2_17_x86_64"
M = m("cpython-311")
RECORD = "truth-1.0.dist-info/felloe.json"
TABLE = json.loads(
    (Path(felloe.audit.__file__).parent / "policy" / "providers.json").read_text("utf-8")
)["distributions"]
FILES = json.loads(
    (Path(__file__).parent.parent / "support" / "provider_files.json").read_text("utf-8")
)


def needing(*sonames: str) -> Specimen:
    return module("m", needs=(Need("libc.so.6", "GLIBC_2.17", ("f",)), *map(Need, sonames)))


@pytest.fixture
def wheel(tmp_path, workshop):
    """``wheel(files, *requirements, tag=…)`` -> a wheel's path."""

    def make(files, *requirements, tag=TAG):
        lines = "".join(f"Requires-Dist: {text}\n" for text in requirements)
        path = make_wheel(tmp_path, tag, files, workshop)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        members["truth-1.0.dist-info/METADATA"] += lines.encode()
        members.pop("truth-1.0.dist-info/RECORD")
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return path

    return make


def test_a_library_without_a_waiver_is_a_fault(wheel):
    path = wheel({M: needing("libtorch.so", "libown.so.1")})
    with_rules = Auditor(POLICIES).audit_file(path)
    assert not with_rules.passed
    assert [x.library for x in with_rules.verdict.platform.missing] == [
        "libown.so.1",
        "libtorch.so",
    ]


WAIVED = {
    "driver": (needing("libcuda.so.1"), (), {}, (Waiver("libcuda.so.1", WaiverReason.DRIVER),)),
    "excluded": (
        needing("libown.so.1"),
        (),
        {"exclude": ("libown.so*",)},
        (Waiver("libown.so.1", WaiverReason.EXCLUDE),),
    ),
    "provided": (
        needing("libown.so.1"),
        (),
        {"provided_by": {"own": ("libown.so*",)}},
        (Waiver("libown.so.1", WaiverReason.PROVIDED_BY, "own"),),
    ),
    "required": (
        needing("libtorch_cpu.so", "libcudart.so.12"),
        ("Torch>=2; python_version > '3'",),
        {},
        (
            Waiver("libtorch_cpu.so", WaiverReason.PROVIDED_BY, "torch"),
            Waiver("libcudart.so.12", WaiverReason.PROVIDED_BY, "torch"),
        ),
    ),
    "required for CUDA 12": (
        needing("libcudart.so.12"),
        ("nvidia-cuda-runtime-cu12",),
        {},
        (Waiver("libcudart.so.12", WaiverReason.PROVIDED_BY, "nvidia-cuda-runtime"),),
    ),
}


@pytest.mark.parametrize(("made", "requires", "rules", "waivers"), WAIVED.values(), ids=WAIVED)
def test_a_waived_library_is_a_note(wheel, made, requires, rules, waivers):
    found = Auditor(POLICIES, WaiverRules(**rules)).audit_file(wheel({M: made}, *requires))
    assert found.waivers == waivers
    assert found.verdict.platform.missing == ()
    assert found.verdict.faults[:-1] == ()  # its RECORD is missing
    notes = [note.message for note in found.verdict.notes]
    assert all(any(x.library in note and M in note for note in notes) for x in waivers)


@pytest.mark.parametrize("requirement", ["torch; extra == 'gpu'", "not a requirement", "numpy"])
def test_other_requirements_are_no_evidence(wheel, requirement):
    found = Auditor(POLICIES).audit_file(wheel({M: needing("libtorch.so")}, requirement))
    assert found.waivers == ()


def test_a_library_of_the_wheel_needs_no_waiver(wheel):
    files = {M: needing("libtorch.so"), "libtorch.so": library()}
    assert Auditor(POLICIES).audit_file(wheel(files, "torch")).waivers == ()


FOREIGN = {
    "macos": (
        "cp313-cp313-macosx_11_0_arm64",
        {"m.cpython-313-darwin.so": mac.module("m", dylibs=["@rpath/libown.dylib"])},
        "libown.dylib",
    ),
    "windows": (
        "cp313-cp313-win_amd64",
        {"m.cp313-win_amd64.pyd": win.module("m", needs=("Own.dll",))},
        "Own.dll",
    ),
}


@pytest.mark.parametrize(("tag", "files", "library"), FOREIGN.values(), ids=FOREIGN)
def test_the_record_is_obeyed_for_other_systems(wheel, tag, files, library):
    record = render_waivers([Waiver(library, WaiverReason.EXCLUDE)]).decode()
    found = Auditor(POLICIES).audit_file(wheel({**files, RECORD: record}, tag=tag))
    assert [waiver.reason for waiver in found.waivers] == [WaiverReason.EXCLUDE]
    assert not found.verdict.platform.shortfalls


@pytest.fixture
def recorded(tmp_path, workshop):
    """A wheel that needs a driver and libown.so.1, which its record waives."""
    record = render_waivers([Waiver("libown.so.1", WaiverReason.EXCLUDE)]).decode()
    files = {M: needing("libcuda.so.1", "libown.so.1"), RECORD: record}
    return make_wheel(tmp_path, TAG, files, workshop)


def test_every_command_obeys_the_record(recorded, tmp_path, capsys):
    assert main(["audit", str(recorded)]) == 0
    assert main(["audit", "--json", str(recorded)]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert document["waived"] == [
        {"library": "libcuda.so.1", "reason": "driver", "distribution": None},
        {"library": "libown.so.1", "reason": "exclude", "distribution": None},
    ]
    main(["check", "--json", str(recorded)])
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert not [x for x in problems if "libown" in x["message"] or "libcuda" in x["message"]]
    assert main(["tags", "--platform-tag", "manylinux_2_28_x86_64", str(recorded)]) == 0
    assert main(["unpack", "-o", str(tmp_path), str(recorded)]) == 0
    assert main(["pack", "-o", str(tmp_path / "out"), str(tmp_path / "truth-1.0")]) == 0


@pytest.mark.parametrize("flag", [("--exclude", "libown*"), ("--provided-by", "own=libown*")])
def test_the_flags_are_those_of_repair(tmp_path, workshop, flag, capsys):
    path = make_wheel(tmp_path, TAG, {M: needing("libown.so.1")}, workshop)
    assert main(["audit", str(path)]) == 1
    assert main(["audit", *flag, str(path)]) == 0
    new = ["--platform-tag", "manylinux_2_28_x86_64", str(path)]
    assert main(["tags", *new]) == 1
    assert main(["tags", *flag, *new]) == 0
    main(["unpack", "-o", str(tmp_path), str(path)])
    assert main(["pack", "-o", str(tmp_path / "out"), str(tmp_path / "truth-1.0")]) == 1
    assert main(["pack", *flag, "-o", str(tmp_path / "out"), str(tmp_path / "truth-1.0")]) == 0
    capsys.readouterr()


def test_a_malformed_record_is_an_error_that_names_it(tmp_path, workshop, capsys):
    path = make_wheel(tmp_path, TAG, {M: needing(), RECORD: "[]"}, workshop)
    assert main(["audit", str(path)]) == 1
    assert "felloe.json is not a list of waived libraries" in capsys.readouterr().err


@pytest.mark.parametrize("distribution", TABLE)
def test_the_table_agrees_with_the_files_of_a_real_wheel(distribution):
    files = FILES[distribution]["files"]
    for glob in TABLE[distribution]["libraries"]:
        assert any(fnmatchcase(name, glob) for name in files), glob
    assert set(TABLE[distribution].get("through", ())) <= TABLE.keys()


def test_a_symbol_of_a_required_library_is_not_a_breach(wheel):
    """Ten symbols of PySide6 are libshiboken6's."""
    made = module("m", "PySide_Init", "PyCode_New", needs=(Need("libshiboken6.abi3.so.6.9"),))
    path = wheel({"m.abi3.so": made}, "shiboken6==6.9.3", tag="cp39-abi3-manylinux_2_17_x86_64")
    found = Auditor(POLICIES).audit_file(path)
    assert not [x for x in found.verdict.faults if "stable ABI" in x.message]
    (note,) = [x.message for x in found.verdict.notes if "stable ABI" in x.message]
    assert note == (
        "the stable ABI of Python 3.9 cannot be proved for m.abi3.so: PyCode_New, PySide_Init "
        "may come from libshiboken6.abi3.so.6.9, which is not in the wheel"
    )
