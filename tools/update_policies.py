"""Write src/felloe/audit/policy/*.json from the facts an installed auditwheel carries.

    python -m pip install auditwheel
    python tools/update_policies.py

auditwheel lists, policy by policy, what each allows. Since a newer policy
allows all that an older one does, the same facts are said once: for every
name, the oldest policy that allows it. tests/audit/test_policy.py unfolds the
result again and holds it equal to auditwheel's.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "felloe" / "audit" / "policy"
SOURCE = (
    "Facts from auditwheel {version} (auditwheel/policy/{name}-policy.json), which takes them "
    "from PEP 513, 571, 599, 600, 656 and the distributions surveyed in pep600_compliance; "
    "said here once each: the oldest policy that allows a name."
)


def fold(name: str) -> dict[str, Any]:
    """One family of policies, oldest first, as floors."""
    text = files("auditwheel").joinpath(f"policy/{name}-policy.json").read_text()
    listed = [entry for entry in json.loads(text) if entry["name"] != "linux"]
    listed.sort(key=lambda entry: -entry["priority"])
    names = [entry["name"] for entry in listed]
    return {
        "source": SOURCE.format(version=version("auditwheel"), name=name),
        "policies": [{"name": e["name"], "aliases": e["aliases"]} for e in listed],
        "architectures": architectures(listed),
        "libraries": floors(listed, names, lambda entry: entry["lib_whitelist"]),
        "symbol_versions": {
            architecture: floors(listed, names, lambda entry, a=architecture: versions(entry, a))
            for architecture in architectures(listed)
        },
        "unexported": unexported(listed, names),
    }


def architectures(listed: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Architecture -> [first, last] policy that knows it."""
    known: dict[str, list[str]] = {}
    for entry in listed:
        for architecture in entry["symbol_versions"]:
            first = known.get(architecture, [entry["name"]])[0]
            known[architecture] = [first, entry["name"]]
    return dict(sorted(known.items()))


def versions(entry: dict[str, Any], architecture: str) -> list[str]:
    """Return the full symbol versions (GLIBC_2.17) that a policy allows."""
    table = entry["symbol_versions"].get(architecture, {})
    return [f"{prefix}_{number}" for prefix, numbers in table.items() for number in numbers]


def floors(listed: Any, names: list[str], allowed: Any) -> dict[str, str]:
    """Name -> the oldest policy that allows it; refuses data that is not monotone."""
    first: dict[str, str] = {}
    for entry in listed:
        now = set(allowed(entry))
        for item in now - first.keys():
            first[item] = entry["name"]
        if now and set(first) - now:
            raise SystemExit(f"{entry['name']} drops {sorted(set(first) - now)}")
    return dict(sorted(first.items(), key=lambda pair: (names.index(pair[1]), pair[0])))


def unexported(listed: Any, names: list[str]) -> dict[str, dict[str, str | None]]:
    """Library -> symbol that not every build of it exports -> the policy where all do."""
    result: dict[str, dict[str, str | None]] = {}
    for entry in listed:
        for library, symbols in entry["blacklist"].items():
            for symbol in symbols:
                position = names.index(entry["name"]) + 1
                after = names[position] if position < len(names) else None
                result.setdefault(library, {})[symbol] = after
    return {lib: dict(sorted(symbols.items())) for lib, symbols in sorted(result.items())}


if __name__ == "__main__":
    for family in ("manylinux", "musllinux"):
        path = TARGET / f"{family}.json"
        path.write_text(json.dumps(fold(family), indent=1) + "\n")
        print(f"{path.name}: {path.stat().st_size} bytes")
