"""Wheels with one fault each, but for their metadata."""

from __future__ import annotations

import io
import zipfile

from felloe.check.rule import Rule
from support.dist_samples import METADATA, make_wheel
from support.faulty_dist import Bad, platform, wheel


def edited(name, says, edit, **options) -> Bad:
    """A sound wheel, its bytes changed."""

    def make(place):
        path = make_wheel(place)
        path.write_bytes(edit(path.read_bytes()))
        return path

    return Bad(name, Rule.ARCHIVE, says, make, **options)


def _streamed(place):
    """As a zip writer does that cannot go back: sizes follow contents, in data descriptors."""

    class Unseekable(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            return file.write(data)

    path = make_wheel(place)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with path.open("wb") as file, zipfile.ZipFile(Unseekable(), "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


ARCHIVES = (
    Bad("data-descriptor", Rule.ARCHIVE, "has a data descriptor", _streamed),
    wheel("duplicate-name", Rule.ARCHIVE, "two members are named", again=["demo/__init__.py"]),
    edited("trailing-bytes", "the end record is not the last", lambda data: data + b"more"),
    edited("prepended-bytes", "", lambda data: b"#!/bin/sh\n" + data),
    edited("cut-off", "", lambda data: data[:-30]),
    edited("not-a-zip", "", lambda _: b"hello"),
    wheel("archive-comment", Rule.ARCHIVE, "the end record is not", comment=b"hello"),
    wheel("bzip2", Rule.ARCHIVE, "uses compression method 12", method=zipfile.ZIP_BZIP2),
    wheel("bomb", Rule.ARCHIVE, "more than 50 times", files={"demo/zero": bytes(65 << 20)}),
    wheel("escaping-name", Rule.ARCHIVE, "leads out", files={"../demo.py": b""}),
)

NAMES = (
    wheel("not-a-wheel-name", Rule.FILE_NAME, "is not a wheel's file name", "demo-1.0.whl"),
    wheel(
        "name-not-normalized",
        Rule.FILE_NAME,
        "begins with Demo, PyPI wants demo",
        "Demo-1.0-py3-none-any.whl",
        dist_info="Demo-1.0.dist-info",
    ),
    wheel(
        "name-of-another",
        Rule.FILE_NAME,
        "the file name of omed begins with demo",
        metadata=METADATA.replace("demo", "omed"),
    ),
    wheel(
        "version-of-another",
        Rule.FILE_NAME,
        "the file name says version 1.0, METADATA says 1.1",
        metadata=METADATA.replace("1.0", "1.1"),
    ),
    wheel(
        "no-version",
        Rule.FILE_NAME,
        "one in the file name is not a version",
        "demo-one-py3-none-any.whl",
        dist_info="demo-one.dist-info",
    ),
    wheel(
        "local-version",
        Rule.LOCAL_VERSION,
        "1.0+cpu is a local version",
        "demo-1.0+cpu-py3-none-any.whl",
        dist_info="demo-1.0+cpu.dist-info",
        metadata=METADATA.replace("1.0", "1.0+cpu"),
    ),
    wheel(
        "dist-info-named-otherwise",
        Rule.DIST_INFO,
        "Demo-1.0.dist-info is not named as the file",
        dist_info="Demo-1.0.dist-info",
    ),
    wheel(
        "data-named-otherwise",
        Rule.DIST_INFO,
        "not every installer takes notice of demo-1.data",
        files={"demo-1.data/scripts/x": b"#!python\n"},
    ),
    wheel("no-metadata", Rule.DIST_INFO, "holds no METADATA", metadata=None),
    wheel("no-wheel-file", Rule.DIST_INFO, "holds no WHEEL", wheel=b""),
)

PLATFORMS = (
    platform("linux_aarch64", "it promises no more than the machine it was built on"),
    platform("macosx_12_3_arm64", "from macOS 11 on the minor version must be 0"),
    platform("macosx_16_0_arm64", "it knows no macOS 16.0"),
    platform("macosx_11_0_x86", "it knows no machine x86 of macOS"),
    platform("manylinux_2_38_loongarch64", "no manylinux wheels for loongarch64"),
    platform("musllinux_1_2_armv6l", "no musllinux wheels for armv6l"),
    platform("pyodide_2024_0_wasm32", "pyemscripten_"),
    platform("win_arm32", "it knows no such platform"),
    platform("freebsd_14_0_amd64", "it knows no such platform"),
)


def _wheel_text(*tags, version="1.0", root="true", more="") -> bytes:
    lines = "".join(f"Tag: {tag}\n" for tag in tags)
    return f"Wheel-Version: {version}\nRoot-Is-Purelib: {root}\n{more}{lines}".encode()


WHEEL_FILES = (
    wheel(
        "wheel-version",
        Rule.WHEEL_FILE,
        "states Wheel-Version 2.0",
        wheel=_wheel_text("py3-none-any", version="2.0"),
    ),
)

RECORDS = (
    wheel(
        "record-missing-line",
        Rule.RECORD,
        "does not list demo/__init__.py",
        unlisted=["demo/__init__.py"],
    ),
    wheel("record-extra-line", Rule.RECORD, "lists gone.py,", record=lambda t: t + "gone.py,,\n"),
    wheel(
        "record-wrong-size",
        Rule.RECORD,
        "a wrong size for demo/__init__.py",
        record=lambda text: text.replace(",12\n", ",13\n"),
    ),
    wheel(
        "record-wrong-hash",
        Rule.RECORD,
        "a wrong hash of demo/__init__.py",
        record=lambda text: text.replace("sha256=", "sha256=A", 1),
    ),
    wheel(
        "record-no-hash",
        Rule.RECORD,
        "no hash of demo/x.py",
        files={"demo/x.py": b""},
        unlisted=["demo/x.py"],
        record=lambda text: text + "demo/x.py,,0\n",
    ),
    wheel(
        "record-weak-hash",
        Rule.RECORD,
        "by sha256 or better",
        record=lambda text: text.replace("sha256=", "md5=", 1),
    ),
    wheel("record-twice", Rule.RECORD, "demo/__init__.py twice", record=lambda text: text * 2),
    wheel("record-columns", Rule.RECORD, "a line that is not", record=lambda text: text + "x\n"),
)

WHEELS = (*ARCHIVES, *NAMES, *PLATFORMS, *WHEEL_FILES, *RECORDS)
