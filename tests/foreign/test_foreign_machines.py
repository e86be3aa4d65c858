"""Objects of other machines, patched and grafted here: arm64, and s390x, big-endian."""

from __future__ import annotations

import pytest
from foreign.cross import MACHINES, compile_for, headers
from foreign.picture import compute
from foreign.systems import system
from support.graft_samples import Forge, libraries_of
from support.interpreters import need_python
from support.paths import EXAMPLES
from support.process import run

from felloe.binary.elf.editor.edit import Edit
from felloe.binary.elf.editor.patch import patch
from felloe.binary.elf.reader import parse_elf

pytestmark = [pytest.mark.foreign, pytest.mark.network]

NAMES = tuple(MACHINES)

FAR = """
_Thread_local int far_local = 30;
int far_value(void) { return far_local + 1; }
"""
# What the loader has to relocate, run and set up: pointers, a constructor, thread-local storage.
NEAR = """
extern int far_value(void);
extern double pow(double, double);
_Thread_local int local = 1;
int three = 3, four = 4;
int *pointers[] = {&three, &four};
static int begun;
__attribute__((constructor)) static void begin(void) { begun = 5; }
int near_value(void) { return far_value() + local + begun + *pointers[0] + *pointers[1]; }
double power(double a) { return pow(a, 2.5); }
"""
VALUE = 30 + 1 + 1 + 5 + 3 + 4

LOAD = """
import ctypes
library = ctypes.CDLL(arguments[0])
library.power.restype = ctypes.c_double
library.power.argtypes = [ctypes.c_double]
answer = [library.near_value(), library.power(4.0)]
"""


@pytest.fixture(scope="module", params=NAMES)
def built(request, tmp_path_factory):
    """A library that needs another, for one machine."""
    place = tmp_path_factory.mktemp(request.param)
    far = compile_for(request.param, place / "libfar.so.1", FAR)
    near = compile_for(request.param, place / "libnear.so.1", NEAR, far, "-lm")
    return system(request.param), far, near


RENAMINGS = {
    "shorter": ("libf.so", "libn.so", "$ORIGIN/o"),
    "longer": (
        "libfar-with-a-name-that-fits-nowhere-in-the-string-table-0123456789.so.1",
        "libnear-with-a-name-that-fits-nowhere-in-the-string-table-0123456789.so.1",
        "/nowhere/at/all:$ORIGIN/../somewhere/else:$ORIGIN/o",
    ),
}


@pytest.mark.parametrize("runpath", [False, True], ids=["rpath", "runpath"])
@pytest.mark.parametrize("renaming", RENAMINGS.values(), ids=RENAMINGS)
def test_a_patched_library_loads(built, renaming, runpath, tmp_path):
    there, far, near = built
    far_name, near_name, path = renaming
    moved = tmp_path / "o" / far_name
    moved.parent.mkdir()
    moved.write_bytes(patch(far.read_bytes(), Edit(soname=far_name)))
    edit = Edit(soname=near_name, needed={far.name: far_name}, rpath=path, runpath=runpath)
    patched = tmp_path / near_name
    patched.write_bytes(patch(near.read_bytes(), edit))
    assert parse_elf(patched.read_bytes()).soname == near_name
    assert there.ask(LOAD, patched, path=(tmp_path,)) == [VALUE, 32.0]
    # As it was, it does not find what has moved: the edits made the difference.
    (tmp_path / near.name).write_bytes(near.read_bytes())
    ask = f"import ctypes; ctypes.CDLL({str(tmp_path / near.name)!r})"
    done = there.python("-c", ask, check=False)
    assert done.returncode != 0
    assert far.name in done.stdout


MODULE = """
#define Py_LIMITED_API 0x03090000
#include <Python.h>
extern int near_value(void);
static PyObject *value(PyObject *self, PyObject *unused) { return PyLong_FromLong(near_value()); }
static PyObject *echo(PyObject *self, PyObject *number) {
  double read = PyFloat_AsDouble(number);
  return PyErr_Occurred() ? NULL : PyFloat_FromDouble(read);
}
static PyMethodDef methods[] = {
  {"value", value, METH_NOARGS, 0}, {"echo", echo, METH_O, 0}, {0}
};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "reach", 0, -1, methods};
PyMODINIT_FUNC PyInit_reach(void) { return PyModule_Create(&definition); }
"""

IMPORT = """
import reach
try:
    reach.echo("no number")
except TypeError:
    answer = [reach.value(), reach.echo(1.5)]
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_repaired_here_is_whole_there(name, tmp_path):
    """The libraries are found, copied, renamed and patched on a machine that cannot run them."""
    forge = Forge(tmp_path)
    far = compile_for(name, forge.lib / "libfar.so.1", FAR)
    near = compile_for(name, forge.lib / "libnear.so.1", NEAR, far, "-lm")
    made = compile_for(name, tmp_path / "reach.abi3.so", MODULE, near, f"-I{headers()}")
    tag = f"cp39-abi3-linux_{MACHINES[name]}"
    wheel = forge.repaired("reach", [("reach.abi3.so", made.read_bytes())], tag=tag)
    assert "-cp39-abi3-manylinux" in wheel.name
    assert libraries_of(wheel) == ["libfar.so.1", "libnear.so.1"]
    forge.lib.rename(tmp_path / "lib-is-gone")
    site = tmp_path / "site"
    system(name).install(wheel, site)
    assert system(name).ask(IMPORT, path=(site,)) == [VALUE, 1.5]
    done = system("trixie").install(wheel, tmp_path / "trixie", check=False)
    assert "not a supported wheel" in done.stdout


@pytest.mark.exhaustive
def test_debians_cross_compiler_makes_a_wheel(environ, installed, host_picture, tmp_path):
    """docs/cross.md, of compilers of one's own: a target, and their names."""
    steered = {
        **environ,
        "FELLOE_TARGET": "manylinux_2_36_aarch64",
        "CC": "aarch64-linux-gnu-gcc",
        "CXX": "aarch64-linux-gnu-g++",
    }
    command = (need_python("3.11"), "-m", "pip", "wheel", "--no-deps", "-w", tmp_path)
    run(*command, EXAMPLES / "newton-abi3", env=steered, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stem.endswith(".manylinux_2_36_aarch64")
    there = system("arm64")
    assert compute(there, "newton_abi3", installed(wheel, there)) == host_picture
