"""The patcher: what it writes is read back, looked over, loaded, stripped and loaded again."""

import os
import random
import shutil
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.elf_samples import FOREIGN, compile_elf, compile_tiny, forge_elf

from felloe.binary.elf.editor.dynstr import NameTable
from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import PT_PHDR, SHF_ALLOC, Image
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf
from felloe.errors import FelloeError, MalformedBinary

SOURCES = {
    "dep.c": """
        #include <stdio.h>
        _Thread_local int dep_local = 40;
        int dep_value(void) { return dep_local + 1; }
    """,
    "dep.map": "DEP_1.0 { global: dep_value; dep_local; local: *; };",
    "top.c": """
        extern int dep_value(void);
        extern double pow(double, double);
        _Thread_local int local = 1;
        int three = 3, four = 4;
        int *pointers[] = {&three, &four};
        static int begun;
        __attribute__((constructor)) static void begin(void) { begun = 1; }
        int answer(void) { return dep_value() + local + begun + *pointers[0] - *pointers[1]; }
        double power(double a) { return pow(a, 2.5); }
    """,
    "plain.c": """
        extern int dep_value(void);
        int answer(void) { return dep_value() + 1; }
    """,
    "top.cpp": """
        #include <stdexcept>
        #include <string>
        #include <vector>
        extern "C" int dep_value(void);
        thread_local std::vector<std::string> words{"a", "b"};
        extern "C" int answer(void) {
            try { throw std::runtime_error(words.at(1)); }
            catch (const std::exception &e) { return dep_value() + (e.what() == words.at(1)); }
        }
    """,
    "prog.c": """
        #include <link.h>
        #include <stdio.h>
        #include <sys/auxv.h>
        extern int dep_value(void);
        int main(void) {
            const ElfW(Phdr) *table = (void *)getauxval(AT_PHDR);
            unsigned long loads = 0;
            for (unsigned long at = 0; at < getauxval(AT_PHNUM); at++)
                loads += table[at].p_type == PT_LOAD;
            printf("%d %s\\n", dep_value() + 1, loads > 1 ? "loads" : "no headers");
            return 0;
        }
    """,
    "bare.c": """
        extern int dep_value(void);
        extern void _exit(int);
        void _start(void) { _exit(dep_value() + 1); }
    """,
}
DEP = "-shared -fPIC dep.c -Wl,-soname,libdep.so.1 -Wl,--version-script,dep.map -o libdep.so.1"
TOP = "-shared -fPIC top.c -L. -l:libdep.so.1 -lm"
TOP_CPP = "g++ -shared -fPIC top.cpp -L. -l:libdep.so.1 -lstdc++"
PROG = "prog.c -L. -l:libdep.so.1"
LIBRARIES = {
    "bfd": TOP,
    "c++": TOP_CPP,
    "gold": f"{TOP} -fuse-ld=gold",
    "lld": f"{TOP} -fuse-ld=lld",
    "gnu-hash": f"{TOP} -Wl,--hash-style=gnu",
    "sysv-hash": f"{TOP} -Wl,--hash-style=sysv",
    "both-hashes": f"{TOP} -Wl,--hash-style=both -Wl,-soname,libtop.so",
    "no-spare": f"{TOP} -Wl,--spare-dynamic-tags=1",
    "no-spare-no-count": f"{TOP} -Wl,-z,nocombreloc,--spare-dynamic-tags=1",
    "runpath": f"{TOP} -Wl,--enable-new-dtags,-rpath,/nowhere",
    "rpath": f"{TOP} -Wl,--disable-new-dtags,-rpath,$ORIGIN/../../with/a/long/path/to/replace",
    "now": f"{TOP} -Wl,-z,now",
    "lazy": f"{TOP} -Wl,-z,lazy,-z,norelro",
    "execstack": f"{TOP} -Wl,-z,execstack",
    "relr": f"{TOP} -Wl,-z,pack-relative-relocs",
    "one-segment-text": f"{TOP} -Wl,-z,noseparate-code",
    "large-pages": f"{TOP} -Wl,-z,max-page-size=65536",
    "huge-pages": f"{TOP} -Wl,-z,max-page-size=0x200000",
    "debug": f"{TOP} -g -Wl,--emit-relocs",
    "stripped": f"{TOP} -s",
    "no-notes": f"{TOP} -Wl,--build-id=none -fcf-protection=none",
}
PROGRAMS = {
    "pie": f"-fPIE -pie {PROG}",
    "fixed": f"-fno-pie -no-pie {PROG}",
    "gold": f"-fPIE -pie {PROG} -fuse-ld=gold",
    "huge-pages": f"-fno-pie -no-pie {PROG} -Wl,-z,max-page-size=0x200000",
    "no-spare": f"-fPIE -pie {PROG} -Wl,-z,nocombreloc,--spare-dynamic-tags=1",
}
NEW = "libdep-0123456789abcdef.so.1"
EDIT = Edit(soname="libtop-fedcba98.so.9", needed={"libdep.so.1": NEW}, rpath="$ORIGIN/dist.libs")
BACK = Edit(soname="libtop.so", needed={NEW: "libdep.so.1"}, rpath="$ORIGIN")
QUICKLY = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def run(*command, cwd=None, check=True):
    done = subprocess.run(command, cwd=cwd, check=False, text=True, capture_output=True)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("patch")
    for name, text in SOURCES.items():
        (place / name).write_text(text)
    run("gcc", *DEP.split(), cwd=place)
    return place


def link(place, name, words):
    made = place / name
    if not made.exists():
        command = words.split() if words.startswith("g++") else ["gcc", *words.split()]
        run(*command, "-o", made, cwd=place)
    return made.read_bytes()


def library(place, name):
    return link(place, f"libtop-{name}.so", LIBRARIES[name])


def answer(path, search=None):
    """What a library answers in a process of its own."""
    code = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).answer())"
    environ = {**os.environ, "LD_LIBRARY_PATH": str(search or "")}
    command = [sys.executable, "-S", "-c", code, path]
    done = subprocess.run(command, env=environ, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr[-600:]
    return int(done.stdout)


def install(tmp_path, place, data):
    """A patched library beside a grafted one of another name."""
    libs = tmp_path / "dist.libs"
    libs.mkdir(exist_ok=True)
    (libs / NEW).write_bytes(patch((place / "libdep.so.1").read_bytes(), Edit(soname=NEW)))
    made = tmp_path / "made.so"
    made.write_bytes(data)
    made.chmod(0o755)
    return made


def check_layout(data):
    """What loaders, debuggers and strip take for granted; beyond what parse_elf reads."""
    image = Image(data)
    page = image.page_size()
    loads = image.loaded
    assert all((s.address - s.offset) % s.align == 0 for s in loads if s.align)
    for one, other in zip(loads, loads[1:]):
        assert one.address + one.memory_size <= other.address
    last = loads[-1]
    if last.end == len(data) and len(loads) > 1:
        before = loads[-2]
        assert (before.address + before.memory_size - 1) // page < last.address // page
    assert image.sections_end <= len(data)
    for segment in image.segments:
        if segment.type == PT_PHDR:
            assert segment.offset == image.phoff
            assert segment.address == image.address_of(image.phoff)
            assert segment.file_size == image.table_size
    table = (image.phoff, image.phoff + image.table_size)
    assert not image.sections_at(*table)
    if image.sections:
        assert not (table[0] < image.sections_end and image.shoff < table[1])
    for section in image.sections:
        if section.flags & SHF_ALLOC and section.has_bytes:
            assert image.offset_of(section.address, section.size) == section.offset


def readelf_complaints(data, tmp_path):
    made = tmp_path / "complaints.elf"
    made.write_bytes(data)
    done = run("readelf", "-aW", made, check=False)
    return sorted(line for line in done.stderr.splitlines() if "arning" in line or "rror" in line)


@pytest.mark.parametrize("name", LIBRARIES)
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


@pytest.mark.parametrize("name", [name for name in LIBRARIES if name != "execstack"])
def test_strip_first(name, place, tmp_path):
    made = install(tmp_path, place, library(place, name))
    run("strip", "-s", made)
    made.write_bytes(patch(made.read_bytes(), EDIT))
    assert answer(made) == 42


@pytest.mark.parametrize("name", PROGRAMS)
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


def test_program_without_notes_keeps_the_distance_of_its_headers(place, tmp_path):
    words = "-nostartfiles -fno-pie -no-pie -fcf-protection=none bare.c -L. -l:libdep.so.1"
    data = link(place, "bare", f"{words} -Wl,--build-id=none")
    patched = patch(data, replace(EDIT, soname=None))
    image = Image(patched)
    first = image.loaded[0]
    assert image.phoff != Image(data).phoff
    assert image.address_of(image.phoff) - image.phoff == first.address - first.offset
    check_layout(patched)
    assert run(install(tmp_path, place, patched), check=False).returncode == 42


def foreign(place, target, words="top.c"):
    """What zig's linker, which is LLVM's, makes for another machine."""
    made = place / f"{target}-{'-'.join(words.split())}.so"
    if not made.exists():
        environ = {f"ZIG_{kind}_CACHE_DIR": str(place / "zig") for kind in ("GLOBAL", "LOCAL")}
        command = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-shared", "-fPIC"]
        command += ["-nostdlib", "-O1", "-Wl,-soname,libtop.so", *words.split()]
        environ = {**os.environ, **environ}
        subprocess.run([*command, "-o", made], cwd=place, env=environ, check=True)
    return made.read_bytes()


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


@pytest.mark.parametrize("name", ["bfd", "gold", "no-spare-no-count"])
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
        ({"rpath": "a\0b"}, r"'a\x00b' holds a NUL, which ends a name in an ELF file"),
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
    return NameTable(text, used)


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
    unknown = NameTable(b"\0libfoo.so\0end\0", None)
    unknown.release([1])
    assert unknown.intern(b"libbar.so") == 15


def test_empty_names_stay_empty():
    names = table(b"\0a\0\0\0\0\0\0\0\0", 1, 5)
    assert names.intern(b"bcdef") >= 6
    assert names.raw[5] == 0


PATHS = st.lists(st.sampled_from(["$ORIGIN", "$ORIGIN/../a.libs", "/b", "c" * 90]), max_size=4)
NAMES = st.integers(0, 400).map(lambda n: f"lib{'n' * (n % 70)}-{n}.so")
STEPS = st.lists(
    st.tuples(PATHS, st.booleans(), NAMES, NAMES, st.booleans()), min_size=1, max_size=7
)


class Objects:
    """Libraries by number, and directories with what one of them needs."""

    def __init__(self, place, made, make_directory):
        self.place, self.made, self.make_directory = place, made, make_directory

    def __getitem__(self, index):
        return self.made[index % len(self.made)]

    def directory(self, needed, data):
        spot = self.make_directory("sequence")
        shutil.copy(self.place / "libdep.so.1", spot / needed)
        (spot / "made.so").write_bytes(data)
        return spot


@pytest.fixture(scope="module")
def objects(place, tmp_path_factory):
    names = ["bfd", "c++", "no-spare", "no-spare-no-count", "huge-pages", "stripped"]
    made = [library(place, name) for name in names]
    made += [library(place, "gold")] if shutil.which("ld.gold") else []
    made.append(foreign(place, "x86_64-linux-gnu", "plain.c -l:libdep.so.1 -L."))
    return Objects(place, made, tmp_path_factory.mktemp)


@settings(QUICKLY, max_examples=200)
@given(index=st.integers(0, 100), steps=STEPS, strip=st.booleans())
def test_any_sequence_of_edits(index, steps, strip, objects):
    data = objects[index]
    first = parse_elf(data)
    needed, last = "libdep.so.1", None
    for path, runpath, soname, name, _ in steps:
        edit = Edit(
            soname=f"top-{soname}",
            rpath=":".join(path),
            runpath=runpath,
            needed={needed: name} if name != needed else {},
        )
        data, needed, last = patch(data, edit), name, edit
        assert patch(data, edit) is data
    after = parse_elf(data)
    want = replace(last, needed={"libdep.so.1": needed}).expect(first)
    assert after == replace(want, tables=after.tables)
    check_layout(data)
    spot = objects.directory(needed, data)
    if strip:
        run("strip", "-s", spot / "made.so")
    assert answer(spot / "made.so", spot) == 42
    shutil.rmtree(spot)


@pytest.fixture(scope="module")
def victims(place):
    foreigners = [compile_elf(place, name).read_bytes() for name in FOREIGN if "arm-gnu" in name]
    return [compile_tiny(place, "gnu"), patch(compile_tiny(place, "sysv"), EDIT), *foreigners]


def survive(data):
    """Broken bytes: one of our errors, or something that reads as it should."""
    try:
        patch(data, EDIT)
    except FelloeError:
        return
    parse_elf(data)


@settings(QUICKLY, max_examples=400)
@given(index=st.integers(0, 2), seed=st.integers(0, 1 << 32), wide=st.booleans())
def test_damaged_object(index, seed, wide, victims):
    chance = random.Random(seed)
    data = bytearray(victims[index % len(victims)])
    image = Image(bytes(data))
    (dynamic,) = (s for s in image.segments if s.type == 2)
    spots = [(0, 64), (image.phoff, image.table_size), (dynamic.offset, dynamic.file_size)]
    spots += [(image.shoff, image.sections_end - image.shoff), (0, len(data))]
    start, size = chance.choice(spots)
    for _ in range(chance.choice((1, 2, 9))):
        at = start + chance.randrange(max(size, 1))
        new = struct.pack("<Q", chance.choice((0, 1, 1 << 31, 1 << 63, (1 << 64) - 1, len(data))))
        at = min(at, len(data) - 8) & (~7 if wide else ~0)
        data[at : at + (8 if wide else 1)] = new if wide else bytes([chance.randrange(256)])
    survive(bytes(data))


def test_cut_off_anywhere(victims):
    for data in victims:
        for end in range(0, min(len(data), 1 << 16), 97):
            survive(data[:end])


def many_loads():
    data = bytearray(forge_elf([(5, "strings"), (10, 4), (1, 1)], strings=b"\0ab\0"))
    struct.pack_into("<H", data, 56, 4096)
    return bytes(data[:64]) + bytes(data[64:120]) * 4096 + bytes(data)


def many_sections_over_everything():
    data = bytearray(forge_elf([(5, "strings"), (10, 4), (1, 1)], strings=b"\0ab\0"))
    section = struct.pack("<IIQQQQIIQQ", 0, 11, 2, 0, 0, 1 << 22, 0, 0, 8, 24)
    struct.pack_into("<Q", data, 40, len(data))
    struct.pack_into("<HHH", data, 58, 64, 60_000, 0)
    return bytes(data) + section * 60_000


@pytest.mark.parametrize("attack", [many_loads, many_sections_over_everything])
def test_attack_costs_little(attack, tmp_path):
    code = (
        "import resource, sys\n"
        "from felloe.binary.elf.editor.patch import patch\n"
        "from felloe.binary.elf.editor.edit import Edit\n"
        "from felloe.errors import FelloeError\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "try: patch(data, Edit(soname='x' * 99, needed={'ab': 'y' * 99}, rpath='z' * 99))\n"
        "except FelloeError: pass\n"
    )
    made = tmp_path / "attack"
    made.write_bytes(attack())
    source = Path(__file__).resolve().parents[2] / "src"
    environ = {**os.environ, "PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-c", code, made], env=environ, check=True)
