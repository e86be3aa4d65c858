"""The verdict of ``felloe audit`` about modules that not every x86-64 processor runs."""

from __future__ import annotations

import subprocess

import pytest
from support.truth_wheel import make_wheel

from felloe.audit.policy.family import read_policies
from felloe.audit.wheel_file import Auditor

pytestmark = pytest.mark.tools("iced-x86")

SOURCE = """
double data[64];
void *PyInit_m(void) { for (int i = 0; i < 64; i++) data[i] *= 2; return 0; }
"""


@pytest.fixture
def audit(tmp_path):
    def build_and_audit(name, *options, level=1):
        (tmp_path / "m.c").write_text(SOURCE)
        command = ["gcc", "-O3", "-shared", "-fPIC", *options, "m.c", "-o", "m.so"]
        subprocess.run(command, cwd=tmp_path, check=True)
        files = {f"demo/{name}": (tmp_path / "m.so").read_bytes()}
        wheel = make_wheel(tmp_path, "cp311-cp311-manylinux_2_17_x86_64", files, None)
        return Auditor(read_policies(), processor=level).audit_file(wheel)

    return build_and_audit


MODULE = "m.cpython-311-x86_64-linux-gnu.so"


def test_a_module_for_every_processor_passes(audit):
    assert audit(MODULE).passed


def test_a_module_for_newer_processors_fails_and_names_the_instruction(audit):
    result = audit(MODULE, "-march=x86-64-v3")
    assert not result.passed
    (fault,) = result.verdict.faults
    assert fault.path == f"demo/{MODULE}"
    assert "illegal instruction on processors without AVX" in fault.message
    assert "reached from PyInit_m" in fault.message
    assert "--processor x86-64-v3" in fault.hint


def test_the_level_of_the_users_machines_counts(audit):
    assert audit(MODULE, "-march=x86-64-v3", level=3).passed


def test_a_module_that_a_package_chooses_by_its_name_passes(audit):
    assert audit("m_avx2.so", "-march=x86-64-v3").passed
