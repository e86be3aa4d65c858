"""The changes to one ELF file, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from felloe.binary.elf.reader import ElfObject
from felloe.errors import FelloeError


@dataclass(frozen=True)
class Edit:
    """Changes to the dynamic section of one object, applied in one step.

    An edit describes the result: applied a second time it changes nothing.
    Therefore no name may be both old and new. Raises :class:`FelloeError` for that,
    and for a name that no string table can contain.
    """

    soname: str | None = None
    """``DT_SONAME``; added where there is none."""
    needed: Mapping[str, str] = field(default_factory=dict)
    """Old name -> new name, in ``DT_NEEDED`` and in ``.gnu.version_r``. Others stay."""
    dropped: frozenset[str] = frozenset()
    """``DT_NEEDED`` entries to remove."""
    rpath: str | None = None
    """The search path, with colons between its entries. Empty removes it, None keeps it."""
    runpath: bool = False
    """True to write the path to ``DT_RUNPATH``, not ``DT_RPATH``. The other one is removed."""

    def __post_init__(self) -> None:
        for name in (*self.needed.values(), *((self.soname,) if self.soname is not None else ())):
            if not name:
                raise FelloeError("a library cannot be given an empty name")
            _check(name)
        _check(self.rpath or "")
        old = self.dropped | {name for name, new in self.needed.items() if name != new}
        twice = sorted(old.intersection(self.needed.values()) | self.dropped & set(self.needed))
        if twice:
            raise FelloeError(f"{twice[0]!r} is both an old name and a new one, or dropped as well")

    def expect(self, before: ElfObject) -> ElfObject:
        """Return the facts of an object after this edit, with its tables in their old places."""
        path = None if self.rpath is None else tuple(self.rpath.split(":") if self.rpath else ())
        return replace(
            before,
            soname=before.soname if self.soname is None else self.soname,
            needed=tuple(
                self.needed.get(name, name) for name in before.needed if name not in self.dropped
            ),
            version_needs=tuple(
                need._replace(library=self.needed.get(need.library, need.library))
                for need in before.version_needs
            ),
            rpath=before.rpath if path is None else () if self.runpath else path,
            runpath=before.runpath if path is None else path if self.runpath else (),
        )


def _check(name: str) -> None:
    try:
        raw = name.encode()
    except UnicodeEncodeError as cause:
        raise FelloeError(f"{name!r} cannot be written in UTF-8") from cause
    if b"\0" in raw:
        raise FelloeError(f"{name!r} contains a NUL, which ends a name in an ELF file")
