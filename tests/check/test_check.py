"""``felloe check`` on real files: one that is sound, and one for every way not to be."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from random import Random

import pytest
from support.dist_samples import METADATA, PROJECT, make_sdist, make_wheel, module_files
from support.faulty_metadata import METADATAS
from support.faulty_sdists import SDISTS
from support.faulty_wheels import WHEELS
from support.json_schema import validate

from felloe import check
from felloe.audit.policy.family import read_policies
from felloe.audit.wheel_file import Auditor
from felloe.check.check import check_file
from felloe.check.rule import Rule
from felloe.errors import UsageError

POLICIES = read_policies()
BAD = (*WHEELS, *METADATAS, *SDISTS)
SCHEMA = json.loads(Path(check.__file__).parent.joinpath("check.schema.json").read_text())


def check(path):
    return check_file(path, Auditor(POLICIES))


def rules(rulings, *, notes=False):
    return {ruling.rule for ruling in rulings if ruling.is_note == notes}


def command(*words):
    done = subprocess.run(
        [sys.executable, "-m", "felloe", "check", *map(str, words)],
        check=False,
        text=True,
        capture_output=True,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_sound_wheel_passes(tmp_path):
    assert check(make_wheel(tmp_path)) == []


def test_a_sound_sdist_passes(tmp_path):
    assert check(make_sdist(tmp_path)) == []


def _marks(bad):
    renders = bad.name in {"rst-that-does-not-render", "markdown-without-a-type"}
    return [pytest.mark.tools("readme-renderer")] if renders else []


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name, marks=_marks(bad)) for bad in BAD])
def test_refused(bad, tmp_path):
    """One fault, one rule; the finding says what is wrong and what to do."""
    rulings = check(bad.make(tmp_path))
    assert rules(rulings) - bad.besides == {bad.rule}
    about = [item for item in rulings if item.rule is bad.rule and not item.is_note]
    assert any(bad.says in item.message for item in about), [item.message for item in about]
    assert all(item.hint for item in rulings if not item.is_note)


def test_every_rule_can_be_broken():
    assert {bad.rule for bad in BAD} == {*Rule} - {
        Rule.SIZE,  # a note
        Rule.TAG_ORDER,  # a note
        Rule.CLASSIFIER,  # needs the list, see test_index_metadata
        Rule.PROOF,  # see below
    }


def test_the_ids_are_unique():
    ids = [bad.name for bad in BAD]
    assert len(set(ids)) == len(ids) >= 60


def test_a_false_tag_is_refused_as_by_the_audit(workshop, tmp_path):
    name = "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    wheel = make_wheel(tmp_path, name, files=module_files(workshop, "cpython-312"))
    rulings = check(wheel)
    assert rules(rulings) == {Rule.PROOF}
    code = subprocess.run([sys.executable, "-m", "felloe", "audit", "--json", wheel], check=False)
    assert code.returncode == 1


def test_linux_is_refused_with_the_tag_that_is_proved(workshop, tmp_path):
    name = "demo-1.0-cp311-cp311-linux_x86_64.whl"
    (ruling,) = check(make_wheel(tmp_path, name, files=module_files(workshop, "cpython-311")))
    assert ruling.rule is Rule.PLATFORM_TAG
    assert "linux_x86_64: it promises no more than the machine it was built on" in ruling.message
    assert "manylinux_2_5_x86_64" in ruling.hint


def test_a_wheel_with_binaries_passes(workshop, tmp_path):
    name = "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    wheel = make_wheel(tmp_path, name, files=module_files(workshop, "cpython-311"))
    assert rules(check(wheel)) == set()


def test_binaries_in_purelib_are_refused(workshop, tmp_path):
    name = "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    files = module_files(workshop, "cpython-311")
    (ruling,) = check(make_wheel(tmp_path, name, files=files, root="true"))
    assert ruling.rule is Rule.WHEEL_FILE
    assert "Root-Is-Purelib: true, but demo/_m.cpython-311" in ruling.message


def test_binaries_in_the_directory_of_scripts_may_be_in_purelib(workshop, tmp_path):
    name = "demo-1.0-py3-none-manylinux_2_17_x86_64.whl"
    program = workshop.build(_program())
    wheel = make_wheel(tmp_path, name, files={"demo-1.0.data/scripts/demo": program}, root="true")
    assert rules(check(wheel)) == set()


def _program():
    from support.compiled_samples import Specimen

    return Specimen(form="program")


def test_unsorted_tags_are_noted(tmp_path):
    """PyPI takes them; ``packaging`` can be asked not to."""
    (ruling,) = check(make_wheel(tmp_path, "demo-1.0-py3.py2-none-any.whl"))
    assert (ruling.rule, ruling.is_note) == (Rule.TAG_ORDER, True)
    assert "demo-1.0-py2.py3-none-any.whl" in ruling.hint


def test_a_large_file_is_noted(tmp_path):
    wheel = make_wheel(tmp_path, files={"demo/x.bin": bytes(101 << 20)}, method=zipfile.ZIP_STORED)
    (ruling,) = check(wheel)
    assert (ruling.rule, ruling.is_note) == (Rule.SIZE, True)
    assert "101 MiB" in ruling.message


def test_an_old_sdist_is_noted(tmp_path):
    sdist = make_sdist(tmp_path, metadata=METADATA.replace("2.4", "2.1"))
    rulings = check(sdist)
    assert rules(rulings) == set()
    assert rules(rulings, notes=True) == {Rule.METADATA_VERSION}


def test_the_license_file_that_setuptools_wrote_is_no_matter(tmp_path):
    """Before metadata 2.4 it meant something else, and twine does not send it."""
    metadata = METADATA.replace("2.4", "2.1") + "License-File: COPYING\n"
    assert rules(check(make_wheel(tmp_path, metadata=metadata))) == set()


def test_all_problems_are_reported_at_once(tmp_path):
    metadata = METADATA.replace("Version: 1.0", "Version: 1.1") + (
        "Requires-Dist: x @ https://example.org/x.whl\n"
        "License-Expression: MIT\n"
        "License-File: COPYING\n"
        "Summary: " + "s" * 600 + "\n"
    )
    wheel = make_wheel(
        tmp_path,
        "demo-1.0-py3-none-macosx_12_3_arm64.whl",
        metadata=metadata,
        files={"demo-1.0.dist-info/entry_points.txt": b"[console_scripts]\na b = c:d\n"},
        tags=["py3-none-any"],
        unlisted=["demo/__init__.py"],
        comment=b"hello",
    )
    assert rules(check(wheel)) == {
        Rule.ARCHIVE,
        Rule.FILE_NAME,
        Rule.METADATA,
        Rule.DIRECT_URL,
        Rule.LICENSE_FILE,
        Rule.ENTRY_POINTS,
        Rule.RECORD,
        Rule.PLATFORM_TAG,
    }


def test_the_schema_knows_every_rule():
    names = SCHEMA["$defs"]["finding"]["properties"]["rule"]["enum"]
    assert sorted(names) == sorted(rule.title for rule in Rule)


@pytest.mark.tools("jsonschema")
def test_json_follows_the_schema_and_the_exit_code_is_the_verdict(tmp_path):
    good = make_wheel(tmp_path)
    bad = make_sdist(tmp_path, metadata=METADATA.replace("2.4", "2.6"))
    code, out, err = command("--json", good, bad)
    assert (code, err) == (1, "")
    first, second = map(json.loads, out.splitlines())
    for document in (first, second):
        validate(document, SCHEMA)
    assert first == {
        "version": 1,
        "file": good.name,
        "accepted": True,
        "problems": [],
        "notes": [],
    }
    assert (second["file"], second["accepted"]) == (bad.name, False)
    (problem,) = second["problems"]
    assert problem["rule"] == "metadata-version"
    assert problem["path"] == "demo-1.0/PKG-INFO"
    assert "too new for PyPI" in problem["message"]


def test_text_names_file_rule_and_way_out(tmp_path):
    wheel = make_wheel(tmp_path, metadata=METADATA + "License-File: COPYING\n")
    code, out, err = command(wheel)
    assert (code, err) == (1, "")
    missing = "the archive has no demo-1.0.dist-info/licenses/COPYING"
    missing = f"the metadata names the license file COPYING, {missing}"
    assert out.splitlines() == [
        "demo-1.0-py3-none-any.whl: 1 problem",
        f"  problem [license-file]: {missing}",
        "    hint: list files in `license-files` that the build includes",
    ]
    code, out, _ = command(make_sdist(tmp_path))
    assert (code, out) == (0, "demo-1.0.tar.gz: OK, fit for an index\n")


def test_what_is_no_zip_file_is_one_problem(tmp_path):
    wheel = make_wheel(tmp_path)
    wheel.write_bytes(b"hello")
    (ruling,) = check(wheel)
    assert "not a zip file" in ruling.message
    assert ruling.hint == "build or download it again"


@pytest.mark.parametrize("words", [[], ["--yaml", "x"], ["nothing.whl"], ["README.md"]])
def test_bad_use(words, tmp_path):
    (tmp_path / "README.md").write_text("hello")
    paths = [tmp_path / word if not word.startswith("-") else word for word in words]
    code, out, err = command(*paths)
    assert (code, out) == (2, "")
    assert err


def test_what_is_neither_wheel_nor_sdist_is_bad_use(tmp_path):
    path = tmp_path / "demo.exe"
    path.write_bytes(b"MZ")
    with pytest.raises(UsageError, match=r"demo\.exe is neither a wheel nor an sdist"):
        check(path)


@pytest.mark.parametrize("make", [make_wheel, make_sdist])
def test_damaged_bytes_never_crash(make, tmp_path):
    """A few thousand files, each with some bytes changed, cut out or put in."""
    path = make(tmp_path)
    sound, random = path.read_bytes(), Random(20261105)
    for _ in range(1500):
        data = bytearray(sound)
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(data))
            data[at : at + random.choice((0, 1, 1, 1, 9))] = random.randbytes(random.randint(0, 2))
        path.write_bytes(data)
        for ruling in check(path):
            assert ruling.message


@pytest.mark.tools("twine")
def test_the_samples_are_sound_by_other_tools(tmp_path):
    """So that what is refused above is refused for its one fault."""
    paths = [make_wheel(tmp_path), make_sdist(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", *paths],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    with zipfile.ZipFile(paths[0]) as archive:
        assert archive.testzip() is None
    assert PROJECT in done.stdout
