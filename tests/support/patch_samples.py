"""Libraries and programs that the tests of the ELF editor change."""

import os
import subprocess
import sys

import pytest

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import PT_PHDR, SHF_ALLOC, Image
from felloe.binary.elf.editor.patch import patch

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


def _with_linker(rows):
    """Return names as parameters, those that need another linker with its mark."""
    for name in rows:
        marks = [pytest.mark.tools(name)] if name in {"gold", "lld"} else []
        yield pytest.param(name, marks=marks)


EACH_LIBRARY = list(_with_linker(LIBRARIES))
EACH_PROGRAM = list(_with_linker(PROGRAMS))
NEW = "libdep-0123456789abcdef.so.1"
EDIT = Edit(soname="libtop-fedcba98.so.9", needed={"libdep.so.1": NEW}, rpath="$ORIGIN/dist.libs")
BACK = Edit(soname="libtop.so", needed={NEW: "libdep.so.1"}, rpath="$ORIGIN")


def run(*command, cwd=None, check=True):
    done = subprocess.run(command, cwd=cwd, check=False, text=True, capture_output=True)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


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
