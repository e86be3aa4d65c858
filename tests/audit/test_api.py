"""``felloe.audit``: the public functions."""

from __future__ import annotations

import json

import pytest
from support.compiled_samples import Need, module
from support.truth_case import m
from support.truth_wheel import make_wheel

import felloe.audit
from felloe.audit import audit_wheel
from felloe.cli.main import main
from felloe.errors import FelloeError

TAG = "cp311-cp311-manylinux_2_17_x86_64"
M = m("cpython-311")


@pytest.fixture
def wheel(tmp_path, workshop):
    made = module("m", needs=(Need("libc.so.6", "GLIBC_2.17", ("f",)), Need("libown.so.1")))
    return make_wheel(tmp_path, TAG, {M: made}, workshop)


def test_a_report_says_what_the_command_says(wheel, capsys):
    report = audit_wheel(str(wheel))
    assert (report.wheel, report.passed, report.claimed) == (wheel.name, False, (TAG,))
    assert report.proved == ("cp311-cp311-linux_x86_64",)
    assert report.policy is None
    assert [(item.path, item.library) for item in report.missing] == [(M, "libown.so.1")]
    assert [problem.hint != "" for problem in report.problems] == [True]
    assert main(["audit", "--json", str(wheel)]) == 1
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(report.document))
    assert main(["audit", str(wheel)]) == 1
    assert capsys.readouterr().out == report.text + "\n"


@pytest.mark.parametrize(
    "rules", [{"exclude": ["libown*"]}, {"provided_by": {"own": ["libown.so.1"]}}]
)
def test_libraries_can_be_left_out(wheel, rules):
    report = audit_wheel(wheel, **rules)
    assert (report.passed, report.policy) == (True, "manylinux_2_17")
    assert [item.library for item in report.waived] == ["libown.so.1"]


def test_what_is_not_a_wheel_is_an_error(tmp_path):
    path = tmp_path / f"demo-1.0-{TAG}.whl"
    path.write_bytes(b"hello")
    with pytest.raises(FelloeError, match="not a zip file"):
        audit_wheel(path)


def test_the_public_names_are_documented():
    assert sorted(felloe.audit.__all__) == ["AuditReport", "audit_wheel"]
    for name in felloe.audit.__all__:
        assert getattr(felloe.audit, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(felloe.audit, "nothing")  # noqa: B009
