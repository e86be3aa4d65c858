"""zig at a stable place, made once for each version.

zig's cache knows its library directory by path and times of change. Each
isolated build environment has another, so each would compile libc++ anew: 40
seconds of CPU. And it needs one change, see :func:`_mend_typeinfo`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from felloe.build.cache.entry import make_root
from felloe.build.cache.lock import wait_for_lock
from felloe.build.toolchain.launcher import Zig
from felloe.build.toolchain.zig import TESTED
from felloe.errors import FelloeError

_VERSION = re.compile(r"\d+(\.\d+)*(\.post\d+)?")
_TYPEINFO = Path("libcxx", "include", "typeinfo")
_BY_ADDRESS = "define _LIBCPP_TYPEINFO_COMPARISON_IMPLEMENTATION 1\n"
_BY_NAME = "define _LIBCPP_TYPEINFO_COMPARISON_IMPLEMENTATION 2\n"


def open_root(root: Path) -> None:
    """The cache's directory, from which compilers will be run.

    Raises :class:`FelloeError` if it cannot be had, or belongs to another user.
    """
    with _explained(root, "used"):
        make_root(root)


def find_stored(root: Path) -> str | None:
    """Return the newest stored version of zig that felloe is tested with."""
    versions = (place.parent.name for place in (root / "zig").glob(f"{TESTED}*/zig"))
    return max(filter(_VERSION.fullmatch, versions), key=_version_key, default=None)


def _version_key(version: str) -> tuple[int, ...]:
    """Order 0.17.0, 0.17.0.post1, 0.17.1 by their numbers."""
    return tuple(map(int, re.findall(r"\d+", version)))


def store_zig(root: Path, version: str, wheel: Path) -> None:
    """Keep the zig of an installed wheel; nothing is done if it is kept already."""
    make_once(root / "zig" / version, lambda place: _fill(place, wheel))


def open_zig(root: Path, version: str, triple: str) -> Zig:
    """A stored zig, for builds of one target."""
    place = root / "zig" / version
    return Zig(version, place / "zig", place / "lib", place / "cache" / triple)


def is_warm(zig: Zig) -> bool:
    """Whether the C++ library has been compiled for the target."""
    return any(zig.cache.glob("o/*/libc++.a"))


def make_once(place: Path, fill: Callable[[Path], None]) -> None:
    """Have a directory filled under another name and moved to its own, by one process.

    Raises :class:`FelloeError` if the cache cannot be written.
    """
    if place.is_dir():
        return
    with _explained(place, "made in felloe's cache"):
        place.parent.mkdir(parents=True, exist_ok=True)
        with wait_for_lock(place.parent / f".{place.name}.lock"):
            if not place.is_dir():
                _make(place, fill)


def _make(place: Path, fill: Callable[[Path], None]) -> None:
    part = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        part.chmod(0o755)
        fill(part)
        part.rename(place)
    except OSError:
        if not place.is_dir():  # else another process has made it, on a system without locks
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_files(place: Path, files: dict[str, str]) -> None:
    """Write texts below a directory; those without a suffix become programs."""
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if "." not in path.name:
            path.chmod(0o755)


@contextmanager
def _explained(place: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise FelloeError(
            f"{place} cannot be {done}: {cause.strerror or cause}",
            hint="name a directory that can be written in `cache-dir` (FELLOE_CACHE_DIR)",
        ) from cause


def _fill(place: Path, wheel: Path) -> None:
    _link(str(wheel / "zig"), str(place / "zig"))
    shutil.copytree(wheel / "lib", place / "lib", copy_function=_link)
    _mend_typeinfo(place / "lib" / _TYPEINFO)


def _link(source: str, destination: str) -> None:
    """One more name of the same file, or a copy of it on another file system."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)


def _mend_typeinfo(path: Path) -> None:
    """Have C++ types compared by name, as on every system where libraries cannot share one.

    zig links libc++ into each module. Each then has its own copy of each type's
    description, and a comparison by address finds them different: an exception
    of one module is caught in no other, and pybind11's modules share their
    translators. https://github.com/llvm/llvm-project, libcxx/include/typeinfo.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(_BY_ADDRESS) != 1:
        raise FelloeError(
            f"{path} is not as felloe knows it, and C++ exceptions would not pass between modules",
            hint="report this with the version of ziglang: a bug in felloe",
        )
    path.unlink()  # the name; the file may be the wheel's too
    path.write_text(text.replace(_BY_ADDRESS, _BY_NAME), encoding="utf-8")
