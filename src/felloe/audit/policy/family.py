"""A family of platform policies for one architecture.

A policy (PEP 513, 571, 599, 600 for manylinux, 656 for musllinux) is a promise
about every system it names. Each newer policy of a family allows all that the
older ones do, so a fact about a binary has a *floor*: the oldest policy that
allows it. What a wheel may claim is the highest floor among its facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent

NEVER = 1 << 10
"""The floor of a fact that no policy allows; above every position in a family."""


@dataclass(frozen=True)
class Policy:
    """One platform policy; ``aliases`` are its names from before PEP 600."""

    name: str
    aliases: tuple[str, ...]

    def platforms(self, architecture: str) -> tuple[str, ...]:
        """Return the platform tags of this policy, sorted."""
        return tuple(sorted(f"{name}_{architecture}" for name in (self.name, *self.aliases)))


@dataclass(frozen=True)
class PolicyFamily:
    """The policies of one family that know ``architecture``, oldest first.

    A floor is a position in :attr:`policies`, or :data:`NEVER`.
    """

    name: str
    architecture: str
    policies: tuple[Policy, ...]
    libraries: Mapping[str, int]
    """Soname -> floor, for the libraries a policy expects on the system."""
    symbol_versions: Mapping[str, int]
    """Symbol version (``GLIBC_2.17``) -> floor."""
    unexported: Mapping[str, Mapping[str, int]]
    """Soname -> symbol that some systems' builds of it do not export -> floor."""
    version_prefixes: frozenset[str]
    """First parts of known symbol versions: ``GLIBC``, ``GLIBCXX``, …."""

    @property
    def libc(self) -> str:
        """The C library of its systems: ``glibc`` or ``musl``."""
        return next(libc for libc, name in FAMILY_OF_LIBC.items() if name == self.name)

    def version_floor(self, version: str) -> int:
        """Return the floor of a needed symbol version.

        A version whose prefix no policy speaks of says nothing about the
        platform (``OPENSSL_3.0.0`` comes with its library): floor 0.
        """
        if version.partition("_")[0] not in self.version_prefixes:
            return 0
        return self.symbol_versions.get(version, NEVER)

    def position(self, name: str) -> int | None:
        """Return the position of the policy with this name or alias, without architecture."""
        for position, policy in enumerate(self.policies):
            if name == policy.name or name in policy.aliases:
                return position
        return None

    def policy_name(self, floor: int) -> str | None:
        """Return the policy at ``floor``; None for :data:`NEVER`."""
        return self.policies[floor].name if floor < len(self.policies) else None


Policies = Mapping[tuple[str, str], PolicyFamily]
"""(family name, architecture) -> the policies of that family for that machine."""

FAMILY_OF_LIBC = {"glibc": "manylinux", "musl": "musllinux"}
"""C library -> the family of policies for systems with it."""


def read_policies() -> Policies:
    """Read every family for each of its architectures from the data beside this file."""
    found: dict[tuple[str, str], PolicyFamily] = {}
    for name in FAMILY_OF_LIBC.values():
        data = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
        for architecture in data["architectures"]:
            found[name, architecture] = _unfold(name, architecture, data)
    return found


def _unfold(name: str, architecture: str, data: Mapping[str, Any]) -> PolicyFamily:
    names = [entry["name"] for entry in data["policies"]]
    first, last = (names.index(end) for end in data["architectures"][architecture])
    floors = {policy: max(index - first, 0) for index, policy in enumerate(names)}

    def positions(table: Mapping[str, Any]) -> dict[str, int]:
        return {key: NEVER if policy is None else floors[policy] for key, policy in table.items()}

    symbol_versions = positions(data["symbol_versions"][architecture])
    return PolicyFamily(
        name=name,
        architecture=architecture,
        policies=tuple(
            Policy(entry["name"], tuple(entry["aliases"]))
            for entry in data["policies"][first : last + 1]
        ),
        libraries=_with_musl_soname(positions(data["libraries"]), architecture),
        symbol_versions=symbol_versions,
        unexported={lib: positions(symbols) for lib, symbols in data["unexported"].items()},
        version_prefixes=frozenset(version.partition("_")[0] for version in symbol_versions),
    )


# How musl's own build names its library on each architecture (Alpine's soname).
_MUSL_ARCHITECTURES = {"i686": "x86", "armv7l": "armv7"}


def _with_musl_soname(libraries: dict[str, int], architecture: str) -> dict[str, int]:
    """Add ``libc.musl-<arch>.so.1`` if ``libc.so`` is listed.

    Both name musl: its loader takes any ``libc.`` in ``DT_NEEDED`` for itself
    (musl, ldso/dynlink.c, load_library).
    """
    if "libc.so" not in libraries:
        return libraries
    return {**libraries, musl_soname(architecture): libraries["libc.so"]}


def musl_soname(architecture: str) -> str:
    """Return the soname of musl on systems with musl."""
    return f"libc.musl-{_MUSL_ARCHITECTURES.get(architecture, architecture)}.so.1"
