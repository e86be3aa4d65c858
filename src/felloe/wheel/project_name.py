"""Names of projects as specifications compare and write them (PEP 503, 625)."""

from __future__ import annotations


def normalize_name(name: str) -> str:
    """Return the one spelling that equal names share: ``Demo.More`` -> ``demo-more``."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def escape_name(name: str) -> str:
    """Return the spelling in file names of wheels and sdists: ``Demo.More`` -> ``demo_more``."""
    return normalize_name(name).replace("-", "_")


def is_same_version(one: str, other: str) -> bool:
    """Compare as PEP 440 does: ``2024.01.05`` and ``2024.1.5`` are one version."""
    from packaging.version import InvalidVersion, Version

    if one == other:
        return True
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
