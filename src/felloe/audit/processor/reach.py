"""The instructions that an import of a module reaches on every processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from felloe.audit.processor.decode import Program
from felloe.audit.processor.flow import Use
from felloe.binary.elf.memory import LoadedObject

_INIT = "PyInit_"
_NAME_TO_SLOTS = 32
"""Bytes from ``m_name`` to ``m_slots`` in ``PyModuleDef``."""
_CALLED_SLOTS = (1, 2)
"""``Py_mod_create`` and ``Py_mod_exec``."""
_MOST_SLOTS = 32
_MOST_FUNCTIONS = 20_000


@dataclass(frozen=True)
class Reached:
    """An instruction and the root that leads to it."""

    root: str
    """A symbol, or ``constructor``."""
    function: int
    use: Use


def find_reached(memory: LoadedObject, level: int) -> list[Reached]:
    """Return the first instruction above ``level`` in each function that an import runs.

    Roots are constructors, ``PyInit_*`` and the functions in the slots of their
    modules. Calls through pointers are not followed, because they may select code by the processor.
    """
    program = Program(memory, level)
    found: list[Reached] = []
    seen: set[int] = set()
    for root, entry in _find_roots(memory):
        queue = [entry]
        while queue and len(seen) < _MOST_FUNCTIONS:
            at = queue.pop()
            if at in seen or not memory.is_code(at):
                continue
            seen.add(at)
            blocks = program.function(at).find_unguarded()
            uses = [use for block in blocks for use in block.uses]
            if uses:
                found.append(Reached(root, at, uses[0]))
            queue.extend(target for block in blocks for target in block.calls)
    return found


def _find_roots(memory: LoadedObject) -> Iterator[tuple[str, int]]:
    for entry in memory.constructors():
        yield "constructor", entry
    inits = [s for s in memory.symbols() if s.name.startswith(_INIT) and s.address]
    for symbol in inits:
        yield symbol.name, symbol.address
    if inits:
        yield from ((inits[0].name, entry) for entry in _find_slots(memory))


def _find_slots(memory: LoadedObject) -> Iterator[int]:
    """Yield the functions in the slots of every ``PyModuleDef`` (PEP 489).

    A slot is a number and a pointer. An array of slots belongs to a definition
    if a pointer leads to it that stands ``m_slots - m_name`` behind another one.
    """
    heads: dict[int, list[int]] = {}
    for place, target in memory.pointers.items():
        heads.setdefault(target, []).append(place)
    for place, target in memory.pointers.items():
        if not memory.is_code(target) or _number(memory, place - 8) not in _CALLED_SLOTS:
            continue
        start = place - 8
        for _ in range(_MOST_SLOTS):
            if any(head - _NAME_TO_SLOTS in memory.pointers for head in heads.get(start, ())):
                yield target
                break
            start -= 16
            if not 0 < _number(memory, start) < _MOST_SLOTS:
                break


def _number(memory: LoadedObject, address: int) -> int:
    return int.from_bytes(memory.read(address, 8), "little")
