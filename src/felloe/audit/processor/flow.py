"""The control flow of a function, and the part of it that no test of the processor guards.

A branch is a guard if it depends on a variable or on the answer of a function
that asks the processor. Blocks between a guard and the place where its two ways
meet again are left out: they may be meant for newer processors.
"""

from __future__ import annotations

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
    asks: bool = False
    """It executes CPUID or XGETBV."""


@dataclass(frozen=True)
class Function:
    """The blocks of a function, by address."""

    entry: int
    blocks: dict[int, Block]

    @property
    def asks(self) -> bool:
        """Return whether it asks the processor what it can do."""
        return any(block.asks for block in self.blocks.values())

    def find_unguarded(self) -> list[Block]:
        """Return the blocks that run whatever the processor answers."""
        found: dict[int, None] = {}
        queue = [self.entry]
        while queue:
            at = queue.pop()
            block = self.blocks.get(at)
            if block is None or at in found:
                continue
            found[at] = None
            if block.asks:
                continue
            if block.is_guard and len(block.successors) == 2:
                one, other = (self._reach(way, without=at) for way in block.successors)
                queue.extend(one & other)
            else:
                queue.extend(block.successors)
        return [self.blocks[at] for at in found]

    def _reach(self, start: int, without: int) -> set[int]:
        found: set[int] = set()
        queue = [start]
        while queue:
            at = queue.pop()
            if at not in found and at != without and at in self.blocks:
                found.add(at)
                queue.extend(self.blocks[at].successors)
        return found
