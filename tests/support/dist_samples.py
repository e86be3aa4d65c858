"""A small sound wheel and sdist, and everything that a test may want to have wrong."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from felloe.wheel.tags import parse_wheel_name
from support.compiled_samples import Workshop, module

PROJECT = "demo"
WHEEL = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"
INFO = "demo-1.0.dist-info"
METADATA = "Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n"
MACH_O = b"\xcf\xfa\xed\xfe" + bytes(60)
"""Enough to be a binary of macOS, which nobody here looks into."""


def module_files(workshop: Workshop, suffix: str) -> dict[str, bytes]:
    """One extension module for CPython on x86-64."""
    return {f"demo/_m.{suffix}-x86_64-linux-gnu.so": workshop.build(module("_m"))}


def record_row(name: str, data: bytes, algorithm: str = "sha256") -> str:
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data).digest()).rstrip(b"=")
    return f"{name},{algorithm}={digest.decode()},{len(data)}\n"


@dataclass
class WheelSample:
    """What goes into a wheel; sound by default."""

    filename: str = WHEEL
    metadata: str | bytes | None = METADATA
    files: dict[str, bytes] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    """The Tag lines of WHEEL, where they are not those of the file name."""
    root: str = ""
    """Root-Is-Purelib."""
    wheel: bytes | None = None
    """All of WHEEL; empty for none."""
    dist_info: str = INFO
    unlisted: tuple[str, ...] = ()
    """What RECORD leaves out."""
    record: Callable[[str], str] = str
    """Changes RECORD."""
    method: int = zipfile.ZIP_DEFLATED
    comment: bytes = b""
    again: tuple[str, ...] = ()
    """Members to write a second time."""

    def members(self) -> dict[str, bytes]:
        found = {"demo/__init__.py": b"answer = 42\n", **self.files}
        if self.metadata is not None:
            found[f"{self.dist_info}/METADATA"] = encode(self.metadata)
        text = self.render_wheel() if self.wheel is None else self.wheel
        if text:
            found[f"{self.dist_info}/WHEEL"] = text
        return found

    def render_wheel(self) -> bytes:
        is_named = self.filename.count("-") in (4, 5)
        tags = self.tags or (parse_wheel_name(self.filename).triples() if is_named else ())
        root = self.root or str(self.filename.endswith("-any.whl")).lower()
        lines = "".join(f"Tag: {tag}\n" for tag in tags)
        return f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {root}\n{lines}".encode()

    def write(self, place: Path) -> Path:
        members = self.members()
        rows = [record_row(*item) for item in members.items() if item[0] not in self.unlisted]
        record = f"{self.dist_info}/RECORD"
        members[record] = self.record("".join(rows) + f"{record},,\n").encode()
        with zipfile.ZipFile(place / self.filename, "w", self.method) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # about names written twice
                for name in self.again:
                    archive.writestr(name, members[name])
            archive.comment = self.comment
        return place / self.filename


@dataclass
class SdistSample:
    """What goes into an sdist; sound by default."""

    filename: str = SDIST
    metadata: str = METADATA
    root: str = "demo-1.0"
    drop: tuple[str, ...] = ()
    """What is left out."""
    members: tuple[tuple[tarfile.TarInfo, bytes], ...] = ()
    """What is added."""

    def write(self, place: Path) -> Path:
        contents = {
            "pyproject.toml": b'[build-system]\nrequires = ["felloe"]\nbuild-backend = "felloe"\n',
            "src/demo/__init__.py": b"answer = 42\n",
            "PKG-INFO": encode(self.metadata),
        }
        with tarfile.open(place / self.filename, "w:gz", format=tarfile.PAX_FORMAT) as archive:
            for name, data in contents.items():
                if name not in self.drop:
                    add(archive, tarfile.TarInfo(f"{self.root}/{name}"), data)
            for info, data in self.members:
                add(archive, info, data)
        return place / self.filename


def make_wheel(place: Path, filename: str = WHEEL, **options) -> Path:
    return WheelSample(filename, **options).write(place)


def make_sdist(place: Path, filename: str = SDIST, **options) -> Path:
    return SdistSample(filename, **options).write(place)


def add(archive: tarfile.TarFile, info: tarfile.TarInfo, data: bytes) -> None:
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    """A link to be added to an sdist."""
    info = tarfile.TarInfo(f"demo-1.0/{name}")
    info.type, info.linkname = kind, target
    return info, b""


def special(name: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    """A member of another type."""
    info = tarfile.TarInfo(name)
    info.type = kind
    return info, b""


def encode(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
