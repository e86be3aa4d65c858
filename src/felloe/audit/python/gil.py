"""Find out whether an extension module turns the GIL of a free-threaded Python on (PEP 703).

Importing a module turns it on unless the module has the slot ``Py_mod_gil`` with
``Py_MOD_GIL_NOT_USED`` or calls ``PyUnstable_Module_SetGIL``. Slots are a static array
in most modules: C, Cython and nanobind. pybind11 3 fills it while it runs, so its
modules say nothing here. Source: CPython, Include/moduleobject.h.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from felloe.audit.python.extension import Abi, ModuleName
from felloe.binary.elf.pointers import Pointers
from felloe.binary.elf.reader import Buffer, ElfObject
from felloe.binary.elf.symbols import SymbolTable
from felloe.finding import Finding

_CREATE, _EXEC, _INTERPRETERS, _GIL = 1, 2, 3, 4
_LAST_ID = 16
_MOST_SLOTS = 32


class GilUse(Enum):
    """The declaration of a module about the GIL."""

    NOT_USED = "not-used"
    USED = "used"
    NOT_DECLARED = "not-declared"
    """The module declares nothing, so that it uses the GIL."""
    AT_RUN_TIME = "at-run-time"
    """The module decides when it is imported."""


def is_free_threaded(module: ModuleName | None) -> bool:
    """Return True for a module that free-threaded interpreters load."""
    if module is None:
        return False
    return module.abi is Abi.ABI3T or (module.abi_tag or "").endswith("t")


def find_gil_use(data: Buffer, elf: ElfObject, symbols: SymbolTable) -> GilUse:
    """Return what an ELF module declares."""
    arrays = list(_find_slot_arrays(Pointers(data, elf)))
    values = {slots[_GIL] for slots in arrays if _GIL in slots}
    if values:
        return GilUse.USED if 0 in values else GilUse.NOT_USED
    imports = {item.name for item in symbols.imports_beginning(b"PyUnstable_Module", b"PyModule")}
    if "PyUnstable_Module_SetGIL" in imports:
        return GilUse.AT_RUN_TIME
    if arrays or imports & {"PyModule_Create2", "PyModule_FromDefAndSpec2"}:
        return GilUse.NOT_DECLARED
    return GilUse.AT_RUN_TIME


def _find_slot_arrays(pointers: Pointers) -> Iterator[dict[int, int]]:
    """Yield the ``PyModuleDef_Slot`` arrays that a pointer leads to: slot -> value."""
    for target in set(pointers.targets.values()):
        first = pointers.word(target)
        if first and first <= _LAST_ID:
            slots = _read_slots(pointers, target)
            if slots:
                yield slots


def _read_slots(pointers: Pointers, address: int) -> dict[int, int] | None:
    """Return the slots at an address; None if no array of a module is there."""
    size = pointers.word_size
    found: dict[int, int] = {}
    for index in range(_MOST_SLOTS):
        at = address + index * 2 * size
        slot, value = pointers.word(at), pointers.word(at + size)
        if slot is None or value is None or slot > _LAST_ID or at in pointers.places:
            return None
        is_pointer = at + size in pointers.places
        if slot == 0:
            is_module = {_CREATE, _EXEC, _INTERPRETERS, _GIL} & found.keys()
            return found if is_module and not value and not is_pointer else None
        if slot in (_CREATE, _EXEC) and not is_pointer:
            return None
        if slot in (_INTERPRETERS, _GIL) and (is_pointer or value > 2):
            return None
        found[slot] = value
    return None


def explain_gil_use(modules: Mapping[str, GilUse]) -> Iterator[Finding]:
    """Return one finding for the modules (path -> use) that turn the GIL on."""
    used = {path: use for path, use in modules.items() if use in _REASONS}
    for use, reason in _REASONS.items():
        paths = [path for path, found in used.items() if found is use]
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            yield Finding(
                f"importing {paths[0]}{more} turns the GIL of a free-threaded Python on: {reason}",
                hint=_DECLARE,
                path=paths[0],
            )


_REASONS = {
    GilUse.USED: "the module declares that it uses the GIL",
    GilUse.NOT_DECLARED: "the module does not declare that it works without the GIL",
}
_DECLARE = (
    "if the code is safe without the GIL, add the slot {Py_mod_gil, Py_MOD_GIL_NOT_USED} to the "
    "module (Cython: `# cython: freethreading_compatible = True`, pybind11: "
    "`py::mod_gil_not_used()`, nanobind: `FREE_THREADED`)"
)
