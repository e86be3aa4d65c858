"""The changes to a PE file, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from felloe.binary.pe.reader import PeImage
from felloe.errors import FelloeError


@dataclass(frozen=True)
class PeEdit:
    """Changes to the import tables of one image, applied in one step.

    An edit describes the result: a second application changes nothing. So no
    name may be both an old name and a new one. Windows compares names of DLLs
    without case. Raises :class:`FelloeError` for such a pair and for a name
    that is not ASCII.
    """

    dlls: Mapping[str, str] = field(default_factory=dict)
    """Old name of a DLL -> new name, in the import and the delay-import table."""

    def __post_init__(self) -> None:
        for name in self.dlls.values():
            if not name or not name.isascii() or not name.isprintable():
                raise FelloeError(f"{name!r} cannot be the name of a DLL in an import table")
        renamed = {old.lower() for old, new in self.dlls.items() if old.lower() != new.lower()}
        for name in self.dlls.values():
            if name.lower() in renamed:
                raise FelloeError(f"{name!r} is both an old name of a DLL and a new one")

    def rename(self, name: str) -> str:
        """Return the name of a DLL after this edit."""
        names = {old.lower(): new for old, new in self.dlls.items()}
        return names.get(name.lower(), name)

    def expect(self, before: PeImage) -> PeImage:
        """Return the facts of an image after this edit."""
        return replace(
            before,
            dlls=tuple(item._replace(name=self.rename(item.name)) for item in before.dlls),
        )
