"""GNU's C++ library in a system root: for wheels whose files pass C++ to one another.

Linked statically over zig's stubs of an old glibc. An old libstdc++ wants no
newer one: that of Debian 11 (``libstdc++-10-dev``, ``libgcc-10-dev``) does
with 2.17.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from felloe.errors import FelloeError

_ARCHIVES = ("libstdc++.a", "libstdc++fs.a")
_OPTIONAL = "libstdc++fs.a"  # inside libstdc++.a from GCC 13 on
_HINT = (
    "name in `sysroot` where a libstdc++ for the target is unpacked, on Debian 11 the packages "
    "libstdc++-10-dev and libgcc-10-dev of its machine"
)


@dataclass(frozen=True)
class Libstdcxx:
    """Where it is."""

    includes: tuple[Path, ...]
    libraries: tuple[Path, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """For every command. ``-I``: its headers include the next of the same name."""
        return ("-nostdinc++", *(f"-I{place}" for place in self.includes))

    @property
    def archives(self) -> tuple[str, ...]:
        """For what links.

        The unwinder is zig's. libgcc_eh's keeps a table in each of its copies,
        and aborts where one copy's personality meets another's context.
        """
        return (*map(str, self.libraries), "-lunwind")


def find_libstdcxx(sysroot: str, triplet: str) -> Libstdcxx:
    """The newest one in a system root for a GNU triplet. Raises :class:`FelloeError` for none."""
    if not sysroot:
        raise FelloeError("stdlib = libstdc++ needs a `sysroot`", hint=_HINT)
    usr = Path(sysroot) / "usr"
    for version in sorted(_versions(usr / "include" / "c++"), reverse=True):
        place = usr / "include" / "c++" / str(version)
        machine = (usr / "include" / triplet / "c++" / str(version), place / triplet)
        own = next((path for path in machine if path.is_dir()), None)
        library = usr / "lib" / "gcc" / triplet / str(version)
        if own is not None and (library / _ARCHIVES[0]).is_file():
            found = (library / name for name in _ARCHIVES)
            kept = tuple(p for p in found if p.is_file() or p.name != _OPTIONAL)
            return Libstdcxx((place, own, place / "backward"), kept)
    raise FelloeError(f"{sysroot} holds no libstdc++ for {triplet}", hint=_HINT)


def _versions(place: Path) -> list[int]:
    """Major versions, as Debian and others name the directories."""
    return [int(path.name) for path in place.glob("*") if path.name.isdigit()]
