"""The ``ziglang`` wheel, from which felloe copies zig into its cache."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from felloe.errors import FelloeError

REQUIREMENT = "ziglang>=0.17.0,<0.18"
"""Versions that the table of flags is made for and that the tests use."""
TESTED = "0.17."

_TAIL = ".dist-info"


def find_wheel() -> tuple[str, Path] | None:
    """Return the version and the directory of an installed ``ziglang``, or None.

    The version stands in the name of the ``.dist-info`` directory beside it.
    """
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin).parent
    for found in place.parent.glob("ziglang-*" + _TAIL):
        return found.name[len("ziglang-") : -len(_TAIL)], place
    return None


def check_version(version: str) -> None:
    """Raise :class:`FelloeError` for a zig that felloe has not been tested with."""
    if not version.startswith(TESTED):
        raise FelloeError(
            f"felloe does not support zig {version}, because zig's flags differ between versions",
            hint=f'put "{REQUIREMENT}" in [build-system] requires, or remove ziglang from it',
        )
