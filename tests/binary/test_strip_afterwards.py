"""Objects that were edited and are then stripped by distributions, conda or docker builds."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.image import Image
from felloe.binary.elf.editor.patch import patch

LIBRARY = "int data[500] = {1}; int answer(void) { return 41 + data[0]; }"
PROGRAM = "extern int answer(void); int main(void) { return answer() != 42; }"
STRIPS = {
    "eu-strip": ["eu-strip"],
    "llvm-strip": ["llvm-strip", "--strip-all"],
    "llvm-objcopy": ["llvm-objcopy", "--strip-debug"],
    "strip": ["strip", "--strip-all"],
    "objcopy": ["objcopy", "--strip-unneeded"],
}
LINKERS = ("bfd", *(pytest.param(n, marks=pytest.mark.tools(n)) for n in ("gold", "lld", "mold")))
EACH_STRIP = [
    pytest.param(name, marks=[] if name in {"strip", "objcopy"} else pytest.mark.tools(name))
    for name in STRIPS
]
EDIT = Edit(
    needed={"libanswer.so.1": "libanswer-0123456789abcdef.so.1"},
    rpath="$ORIGIN/../a/path/that/is/longer/than/what/was/there/before/demo.libs:$ORIGIN",
)


def run(*command):
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("strip")
    (place / "library.c").write_text(LIBRARY)
    (place / "program.c").write_text(PROGRAM)
    library = place / "libanswer.so.1"
    run("gcc", "-shared", "-fPIC", "-Wl,-soname,libanswer.so.1", place / "library.c", "-o", library)
    return place


def link(place, linker, kind):
    """A library or a program for whose edit another segment is added."""
    words = ["-shared", "-fPIC"] if kind == "library" else ["program.c", "-fPIE", "-pie"]
    source = ["library.c"] if kind == "library" else []
    made = place / f"{kind}-{linker}"
    if made.exists():
        return made.read_bytes()
    command = ["gcc", "-g", f"-fuse-ld={linker}", *words, *source, "-Wl,--no-as-needed"]
    command += [place / "libanswer.so.1", "-o", made]
    done = subprocess.run(command, cwd=place, check=False, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return made.read_bytes()


@pytest.mark.parametrize("tool", EACH_STRIP)
@pytest.mark.parametrize("linker", LINKERS)
@pytest.mark.parametrize("kind", ["library", "program"])
def test_an_edited_object_survives(kind, linker, tool, place, tmp_path):
    data = link(place, linker, kind)
    edited = patch(data, EDIT)
    assert len(Image(edited).loaded) > len(Image(data).loaded)
    assert Image(edited).phoff == Image(data).phoff
    made = tmp_path / "made"
    made.write_bytes(edited)
    made.chmod(0o755)
    needed = tmp_path / "libanswer-0123456789abcdef.so.1"
    needed.write_bytes(
        patch((place / "libanswer.so.1").read_bytes(), Edit(soname=needed.name, rpath="$ORIGIN/x"))
    )
    for path in (made, needed):
        run(*STRIPS[tool], path)
    if kind == "program":
        run(made)
    else:
        code = f"import ctypes; print(ctypes.CDLL({os.fspath(made)!r}).answer())"
        assert run(sys.executable, "-S", "-c", code) == "42\n"
