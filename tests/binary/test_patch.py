"""Edits of ELF files: renamed libraries load, programs run, layouts stay valid."""

from dataclasses import replace

import pytest
from support.elf_samples import ZIG, compile_elf, forge_elf
from support.patch_samples import (
    BACK,
    EACH_LIBRARY,
    EACH_PROGRAM,
    EDIT,
    NEW,
    PROGRAMS,
    TOP,
    answer,
    check_layout,
    foreign,
    install,
    library,
    link,
    readelf_complaints,
    run,
)

from felloe.binary.elf.editor.dynstr import DynstrEditor
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import Image
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf
from felloe.errors import FelloeError, MalformedBinary


@pytest.mark.parametrize("name", EACH_LIBRARY)
def test_library_finds_its_renamed_dependency(name, place, tmp_path):
    data = library(place, name)
    before = parse_elf(data)
    patched = patch(data, EDIT)
    after = parse_elf(patched)
    assert after.soname == EDIT.soname
    assert NEW in after.needed
    assert "libdep.so.1" not in after.needed
    assert (after.rpath, after.runpath) == (("$ORIGIN/dist.libs",), ())
    assert {(need.library, need.version) for need in after.version_needs} == {
        (NEW if need.library == "libdep.so.1" else need.library, need.version)
        for need in before.version_needs
    }
    assert (NEW, "DEP_1.0") in {need[:2] for need in after.version_needs}
    assert patch(patched, EDIT) is patched
    check_layout(patched)
    assert readelf_complaints(patched, tmp_path) == readelf_complaints(data, tmp_path)
    if name != "execstack":  # a loader may refuse such a one, before and after
        made = install(tmp_path, place, patched)
        assert answer(made) == 42
        run("strip", "-s", made)
        assert answer(made) == 42
        check_layout(made.read_bytes())
        again = patch(made.read_bytes(), replace(EDIT, rpath="$ORIGIN/other:$ORIGIN/dist.libs"))
        made.write_bytes(again)
        assert answer(made) == 42


@pytest.mark.parametrize("name", [row for row in EACH_LIBRARY if row.values != ("execstack",)])
def test_strip_first(name, place, tmp_path):
    made = install(tmp_path, place, library(place, name))
    run("strip", "-s", made)
    made.write_bytes(patch(made.read_bytes(), EDIT))
    assert answer(made) == 42


@pytest.mark.parametrize("name", EACH_PROGRAM)
@pytest.mark.parametrize("strip", [False, True], ids=["whole", "stripped after"])
def test_program_runs(name, strip, place, tmp_path):
    data = link(place, f"prog-{name}", PROGRAMS[name])
    edit = replace(EDIT, soname=None)
    made = install(tmp_path, place, patch(data, edit))
    if strip:
        run("strip", "-s", made)
    check_layout(made.read_bytes())
    assert Image(made.read_bytes()).phoff == Image(data).phoff  # where old kernels look
    assert run(made).stdout == "42 loads\n"
    assert patch(made.read_bytes(), edit) == made.read_bytes()


def without_sections(data):
    """A file without section headers, as `llvm-strip --strip-sections` makes it."""
    bare = bytearray(data)
    bare[40:48] = bytes(8)
    bare[60:64] = bytes(4)
    return bytes(bare)


def test_program_without_sections_keeps_the_distance_of_its_headers(place, tmp_path):
    """Only sections tell how large the tables are that would have to make way."""
    words = "-nostartfiles -fno-pie -no-pie -fcf-protection=none bare.c -L. -l:libdep.so.1"
    data = without_sections(link(place, "bare", f"{words} -Wl,--build-id=none"))
    patched = patch(data, replace(EDIT, soname=None))
    image = Image(patched)
    first = image.loaded[0]
    assert image.phoff != Image(data).phoff
    assert image.address_of(image.phoff) - image.phoff == first.address - first.offset
    check_layout(patched)
    assert run(install(tmp_path, place, patched), check=False).returncode == 42


TARGETS = [
    f"{machine}-linux-{abi}"
    for machine, abi in (
        ("x86_64", "gnu"),
        ("x86", "gnu"),
        ("aarch64", "gnu"),
        ("arm", "gnueabihf"),
        ("s390x", "gnu"),
        ("riscv64", "gnu"),
        ("powerpc64le", "gnu"),
        ("powerpc64", "musl"),
    )
]


@ZIG
@pytest.mark.parametrize("target", TARGETS)
def test_foreign_object(target, place, tmp_path):
    data = foreign(place, target)
    edit = replace(EDIT, rpath="$ORIGIN/dist.libs")
    patched = patch(data, edit)
    check_layout(patched)
    assert readelf_complaints(patched, tmp_path) == readelf_complaints(data, tmp_path)
    assert parse_elf(patched) == replace(
        edit.expect(parse_elf(data)), tables=parse_elf(patched).tables
    )
    back = patch(patched, BACK)
    assert patch(back, edit) == patch(patch(back, BACK), edit)
    align = Image(patched).loaded[-1].align
    assert align >= (65536 if target.split("-")[0] in ("aarch64", "powerpc64le") else 4096)


@ZIG
def test_dynamic_moves_to_where_it_can_be_written(place):
    """lld leaves no entry free, and here is no DT_RELACOUNT that could give way."""
    data = foreign(place, "x86_64-linux-gnu", "plain.c")
    patched = patch(data, Edit(rpath="$ORIGIN/a", soname="libother.so"))
    image, old = Image(patched), Image(data)
    if len(image.loaded) == len(old.loaded):
        pytest.fail("nothing has moved")
    (dynamic,) = (s for s in image.segments if s.type == 2)
    tail = image.loaded[-1]
    assert tail.flags == 6
    assert tail.offset <= dynamic.offset
    assert dynamic.end <= tail.end
    (section,) = (s for s in image.sections if s.type == 6)
    assert (section.offset, section.address, section.size) == (
        dynamic.offset,
        dynamic.address,
        dynamic.file_size,
    )


@ZIG
def test_symbols_follow_their_sections(place, tmp_path):
    data = foreign(place, "aarch64-linux-gnu", "plain.c -g")
    made = tmp_path / "made.so"
    made.write_bytes(patch(data, EDIT))
    (symbol,) = (
        line.split()
        for line in run("readelf", "-sW", made).stdout.splitlines()
        if "_DYNAMIC" in line
    )
    (dynamic,) = (s for s in Image(made.read_bytes()).segments if s.type == 2)
    assert int(symbol[1], 16) == dynamic.address


def test_count_of_relative_relocations_gives_way(place):
    data = library(place, "no-spare")
    image = Image(patch(data, Edit(rpath=EDIT.rpath)))
    assert image.loaded[-1].flags == 4  # .dynamic is where it was
    image = Image(patch(data, EDIT))
    assert image.loaded[-1].flags == 6  # two entries are more than it can give


def test_replaced_in_place(place):
    """No byte more where the new name is not longer, and its old one is only its own."""
    data = library(place, "rpath")
    patched = patch(data, Edit(rpath="$ORIGIN/a.libs"))
    assert len(patched) == len(data)
    assert sum(one != other for one, other in zip(data, patched)) < 80
    assert len(patch(data, Edit(needed={"libdep.so.1": "libd.so"}))) == len(data)


def test_shared_tail_is_not_written_over(place):
    """The linker lets `dep_value` of a path and the symbol's name share their bytes."""
    words = f"{TOP} -Wl,-rpath,/opt/dep_value"
    patched = patch(link(place, "shared-tail.so", words), Edit(rpath="/a"))
    assert b"\0/opt/dep_value\0" in patched


@pytest.mark.parametrize(
    "name", ["bfd", pytest.param("gold", marks=pytest.mark.tools("gold")), "no-spare-no-count"]
)
def test_patched_often_it_does_not_grow(name, place):
    data = library(place, name)
    edits = [EDIT, BACK, replace(BACK, rpath="$ORIGIN/" + "x/" * 50), replace(EDIT, runpath=True)]
    for edit in edits * 2:
        data = patch(data, edit)
    size = len(data)
    for edit in edits * 20:
        data = patch(data, edit)
        assert len(data) <= size + 64
    check_layout(data)
    assert len(Image(data).loaded) == len(Image(library(place, name)).loaded) + 1


def test_dropped_and_removed(place):
    data = library(place, "runpath")
    assert "libm.so.6" in parse_elf(data).needed
    after = parse_elf(patch(data, Edit(rpath="")))
    assert (after.rpath, after.runpath) == ((), ())
    tiny = parse_elf(patch(compile_elf(place, "no-exports-gnu").read_bytes(), Edit(rpath="/a")))
    assert tiny.rpath == ("/a",)
    bare = compile_elf(place, "soname").read_bytes()
    assert patch(bare, Edit(dropped=frozenset({"libpython3.11.so.1.0"}))) is bare


def test_dropped_library_is_not_needed(place):
    words = "-shared -fPIC -nostdlib top.c -L. -Wl,--no-as-needed -l:libdrop.so -l:libdep.so.1"
    (place / "drop.c").write_text("int dropped;")
    run("gcc", "-shared", "-o", "libdrop.so", "drop.c", "-Wl,-soname,libdrop.so", cwd=place)
    data = link(place, "drops.so", words)
    patched = patch(data, Edit(dropped=frozenset({"libdrop.so"}), rpath="/a/b"))
    assert parse_elf(patched).needed == ("libdep.so.1",)
    check_layout(patched)


def test_dropping_what_has_needed_versions_is_refused(place):
    with pytest.raises(FelloeError, match=r"libdep\.so\.1 cannot be dropped: its version DEP_1\.0"):
        patch(library(place, "bfd"), Edit(dropped=frozenset({"libdep.so.1"})))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"soname": ""}, "a library cannot be given an empty name"),
        ({"needed": {"a": ""}}, "a library cannot be given an empty name"),
        ({"rpath": "a\0b"}, r"'a\x00b' contains a NUL, which ends a name in an ELF file"),
        ({"soname": "\udc80"}, r"'\udc80' cannot be written in UTF-8"),
        ({"needed": {"a": "b", "b": "c"}}, "'b' is both an old name and a new one"),
        ({"needed": {"a": "b"}, "dropped": frozenset("b")}, "'b' is both an old name"),
        ({"needed": {"a": "b"}, "dropped": frozenset("a")}, "or dropped as well"),
    ],
)
def test_contradictory_edit(words, message):
    with pytest.raises(FelloeError) as caught:
        Edit(**words)
    assert message in str(caught.value)


def test_nothing_to_edit(place):
    with pytest.raises(MalformedBinary, match="there is no dynamic section to edit"):
        patch(compile_elf(place, "object").read_bytes(), EDIT)
    with pytest.raises(MalformedBinary):
        patch(b"\x7fELF", EDIT)
    with pytest.raises(MalformedBinary):
        patch(forge_elf([(1, 1)]), EDIT)


def table(text, *used):
    return DynstrEditor(text, used)


def test_names_are_found_before_they_are_added():
    names = table(b"\0libfoo.so\0", 1)
    assert names.intern(b"foo.so") == 4
    assert names.intern(b"bar") == 11
    assert names.raw == b"\0libfoo.so\0bar\0"


def test_released_room_is_used_only_if_nobody_shares_it():
    names = table(b"\0libfoo.so\0end\0", 11)
    names.release([1])
    assert names.intern(b"libbar.so") == 1
    shared = table(b"\0libfoo.so\0end\0", 4, 11)
    shared.release([1])
    assert shared.intern(b"libbar.so") == 15
    unknown = DynstrEditor(b"\0libfoo.so\0end\0", None)
    unknown.release([1])
    assert unknown.intern(b"libbar.so") == 15


def test_empty_names_stay_empty():
    names = table(b"\0a\0\0\0\0\0\0\0\0", 1, 5)
    assert names.intern(b"bcdef") >= 6
    assert names.raw[5] == 0
