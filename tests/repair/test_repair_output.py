"""Files and JSON that ``felloe repair`` writes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from support.graft_samples import (
    FAMILY,
    LINUX,
    OLDEST,
    TAG,
    module_file,
    unpack,
)
from support.json_schema import validate

import felloe

SCHEMA = json.loads(
    Path(felloe.__file__).with_name("repair").joinpath("repair.schema.json").read_text()
)
M = module_file("m")


def test_the_output_may_take_the_place_of_the_input(forge, simple):
    """A wheel that keeps its name: read to the end before it is replaced."""
    first = forge.repaired("place", [(M, simple)])
    before = first.read_bytes()
    loose = forge.pack("place", [(M, simple)], tag=f"{TAG}-{OLDEST}", at="out")
    assert loose == first
    assert loose.read_bytes() != before
    done = forge.repair(loose)
    assert done.exit_code == 0
    assert done.wheels == [first]
    assert first.read_bytes() == before
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_failed_repair_leaves_what_was_there(forge, simple):
    first = forge.repaired("keep", [(M, simple)])
    before = first.read_bytes()
    broken = forge.pack("keep", [(M, simple[:500])], tag=f"{TAG}-{OLDEST}", at="broken")
    done = forge.repair(broken)
    assert done.exit_code == 1
    assert first.read_bytes() == before
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def test_a_directory_that_cannot_be_written(forge, simple, tmp_path):
    given = forge.pack("nowhere", [(M, simple)])
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below", "/proc/felloe"):
        done = forge.repair(given, "-w", tmp_path / place)
        assert done.exit_code in {1, 2}
        assert str(place) in done.errors
        assert "copying" not in done.output  # refused before the work


def test_several_wheels_at_once(forge, simple, chain):
    good = forge.pack("good", [(M, simple)])
    bad = forge.pack("bad", [(M, forge.module("m", "absent()", code="int absent(void);"))])
    bad.write_bytes(bad.read_bytes()[:-30])
    other = forge.pack("other", [(M, forge.module("m", "a()", chain))])
    done = forge.repair(good, bad, other)
    assert done.exit_code == 1
    assert [path.name.split("-")[0] for path in done.wheels] == ["good", "other"]
    assert "bad-1.0" in done.errors
    nothing = forge.repair(good, forge.place / "no.whl", to="nothing")
    assert nothing.exit_code == 2
    assert not nothing.wheels


def test_a_pure_wheel_passes_through(forge):
    wheel = forge.repaired("pure", [("pure.py", "x = 1\n")], tag="py3-none-any")
    assert wheel.name == "pure-1.0-py3-none-any.whl"
    assert unpack(wheel)["pure.py"] == b"x = 1\n"


def documents_of(done):
    documents = [json.loads(line) for line in done.output.splitlines()]
    for document in documents:
        validate(document, SCHEMA)
    return documents


@pytest.mark.tools("jsonschema")
def test_json_of_a_repair(forge, chain):
    given = forge.pack("json", [(M, forge.module("m", "a()", chain))])
    done = forge.repair("--json", given)
    (document,) = documents_of(done)
    assert "copying libchain_a.so.1" in done.errors  # words go elsewhere
    (member,) = (name for name in unpack(done.wheel) if "libchain_b" in name)
    b = (forge.lib / "libchain_b.so.1").read_bytes()
    assert document["copied"][1] == {
        "soname": "libchain_b.so.1",
        "from": f"{forge.lib}/libchain_b.so.1",
        "to": member,
        "sha256": hashlib.sha256(b).hexdigest(),
    }
    assert len(document["copied"]) == 3
    assert document["wheel"] == given.name
    assert document["written"] == str(done.wheel)
    assert document["tags"] == {
        "before": [f"{TAG}-{LINUX}"],
        "after": [f"{TAG}-{platform}" for platform in OLDEST.split(".")],
    }
    assert document["missing"] == []
    assert document["violation"] is document["error"] is None


@pytest.mark.tools("jsonschema")
def test_json_of_failures(forge, simple):
    (forge.lib / "libone.so.1").unlink()
    missing = forge.pack("missing", [(M, simple)])
    broken = forge.pack("broken", [(M, simple)])
    broken.write_bytes(b"no zip")
    done = forge.repair("--json", missing, broken)
    assert done.exit_code == 1
    first, second = documents_of(done)
    assert first["written"] is None
    assert first["tags"]["after"] == [f"{TAG}-{LINUX}"]
    (item,) = first["missing"]
    assert (item["soname"], item["requester"]) == ("libone.so.1", M)
    assert f"{forge.lib} (LD_LIBRARY_PATH)" in item["places"]
    assert LINUX in first["violation"]["message"]
    assert first["error"] is None
    assert second["tags"] is second["written"] is None
    assert "not a zip file" in second["error"]
    degraded = forge.repair("--json", missing, env={"FELLOE_ON_VIOLATION": "degrade"})
    (document,) = documents_of(degraded)
    assert document["written"]
    assert document["violation"]


@pytest.mark.tools("jsonschema")
def test_the_schema_can_refuse():
    from jsonschema import Draft202012Validator, ValidationError

    with pytest.raises(ValidationError):
        validate({"version": 1}, SCHEMA)
    Draft202012Validator.check_schema(SCHEMA)
    assert FAMILY.name == "manylinux"
