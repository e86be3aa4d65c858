"""The truth of tags: small binaries, claims about them, and what felloe says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import (
    abi_rows,
    abi_suffix_rows,
    machine_rows,
    macos_library_rows,
    macos_rows,
    opaque_rows,
    platform_rows,
    stable_rows,
    windows_rows,
)
from support.compiled_samples import marks_of
from support.truth_case import OLDEST, Case, Says, parameters
from support.truth_wheel import make_wheel, verdict_of

ROWS = (
    abi_rows.ROWS
    + abi_suffix_rows.ROWS
    + stable_rows.ROWS
    + platform_rows.ROWS
    + machine_rows.ROWS
    + opaque_rows.ROWS
    + macos_rows.ROWS
    + macos_library_rows.ROWS
    + windows_rows.ROWS
)
_IDS = [row.id for row in ROWS]


@pytest.mark.parametrize("case", parameters(ROWS))
def test_tag(case, workshop, tmp_path):
    verdict = verdict_of(make_wheel(tmp_path, case.claim, case.files, workshop))
    assert case.problems or case.proved
    assert verdict.proved.tag == (case.proved or verdict.proved.tag)
    _assert_says(verdict.faults, case.problems)
    _assert_says(verdict.notes, case.notes)


def _assert_says(findings, wanted: tuple[Says, ...]) -> None:
    assert [finding.message for finding in findings] == [says.message for says in wanted]
    for finding, says in zip(findings, wanted):
        assert says.hint in finding.hint


@pytest.mark.parametrize(
    ("row", "proved"),
    [
        ("free-threaded-file-under-the-tag-of-the-gil", "cp313-cp313t"),
        ("other-version", "cp312-cp312"),
        ("version-file-under-abi3", "cp311-cp311"),
        ("version-file-under-py3", "cp311-cp311"),
        ("cpython-file-under-a-tag-of-pypy", "cp311-cp311"),
        ("mixed-under-abi3", "cp311-cp311"),
        ("abi3-with-a-platform-before-3.15", "cp315-abi3"),
        ("abi3-under-abi3t", "cp315-abi3"),
        ("abi3t-before-3.15", "cp315-abi3.abi3t"),
        ("reserved-cp314-abi3t", "cp315-abi3.abi3t"),
        ("reserved-cp315t", "cp315-abi3.abi3t"),
        ("newer-than-the-floor", "cp310-abi3"),
        ("several-floors", "cp311-abi3"),
    ],
)
def test_a_false_claim_is_not_called_proved(row, proved, workshop, tmp_path):
    """What the names of the files say, not what the tag said."""
    case = _find(row)
    verdict = verdict_of(make_wheel(tmp_path, case.claim, case.files, workshop))
    assert verdict.proved.tag == f"{proved}-{OLDEST}"


def _find(row: str) -> Case:
    return next(case for case in ROWS if case.id == row)


def test_the_ids_are_unique():
    assert len(set(_IDS)) == len(_IDS)
    assert len(_IDS) >= 40


@pytest.mark.parametrize("by_zig", [False, pytest.param(True, marks=pytest.mark.tools("zig"))])
def test_the_command_says_the_same(by_zig, workshop, tmp_path):
    """One process for all rows: its JSON documents hold what the library answers."""
    rows = [row for row in ROWS if bool(marks_of(*row.files.values())) is by_zig]
    wheels = [_place(case, tmp_path / str(at), workshop) for at, case in enumerate(rows)]
    command = [sys.executable, "-m", "felloe", "audit", "--json", *map(str, wheels)]
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert done.stderr == ""
    assert done.returncode == 1
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [document["wheel"] for document in documents] == [wheel.name for wheel in wheels]
    for case, wheel, document in zip(rows, wheels, documents):
        assert _told(document) == _known(verdict_of(wheel)), case.id


def _place(case: Case, directory, workshop):
    directory.mkdir()
    return make_wheel(directory, case.claim, case.files, workshop)


def _told(document) -> tuple:
    tags = (document["proved"][part] for part in ("python", "abi", "platform"))
    findings = (document[part] for part in ("problems", "notes"))
    messages = [[(item["message"], item["hint"]) for item in part] for part in findings]
    return "-".join(".".join(part) for part in tags), document["passed"], messages


def _known(verdict) -> tuple:
    findings = (verdict.faults, verdict.notes)
    messages = [[(item.message, item.hint) for item in part] for part in findings]
    return verdict.proved.tag, not verdict.faults, messages


@pytest.mark.parametrize(("row", "code"), [("version", 0), ("newer-than-the-floor", 1)])
def test_the_exit_code_is_the_verdict(row, code, workshop, tmp_path):
    case = _find(row)
    wheel = make_wheel(tmp_path, case.claim, case.files, workshop)
    done = subprocess.run(
        [sys.executable, "-m", "felloe", "audit", str(wheel)],
        check=False,
        text=True,
        capture_output=True,
    )
    assert done.returncode == code
    assert ("Passed: " in done.stdout) is (code == 0)
    for says in (*case.problems, *case.notes):
        assert says.message.splitlines()[0] in done.stdout
