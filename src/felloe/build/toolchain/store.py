"""A copy of zig at a stable path, made once for each version.

zig's own cache depends on the path and the times of its library directory. These
differ in each isolated build environment, so each build would compile libc++
again: 40 seconds of CPU. The copy also needs one change, see :func:`_fix_typeinfo`.
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
    """Make the cache's directory, from which compilers will be run.

    Raise :class:`FelloeError` if that fails or if it belongs to another user.
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
    """Copy the zig of an installed wheel into the cache, unless it is there already."""
    make_once(root / "zig" / version, lambda place: _fill(place, wheel))


def open_zig(root: Path, version: str, triple: str) -> Zig:
    """Return a stored zig, for builds of one target."""
    place = root / "zig" / version
    return Zig(version, place / "zig", place / "lib", place / "cache" / triple)


def is_warm(zig: Zig) -> bool:
    """Return whether the C++ library has been compiled for the target."""
    return any(zig.cache.glob("o/*/libc++.a"))


def make_once(place: Path, fill: Callable[[Path], None]) -> None:
    """Fill a directory under a temporary name and rename it, in one process at a time.

    Raise :class:`FelloeError` if the cache cannot be written.
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
    """Write texts below a directory. Files without a suffix become executable."""
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
    _fix_typeinfo(place / "lib" / _TYPEINFO)


def _link(source: str, destination: str) -> None:
    """Link a file, or copy it to another file system."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)


def _fix_typeinfo(path: Path) -> None:
    """Make libc++ compare C++ types by name instead of by address.

    zig links libc++ into each module, so each module has its own copy of each
    ``type_info``. Compared by address, they differ: one module cannot catch the
    exceptions of another, and pybind11's modules share their translators.
    https://github.com/llvm/llvm-project, libcxx/include/typeinfo.
    """
    text = path.read_text(encoding="utf-8")
    if text.count(_BY_ADDRESS) != 1:
        raise FelloeError(
            f"felloe cannot patch {path}, so C++ exceptions would not pass between modules",
            hint="this is a bug in felloe: report it with the version of ziglang",
        )
    path.unlink()  # the file may be a hard link to the wheel's own
    path.write_text(text.replace(_BY_ADDRESS, _BY_NAME), encoding="utf-8")
