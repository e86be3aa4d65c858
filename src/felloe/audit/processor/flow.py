"""The control flow of a function, and the blocks that run on every processor.

A branch is a guard if it depends on a variable, on an object in an argument, or on
the result of a function that runs CPUID. Blocks between a guard and the point where
its two ways meet again are left out, because they may be meant for newer processors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Use(NamedTuple):
    """An instruction that not every processor has."""

    address: int
    text: str
    feature: str
    level: int


@dataclass
class Block:
    """Instructions that run one after another."""

    successors: list[int] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    is_guard: bool = False
    zero_test: int = 0
    """Address of the variable that the branch compares with zero; 0 for any other test."""
    touched: set[int] = field(default_factory=set)
    """Variables that the block writes or takes the address of, by address."""
    asks: bool = False
    """True if the block executes CPUID or XGETBV."""


@dataclass(frozen=True)
class Function:
    """The blocks of a function, by address."""

    entry: int
    blocks: dict[int, Block]

    @property
    def asks(self) -> bool:
        """Return whether the function asks for the features of the processor."""
        return any(block.asks for block in self.blocks.values())

    def find_unguarded(self) -> list[Block]:
        """Return the blocks that run on every processor."""
        meeting = _find_post_dominators(self.blocks) if self._has_guard() else {}
        found: dict[int, None] = {}
        queue = [self.entry]
        while queue:
            at = queue.pop()
            block = self.blocks.get(at)
            if block is None or at in found:
                continue
            found[at] = None
            if block.is_guard and not self._is_first_use(at):
                queue += [meeting[at]] if at in meeting else []
            elif not block.asks:
                queue.extend(block.successors)
        return [self.blocks[at] for at in found]

    def _is_first_use(self, at: int) -> bool:
        """Return whether a branch tests if a variable is set, and sets it if it is not.

        Such code runs at least once: a cached object, the guard of a static variable.
        """
        variable = self.blocks[at].zero_test
        return bool(variable) and any(
            variable in self.blocks[way].touched
            for start in self.blocks[at].successors
            for way in self._reach(start, without=at)
        )

    def _reach(self, start: int, without: int) -> set[int]:
        found: set[int] = set()
        queue = [start]
        while queue:
            at = queue.pop()
            if at not in found and at != without and at in self.blocks:
                found.add(at)
                queue.extend(self.blocks[at].successors)
        return found

    def _has_guard(self) -> bool:
        return any(block.is_guard for block in self.blocks.values())


_EXIT = -1


def _find_post_dominators(blocks: Mapping[int, Block]) -> dict[int, int]:
    """Return for each block the first one that every path from it passes.

    Blocks without one, because a path ends the function before, are left out. The
    algorithm is that of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance
    Algorithm", 2001) on the reversed graph.
    """
    leads: dict[int, list[int]] = {}
    for at, block in blocks.items():
        known = [way for way in block.successors if way in blocks]
        leads[at] = known if known and len(known) == len(block.successors) else [*known, _EXIT]
    before: dict[int, list[int]] = {}
    for at, ways in leads.items():
        for way in ways:
            before.setdefault(way, []).append(at)
    order = _order(before)
    rank = {at: position for position, at in enumerate(order)}
    nearest = {_EXIT: _EXIT}
    changed = True
    while changed:
        changed = False
        for at in reversed(order[:-1]):
            ways = [way for way in leads[at] if way in nearest]
            found = ways[0]
            for way in ways[1:]:
                found = _meet(found, way, nearest, rank)
            if nearest.get(at) != found:
                nearest[at], changed = found, True
    return {at: meeting for at, meeting in nearest.items() if meeting != _EXIT}


def _order(before: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the blocks that lead to the exit, in postorder of a walk backwards from it."""
    order: list[int] = []
    seen = {_EXIT}
    stack = [(_EXIT, iter(before.get(_EXIT, ())))]
    while stack:
        at, ways = stack[-1]
        way = next((item for item in ways if item not in seen), None)
        if way is None:
            order.append(at)
            stack.pop()
        else:
            seen.add(way)
            stack.append((way, iter(before.get(way, ()))))
    return order


def _meet(one: int, other: int, nearest: Mapping[int, int], rank: Mapping[int, int]) -> int:
    while one != other:
        while rank[one] < rank[other]:
            one = nearest[one]
        while rank[other] < rank[one]:
            other = nearest[other]
    return one
