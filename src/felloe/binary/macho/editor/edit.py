"""The changes to a Mach-O file, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from felloe.binary.macho.reader import MachoSlice
from felloe.errors import FelloeError


@dataclass(frozen=True)
class MachoEdit:
    """Changes to the load commands of every slice, applied in one step.

    An edit describes the result: a second application changes nothing. So no
    name may be both an old name and a new one. Raises :class:`FelloeError` for
    such a pair and for a name that a load command cannot hold.
    """

    install_name: str | None = None
    """The new ``LC_ID_DYLIB``; an image without one gets none."""
    dylibs: Mapping[str, str] = field(default_factory=dict)
    """Old install name -> new one, in every command that loads a library."""
    rpaths: tuple[str, ...] | None = None
    """The ``LC_RPATH`` commands of the result, in order; None keeps those of the file."""

    def __post_init__(self) -> None:
        for name in (*self.dylibs.values(), *(self.rpaths or ()), self.install_name or "x"):
            _check_name(name)
        renamed = {old for old, new in self.dylibs.items() if old != new}
        for name in sorted(renamed.intersection(self.dylibs.values())):
            raise FelloeError(f"{name!r} is both an old install name and a new one")

    def expect(self, before: MachoSlice) -> MachoSlice:
        """Return the facts of a slice after this edit."""
        has_name = before.install_name is not None and self.install_name is not None
        return replace(
            before,
            install_name=self.install_name if has_name else before.install_name,
            dylibs=tuple(
                item._replace(name=self.dylibs.get(item.name, item.name)) for item in before.dylibs
            ),
            rpaths=before.rpaths if self.rpaths is None else self.rpaths,
        )


def _check_name(name: str) -> None:
    if not name or "\0" in name:
        raise FelloeError(f"{name!r} cannot be a name in a Mach-O load command")
