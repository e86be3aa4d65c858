"""Targets, headers and plans that the tests of toolchains start from."""

from __future__ import annotations

from pathlib import Path

from felloe.build.toolchain.launcher import Zig
from felloe.build.toolchain.plan import Request, plan_zig
from felloe.build.toolchain.triple import find_triple
from felloe.python.foreign import find_triplet, make_target
from felloe.python.header import Headers
from felloe.python.platform import parse_platform
from felloe.python.target import Target

HERE = Target(
    implementation="cpython",
    version=(3, 11),
    abi_flags="",
    soabi="cpython-311-x86_64-linux-gnu",
    extension_suffixes=(".cpython-311-x86_64-linux-gnu.so", ".abi3.so", ".so"),
    platform="linux_x86_64",
    libc="glibc",
)
AARCH64 = parse_platform("manylinux_2_17_aarch64", "target")
TRIPLET = find_triplet((3, 11), AARCH64)
ZIG = Zig("0.17.0", Path("/z/zig"), Path("/z/lib"), Path("/z/cache"))
DEBIAN = Headers(Path("/usr/include/python3.11"), Path("/usr/include/x/python3.11/pyconfig.h"))


def make_request(tag, headers=DEBIAN):
    platform = parse_platform(tag, "target")
    return Request(platform, HERE, make_target(HERE, platform), headers)


def plan(tag):
    request = make_request(tag)
    return plan_zig(request, ZIG, find_triple(request.platform))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
