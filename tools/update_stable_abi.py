"""Write src/felloe/python/stable_abi.json from abi3info.

python tools/update_stable_abi.py          write it
python tools/update_stable_abi.py --check  fail if it is not up to date

abi3info is generated from CPython's Misc/stable_abi.toml. felloe keeps the names
and versions only: a tenth of its size, installed with felloe.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from abi3info import DATAS, FUNCTIONS

FILE = Path(__file__).parent.parent / "src" / "felloe" / "python" / "stable_abi.json"


def render() -> str:
    """Version -> kind -> the names that this version added, sorted."""
    found: dict[tuple[int, int], dict[str, list[str]]] = {}
    for kind, table in (("functions", FUNCTIONS), ("variables", DATAS)):
        for symbol, entry in table.items():
            names = found.setdefault((entry.added.major, entry.added.minor), {})
            names.setdefault(kind, []).append(symbol.name)
    versions = {
        f"{major}.{minor}": {kind: sorted(names) for kind, names in sorted(kinds.items())}
        for (major, minor), kinds in sorted(found.items())
    }
    return json.dumps(versions, indent=0) + "\n"


def main() -> int:
    """Write the table, or compare it."""
    text = render()
    if "--check" in sys.argv:
        return int(FILE.read_text(encoding="utf-8") != text)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
