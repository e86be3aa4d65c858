"""Whether modules of free-threaded wheels turn the GIL on."""

from __future__ import annotations

import pytest
from support.compiled_samples import Specimen
from support.listed_wheels import fetch, read_list
from support.truth_wheel import POLICIES, make_wheel

from felloe.audit.wheel_file import Auditor

M = "m.cpython-314t-x86_64-linux-gnu.so"
TAG = "cp314-cp314t-manylinux_2_5_x86_64"

_SLOTS = """
struct slot {{ int id; void *value; }};
{linkage} void run(void) {{}}
static struct slot slots[] = {{ {slots} {{0, 0}} }};
struct {{ void *name; struct slot *slots; }} definition = {{ 0, slots }};
"""


def made(slots: str, *imports: str, linkage: str = "static", flags: tuple[str, ...] = ()):
    code = _SLOTS.format(slots=slots, linkage=linkage)
    return Specimen(("PyInit_m",), imports, code=code, flags=flags)


_EXEC = "{2, run},"
_MULTI = "PyModuleDef_Init"
RELR = ("-Wl,-z,pack-relative-relocs",)
MODULES = {
    "not used": (made(_EXEC + "{4, (void *)1},", _MULTI), "not-used"),
    "first slot": (made("{4, (void *)1}," + _EXEC, _MULTI), "not-used"),
    "only slot": (made("{4, (void *)1},", _MULTI), "not-used"),
    "exported function": (made(_EXEC + "{4, (void *)1},", _MULTI, linkage=""), "not-used"),
    "packed relocations": (made(_EXEC + "{4, (void *)1},", _MULTI, flags=RELR), "not-used"),
    "interpreters too": (made(_EXEC + "{3, (void *)2}, {4, (void *)1},", _MULTI), "not-used"),
    "used": (made(_EXEC + "{4, 0},", _MULTI), "used"),
    "not declared": (made(_EXEC, _MULTI), "not-declared"),
    "one phase": (Specimen(("PyInit_m",), ("PyModule_Create2",)), "not-declared"),
    "one phase, declared": (
        Specimen(("PyInit_m",), ("PyModule_Create2", "PyUnstable_Module_SetGIL")),
        "at-run-time",
    ),
    "slots made at run time": (Specimen(("PyInit_m",), (_MULTI,)), "at-run-time"),
    "slots of a type": (made("{4, run}, {5, run},", "PyModule_Create2"), "not-declared"),
    "no end": (made("{4, (void *)1}, {99, 0},", "PyModule_Create2"), "not-declared"),
}


@pytest.fixture
def audit(tmp_path, workshop):
    def run(specimen, name=M, tag=TAG):
        return Auditor(POLICIES).audit_file(make_wheel(tmp_path, tag, {name: specimen}, workshop))

    return run


@pytest.mark.parametrize(("specimen", "use"), MODULES.values(), ids=MODULES)
def test_the_declaration_is_read_from_the_module(audit, specimen, use):
    (item,) = audit(specimen).evidence.objects
    assert item.gil is not None
    assert item.gil.value == use


def test_a_module_that_turns_the_gil_on_is_a_note_with_the_line_to_add(audit):
    found = audit(MODULES["used"][0])
    assert found.passed
    (note,) = found.verdict.notes
    assert note.message == (
        f"importing {M} turns the GIL of a free-threaded Python on: the module declares that it "
        "uses the GIL"
    )
    assert "{Py_mod_gil, Py_MOD_GIL_NOT_USED}" in note.hint


@pytest.mark.parametrize("name", ["not used", "slots made at run time", "one phase, declared"])
def test_others_are_not_mentioned(audit, name):
    assert audit(MODULES[name][0]).verdict.notes == ()


def test_other_interpreters_have_a_gil_anyway(audit):
    name, tag = "m.cpython-314-x86_64-linux-gnu.so", "cp314-cp314-manylinux_2_5_x86_64"
    (item,) = audit(MODULES["used"][0], name, tag).evidence.objects
    assert item.gil is None


WHEELS = read_list("free_threaded_wheels.txt")
PUBLIC = {
    "argon2_cffi_bindings": {"at-run-time"},  # cffi's own module makes it
    "cftime": {"used"},
    "contourpy": {"at-run-time"},  # pybind11 3
    "fonttools": {"used"},
    "hiredis": {"not-declared"},
    "regex": {"at-run-time"},
    "ujson": {"at-run-time"},
}
"""Distribution -> what its modules declare; all others declare that they do not use the GIL."""


@pytest.mark.network
def test_public_wheels(once):
    for path in fetch(WHEELS, once):
        name = path.name.partition("-")[0]
        objects = Auditor(POLICIES).audit_file(path).evidence.objects
        found = {item.gil.value for item in objects if item.gil}
        assert found == PUBLIC.get(name, {"not-used"}), name
