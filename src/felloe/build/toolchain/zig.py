"""The zig of a build: from the ``ziglang`` wheel once, from felloe's cache ever after."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from felloe.errors import FelloeError

REQUIREMENT = "ziglang>=0.17.0,<0.18"
"""The versions that the table of flags and the tests are true of."""
TESTED = "0.17."

_TAIL = ".dist-info"


def find_wheel() -> tuple[str, Path] | None:
    """(version, directory) of an installed ``ziglang``; None if there is none.

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
    """Raises :class:`FelloeError` for a zig that felloe has not been tested with."""
    if not version.startswith(TESTED):
        raise FelloeError(
            f"felloe does not know zig {version}: its flags and faults differ between versions",
            hint=f'ask for "{REQUIREMENT}" in [build-system] requires, or not at all',
        )
