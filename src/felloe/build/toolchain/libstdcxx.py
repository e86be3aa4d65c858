"""GNU's C++ library in a system root, for wheels whose files exchange C++ objects.

It is linked statically with zig's stubs of an old glibc, so it must not need a
newer glibc. The one of Debian 11 (``libstdc++-10-dev``, ``libgcc-10-dev``)
works with glibc 2.17.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from felloe.errors import FelloeError

_ARCHIVES = ("libstdc++.a", "libstdc++fs.a")
_OPTIONAL = "libstdc++fs.a"  # inside libstdc++.a from GCC 13 on
_HINT = (
    "unpack a libstdc++ for the target (Debian 11: libstdc++-10-dev and libgcc-10-dev of its "
    "architecture) and set `sysroot` to the directory"
)


@dataclass(frozen=True)
class Libstdcxx:
    """Directories and files of a libstdc++."""

    includes: tuple[Path, ...]
    libraries: tuple[Path, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Arguments for every command.

        They use ``-I``, because its headers contain ``#include_next``.
        """
        return ("-nostdinc++", *(f"-I{place}" for place in self.includes))

    @property
    def archives(self) -> tuple[str, ...]:
        """Arguments for commands that link.

        The unwinder is zig's. Each copy of libgcc_eh has its own table, and it
        aborts if the personality routine of one copy gets the context of another.
        """
        return (*map(str, self.libraries), "-lunwind")


def find_libstdcxx(sysroot: str, triplet: str) -> Libstdcxx:
    """Return the newest one in a system root for a GNU triplet.

    Raise :class:`FelloeError` if there is none.
    """
    if not sysroot:
        raise FelloeError("`stdlib = libstdc++` needs a `sysroot`", hint=_HINT)
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
    raise FelloeError(f"{sysroot} has no libstdc++ for {triplet}", hint=_HINT)


def _versions(place: Path) -> list[int]:
    """Return the major versions that directories of a system root are named after."""
    return [int(path.name) for path in place.glob("*") if path.name.isdigit()]
