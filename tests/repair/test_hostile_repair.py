"""Small wheels that ask for much: names, search paths and an SBOM without end."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from support.elf_samples import NEEDED, RPATH, STRSZ, STRTAB, forge_elf
from support.graft_samples import LINUX, Forge, module_file, unpack

from felloe.audit.evidence import audit_members
from felloe.audit.policy.family import read_policies
from felloe.config.settings import Settings
from felloe.errors import FelloeError, MalformedBinary
from felloe.repair.external import Library
from felloe.repair.sbom.document import Component, parse_components, render_sbom
from felloe.repair.wheel_file import repair_wheel
from felloe.wheel.member import Member

M = module_file("m")
MOST_SECONDS = 20
"""Of the processor; each took minutes, or did not end."""


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


def forge_object(names, paths=(), *, repeat=1):
    """An object that needs names and has search paths."""
    strings = b"\0" + b"".join(name + b"\0" for name in names) + b":".join(paths) + b"\0"
    offsets = [1]
    for name in names:
        offsets.append(offsets[-1] + len(name) + 1)
    dynamic = [(NEEDED, offset) for offset in offsets[:-1] for _ in range(repeat)]
    dynamic += [(RPATH, offsets[-1])] if paths else []
    dynamic += [(STRTAB, "strings"), (STRSZ, len(strings))]
    return forge_elf(dynamic, strings=strings)


def repair(wheel, out):
    """Repair in this process: the exception, or None."""
    out.mkdir()
    before = time.process_time()
    try:
        repair_wheel(wheel, out, Settings(), read_policies(), {})
        problem = None
    except FelloeError as error:
        problem = error
    assert time.process_time() - before < MOST_SECONDS
    return problem


def test_a_name_of_megabytes_is_refused():
    data = forge_object([b"a" * (2 << 20)], repeat=14)
    evidence = audit_members([Member.from_bytes("libx.so", data)], read_policies(), "glibc")
    (found,) = evidence.opaque
    assert found.reason == "broken ELF: a name of 2097152 bytes; at most 4096 are allowed"


def test_names_times_search_paths_in_one_object(forge, tmp_path, capsys):
    names = [b"lib%d.so" % n for n in range(1000)]
    paths = [b"/nowhere/%d" % n for n in range(4000)]
    wheel = forge.pack("product", [("product/libx.so", forge_object(names, paths))])
    problem = repair(wheel, tmp_path / "wheels")
    assert problem is not None
    assert "combinations of library names and search paths" in problem.message
    said = capsys.readouterr()
    assert len(said.out + said.err) < wheel.stat().st_size * 20


def test_names_times_search_paths_of_many_objects(forge, tmp_path):
    files = [
        (f"many/lib{n}.so", forge_object([b"no%d.so" % n], [b"/nowhere/%d" % n]))
        for n in range(1200)
    ]
    problem = repair(forge.pack("many", files), tmp_path / "wheels")
    assert problem is not None


def test_the_message_about_a_missing_library_is_short(forge, tmp_path, capsys):
    paths = [b"/nowhere/%d" % n for n in range(2000)]
    data = forge_object([b"libno.so"], paths)
    repair(forge.pack("short", [("short/libx.so", data)]), tmp_path / "wheels")
    said = capsys.readouterr()
    assert "/nowhere/1 " in said.err
    assert "/nowhere/100 " not in said.err


def sbom_of(forge, text):
    """The SBOM after a repair of a wheel that has this one already."""
    library = forge.library("libz9.so.1", "int z9(void) { return 9; }")
    files = [(M, forge.module("m", "z9()", library)), ("sbom.libs/libold.so", b"")]
    path = "sbom-1.0.dist-info/sboms/felloe.cdx.json"
    done = forge.repair(forge.pack("sbom", [*files, (path, text)]))
    assert done.exit_code == 0, done.errors
    return unpack(done.wheel)[path], done


KNOWN = Component("sbom.libs/libold.so", "libold.so", "1" * 64, "2" * 64)


def tampered(**changes):
    document = json.loads(render_sbom("sbom", "1.0", "0.1.0", [KNOWN]))
    document["components"][0].update(changes)
    return json.dumps(document)


def nested(depth):
    return json.loads("[" * depth + "]" * depth)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (tampered(), True),
        (tampered(extra=nested(400), more={"a": [1]}), True),
        (tampered(name=float("nan")), False),
        (tampered(extra=float("nan")), False),
        (tampered(hashes=nested(50)), False),
        (tampered(hashes=[{"alg": "SHA-256", "content": "x"}]), False),
        (tampered(licenses=[{"license": 3}]), False),
        ("[" * 100_000, False),
        ('{"components": {"a": 1}}', False),
        ("\udcff", False),
    ],
    ids=[
        "sound",
        "extra",
        "nan",
        "extra-nan",
        "hashes",
        "digest",
        "licenses",
        "deep",
        "map",
        "bytes",
    ],
)
def test_only_sound_components_of_an_earlier_sbom_stay(text, kept):
    found = parse_components(text.encode(errors="surrogateescape"))
    assert found == ([KNOWN] if kept else [])


def test_an_sbom_of_megabytes_is_ignored(forge):
    text, done = sbom_of(forge, '{"components": [' + "[" * (5 << 20))
    assert "felloe.cdx.json is ignored: it has " in done.errors
    assert [item["name"] for item in json.loads(text)["components"]] == ["libz9.so.1"]


@pytest.mark.parametrize("name", ["blocked.libs", "blocked.scripts"])
def test_a_file_where_a_directory_is_needed(name, forge):
    library = forge.library("libz9.so.1", "int z9(void) { return 9; }")
    program = forge.program("int z9(void); int main(void) { return z9(); }", library)
    files = [("blocked-1.0.data/scripts/run", program), (name, "text")]
    done = forge.repair(forge.pack("blocked", files, tag=f"py3-none-{LINUX}"))
    assert done.exit_code == 1
    assert not done.wheels
    assert f"{name} is a file, and {name}/" in done.errors


def test_a_library_that_changes_while_it_is_copied(tmp_path):
    path = tmp_path / "libx.so"
    path.write_bytes(b"one")
    library = Library(str(path), "libx.so", "0" * 64)
    with pytest.raises(FelloeError, match=r"libx\.so changed while it was copied"):
        library.read()
    digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert replace(library, digest=digest).read() == b"one"


def test_long_names_are_refused_by_the_reader():
    from felloe.binary.elf.reader import parse_elf

    assert parse_elf(forge_object([b"a" * 4096])).needed == ("a" * 4096,)
    with pytest.raises(MalformedBinary, match="a name of 4097 bytes"):
        parse_elf(forge_object([b"a" * 4097]))
    with pytest.raises(MalformedBinary, match="a name of 70000 bytes"):
        parse_elf(forge_object([], [b"a" * 70_000]))
