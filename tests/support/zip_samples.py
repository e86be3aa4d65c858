"""Zip files and wheels for tests, forged field by field."""

from __future__ import annotations

import hashlib
import stat
import struct
import zlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

LOCAL = struct.Struct("<4s5HIIIHH")
CENTRAL = struct.Struct("<4s6HIIIHHHHHII")
END = struct.Struct("<4s4HIIH")
STORED, DEFLATED = 0, 8
UTF8 = 0x800
REGULAR = (stat.S_IFREG | 0o644) << 16

WHEEL = "demo-1.0-py3-none-any.whl"
DIST_INFO = "demo-1.0.dist-info"


def deflate(data: bytes, level: int = 6) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(data) + stream.flush()


@dataclass
class Entry:
    """A member; ``local`` and ``central`` override fields of one header or the other."""

    name: bytes | str
    data: bytes = b""
    method: int = DEFLATED
    flags: int = 0
    attributes: int = REGULAR
    packed: bytes | None = None
    extra: bytes = b""
    comment: bytes = b""
    after: bytes = b""
    """Bytes between this member and the next."""
    local: dict[str, object] = field(default_factory=dict)
    central: dict[str, object] = field(default_factory=dict)

    def fields(self) -> dict[str, object]:
        name = self.name if isinstance(self.name, bytes) else self.name.encode()
        packed = self.packed
        if packed is None:
            packed = self.data if self.method == STORED else deflate(self.data)
        return {
            "magic": None,
            "name": name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.data),
            "packed": packed,
            "packed_size": len(packed),
            "size": len(self.data),
            "extra": self.extra,
            "offset": None,
        }


def forge_zip(entries, *, before=b"", after=b"", comment=b"", **end) -> bytes:
    """``end`` overrides ``count``, ``size`` or ``start`` of the end record."""
    image = bytearray(before)
    directory = bytearray()
    for entry in entries:
        offset = len(image)
        image += _local(entry)
        directory += _central(entry, offset)
    count = end.get("count", len(entries))
    size, start = end.get("size", len(directory)), end.get("start", len(image))
    record = END.pack(b"PK\5\6", 0, 0, count, count, size, start, len(comment))
    return bytes(image + directory) + record + comment + after


def _local(entry: Entry) -> bytes:
    f: dict[str, Any] = {**entry.fields(), **entry.local}
    head = (f["magic"] or b"PK\3\4", 20, f["flags"], f["method"], 0, 33, f["crc"])
    sizes = (f["packed_size"], f["size"], len(f["name"]), len(f["extra"]))
    return LOCAL.pack(*head, *sizes) + f["name"] + f["extra"] + f["packed"] + entry.after


def _central(entry: Entry, offset: int) -> bytes:
    f: dict[str, Any] = {**entry.fields(), **entry.central}
    head = (f["magic"] or b"PK\1\2", 3 << 8 | 20, 20, f["flags"], f["method"], 0, 33, f["crc"])
    sizes = (f["packed_size"], f["size"], len(f["name"]), len(f["extra"]), len(entry.comment))
    at = offset if f["offset"] is None else f["offset"]
    numbers = (0, 0, entry.attributes, at)
    return CENTRAL.pack(*head, *sizes, *numbers) + f["name"] + f["extra"] + entry.comment


def record_of(files: dict[str, bytes], dist_info: str = DIST_INFO) -> bytes:
    rows = [
        f"{name},sha256={urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},"
        f"{len(data)}\n"
        for name, data in files.items()
    ]
    return "".join([*rows, f"{dist_info}/RECORD,,\n"]).encode()


def wheel_files(files=None, *, dist_info=DIST_INFO, tag="py3-none-any") -> dict[str, bytes]:
    """Name -> content of a sound wheel, RECORD and all."""
    pure = str(tag.endswith("-any")).lower()
    files = {
        **({"demo/__init__.py": b"answer = 42\n" * 9} if files is None else files),
        f"{dist_info}/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        f"{dist_info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\n"
        f"Root-Is-Purelib: {pure}\nTag: {tag}\n".encode(),
    }
    return {**files, f"{dist_info}/RECORD": record_of(files, dist_info)}


def wheel_entries(files=None, **options) -> list[Entry]:
    return [Entry(name, data) for name, data in wheel_files(files, **options).items()]


def forge_wheel(*more: Entry, files=None, **options) -> bytes:
    """A sound wheel with ``more`` members before its own."""
    return forge_zip([*more, *wheel_entries(files)], **options)
