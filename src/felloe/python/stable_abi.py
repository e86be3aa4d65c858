"""Names of CPython's stable ABI and the versions that added them (PEP 384).

``stable_abi.json`` has them from CPython's ``Misc/stable_abi.toml``;
``tools/update_stable_abi.py`` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StableAbi:
    """Name -> the version of Python that added it."""

    functions: Mapping[str, tuple[int, int]]
    variables: Mapping[str, tuple[int, int]]

    def find_added(self, name: str) -> tuple[int, int] | None:
        """Return the version that added a name; None if no stable ABI has it."""
        return self.functions.get(name) or self.variables.get(name)


def read_stable_abi() -> StableAbi:
    """Read the table."""
    text = Path(__file__).with_name("stable_abi.json").read_text(encoding="utf-8")
    functions: dict[str, tuple[int, int]] = {}
    variables: dict[str, tuple[int, int]] = {}
    for version, kinds in json.loads(text).items():
        major, minor = map(int, version.split("."))
        functions.update(dict.fromkeys(kinds.get("functions", ()), (major, minor)))
        variables.update(dict.fromkeys(kinds.get("variables", ()), (major, minor)))
    return StableAbi(functions, variables)
