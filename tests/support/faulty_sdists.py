"""Sdists with one fault each."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile

from felloe.check.rule import Rule
from support.dist_samples import METADATA, link, make_sdist, make_wheel, special
from support.faulty_dist import Bad, sdist


def _sparse(place):
    """As ``tar --sparse --format=posix`` writes it."""
    info = tarfile.TarInfo("demo-1.0/holes")
    info.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "demo-1.0/holes",
        "GNU.sparse.realsize": "1024",
    }
    return make_sdist(place, members=[(info, b"1\n0\n512\n".ljust(512, b"\0") + bytes(512))])


def _rewritten(name, says, edit) -> Bad:
    def make(place):
        path = make_sdist(place)
        path.write_bytes(edit(path.read_bytes()))
        return path

    return Bad(f"sdist-{name}", Rule.ARCHIVE, says, make)


def _polyglot(place):
    path = make_sdist(place)
    inner = make_wheel(place)
    path.write_bytes(path.read_bytes() + inner.read_bytes())
    return path


def _on_disks(data: bytes) -> bytes:
    """What zipfile's own question, whether it is a zip file, ends with an error."""
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 9)
    return data + locator + struct.pack("<4s4H2IH", b"PK\x05\x06", *(0,) * 7)


def _swollen(_: bytes) -> bytes:
    """A megabyte and less, of which a header of the tar file makes 66."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("demo-1.0/PKG-INFO")
        info.pax_headers = {"comment": "x" * (66 << 20)}
        archive.addfile(info)
    return packed.getvalue()


def _broken_sum(data: bytes) -> bytes:
    return data[:-8] + bytes(4) + data[-4:]


SDISTS = (
    sdist("zip", Rule.ARCHIVE, "is not a gzipped tar file", "demo-1.0.zip"),
    Bad("sdist-polyglot", Rule.ARCHIVE, "and nothing else", _polyglot),
    _rewritten("of-a-zip-on-disks", "and nothing else", _on_disks),
    _rewritten("cut-off", "is not a gzipped", lambda data: data[: len(data) // 2]),
    _rewritten("not-gzip", "is not a gzipped", gzip.decompress),
    _rewritten("not-tar", "is not a gzipped", lambda _: gzip.compress(b"hello" * 200)),
    _rewritten("wrong-checksum", "is not a gzipped", _broken_sum),
    _rewritten("bomb", "packed bytes claim to hold", _swollen),
    sdist(
        "long-metadata",
        Rule.ARCHIVE,
        "PKG-INFO is larger than the limit of 2097152 bytes",
        metadata=METADATA + "a\n" * (1 << 20),
    ),
    _rewritten("trailing-bytes", "is not a gzipped", lambda data: data + b"more"),
    sdist(
        "name-not-normalized",
        Rule.FILE_NAME,
        "is named demo-1.0.tar.gz",
        "Demo-1.0.tar.gz",
        root="Demo-1.0",
    ),
    sdist(
        "version-not-normalized",
        Rule.FILE_NAME,
        "is named demo-1.0.tar.gz",
        "demo-1.0.0.tar.gz",
        root="demo-1.0.0",
    ),
    sdist(
        "local-version",
        Rule.LOCAL_VERSION,
        "1.0+cpu",
        "demo-1.0+cpu.tar.gz",
        root="demo-1.0+cpu",
        metadata=METADATA.replace("1.0", "1.0+cpu"),
    ),
    sdist("other-directory", Rule.SDIST_LAYOUT, "one directory demo-1.0", root="demo"),
    sdist(
        "two-directories",
        Rule.SDIST_LAYOUT,
        "it holds demo-1.0, demo-2.0",
        members=[(tarfile.TarInfo("demo-2.0/x"), b"")],
    ),
    sdist("no-pkg-info", Rule.SDIST_LAYOUT, "no demo-1.0/PKG-INFO", drop=["PKG-INFO"]),
    sdist(
        "pkg-info-is-a-link",
        Rule.SDIST_LAYOUT,
        "no demo-1.0/PKG-INFO",
        drop=["PKG-INFO"],
        members=[link("PKG-INFO", "nowhere")],
    ),
    sdist(
        "pkg-info-becomes-a-link",
        Rule.SDIST_LAYOUT,
        "no demo-1.0/PKG-INFO",
        members=[link("PKG-INFO", "nowhere")],
    ),
    sdist(
        "metadata-too-new",
        Rule.METADATA_VERSION,
        "PKG-INFO: core metadata 2.6 is too new",
        metadata=METADATA.replace("2.4", "2.6"),
    ),
    sdist(
        "no-licence-file",
        Rule.LICENSE_FILE,
        "has no demo-1.0/COPYING",
        metadata=METADATA + "License-File: COPYING\n",
    ),
    sdist(
        "link-out",
        Rule.MEMBER,
        "in a circle, to ../../x",
        members=[link("l", "../../x")],
    ),
    sdist("link-absolute", Rule.MEMBER, "to /etc/passwd", members=[link("l", "/etc/passwd")]),
    sdist(
        "hard-link-out",
        Rule.MEMBER,
        "hard link",
        members=[link("l", "etc/passwd", tarfile.LNKTYPE)],
    ),
    sdist(
        "file-through-link",
        Rule.MEMBER,
        "leads out",
        members=[link("l", "../.."), special("demo-1.0/l/x", tarfile.REGTYPE)],
    ),
    sdist(
        "name-out",
        Rule.MEMBER,
        "leads out of the archive",
        members=[special("demo-1.0/../../x", tarfile.REGTYPE)],
    ),
    sdist(
        "device", Rule.MEMBER, "device or pipe", members=[special("demo-1.0/d", tarfile.CHRTYPE)]
    ),
    sdist("pipe", Rule.MEMBER, "device or pipe", members=[special("demo-1.0/p", tarfile.FIFOTYPE)]),
    Bad("sdist-sparse", Rule.MEMBER, "is a sparse file", _sparse),
)
