"""Rows of tag truth: other machines and other C libraries."""

from __future__ import annotations

import struct

from support.compiled_samples import Need, library, module
from support.truth_case import LINUX, OLDEST, Case, Says, m

_M = m("cpython-311")
_CLAIM = f"cp311-cp311-{LINUX}"
_MUSL = "m.cpython-311-x86_64-linux-musl.so"
_ALPINE = Need("libc.musl-x86_64.so.1", "", ("puts",))
_MACHINE = "_PYTHON_HOST_PLATFORM"
_DARWIN = "m.cpython-311-darwin.so"
_PE = "m.cp311-win_amd64.pyd"
_RELATIVE = "static char v[4]; char *p[4] = {v, v + 1, v + 2, v + 3};"


def _on(machine: str, triplet: str, target: str, platform: str, **facts) -> Case:
    """A module for a foreign machine, in a wheel for that machine."""
    name = facts.pop("id", f"module-for-{machine}")
    return Case(
        name,
        {f"m.cpython-311-{triplet}.so": module("m", target=target, **facts)},
        f"cp311-cp311-linux_{machine}",
        f"cp311-cp311-{platform}",
    )


_FOREIGN = (
    _on(
        "aarch64",
        "aarch64-linux-gnu",
        "aarch64-linux-gnu",
        "manylinux2014_aarch64.manylinux_2_17_aarch64",
    ),
    _on(
        "s390x",
        "s390x-linux-gnu",
        "s390x-linux-gnu",
        "manylinux_2_34_s390x",
        needs=(Need("libc.so.6", "GLIBC_2.34", ("puts",)),),
    ),
    _on(
        "armv7l",
        "arm-linux-gnueabihf",
        "arm-linux-gnueabihf",
        "manylinux2014_armv7l.manylinux_2_17_armv7l",
    ),
    _on("i686", "i386-linux-gnu", "x86-linux-gnu", "manylinux1_i686.manylinux_2_5_i686"),
    _on(
        "ppc64le",
        "powerpc64le-linux-gnu",
        "powerpc64le-linux-gnu",
        "manylinux2014_ppc64le.manylinux_2_17_ppc64le",
    ),
    _on("riscv64", "riscv64-linux-gnu", "riscv64-linux-gnu", "manylinux_2_31_riscv64"),
    _on(
        "loongarch64",
        "loongarch64-linux-gnu",
        "loongarch64-linux-gnu",
        "manylinux_2_36_loongarch64",
    ),
    _on(
        "aarch64",
        "aarch64-linux-gnu",
        "aarch64-linux-gnu",
        "linux_aarch64",
        id="small-pages-on-aarch64",
        flags=("-Wl,-z,max-page-size=4096",),
    ),
    Case(
        "module-of-another-machine",
        {_M: module("m", target="aarch64-linux-gnu")},
        _CLAIM,
        _CLAIM,
        problems=(Says(f"{_M} is built for aarch64, the wheel's tag says x86_64", _MACHINE),),
    ),
    Case(
        "module-named-for-another-machine",
        {"m.cpython-311-aarch64-linux-gnu.so": module("m")},
        _CLAIM,
        f"cp311-cp311-{OLDEST}",
        problems=(
            Says(
                "m.cpython-311-aarch64-linux-gnu.so is built for x86_64 and named for aarch64, "
                "the wheel's tag says x86_64",
                _MACHINE,
            ),
        ),
    ),
    _on(
        "armv7l",
        "arm-linux-gnueabi",
        "arm-linux-gnueabi",
        "linux_armv7l",
        id="armv7l-without-hardware-floats",
    ),
    _on(
        "armv6l",
        "arm-linux-gnueabihf",
        "arm-linux-gnueabihf",
        "linux_armv6l",
        id="older-arm",
    ),
    _on(
        "sparc64",
        "sparc64-linux-gnu",
        "sparc64-linux-gnu",
        "linux_sparc64",
        id="machine-without-policies",
    ),
    Case(
        "module-of-an-unknown-machine",
        {"m.cpython-311-arm-linux-gnueabihf.so": module("m", target="sparc64-linux-gnu")},
        "cp311-cp311-linux_armv7l",
        "cp311-cp311-linux_armv7l",
        problems=(
            Says(
                "m.cpython-311-arm-linux-gnueabihf.so is built for the ELF machine 43, the "
                "wheel's tag says armv7l",
                _MACHINE,
            ),
        ),
    ),
    Case(
        "module-of-another-machine-than-one-without-policies",
        {_M: module("m")},
        "cp311-cp311-linux_sparc64",
        "cp311-cp311-linux_sparc64",
        problems=(
            Says(
                f"{_M} is built for x86_64 and named for x86_64, the wheel's tag says sparc64",
                _MACHINE,
            ),
        ),
    ),
    Case(
        "library-of-another-machine",
        {_M: module("m"), "data/libfar.so": library(target="s390x-linux-gnu")},
        _CLAIM,
        f"cp311-cp311-{OLDEST}",
        notes=(Says("data/libfar.so is for s390x: not audited"),),
    ),
    Case(
        "elf-module-in-a-wheel-for-macos",
        {_DARWIN: module("m")},
        "cp311-cp311-macosx_11_0_arm64",
        "cp311-cp311-macosx_11_0_arm64",
        problems=(
            Says(
                f"{_DARWIN} is built for Linux on x86_64, the wheel's tag says macosx_11_0_arm64",
                _MACHINE,
            ),
        ),
    ),
)

_BIONIC = Need("libc.so", "", ("puts",))


def _unknown(name: str, file: str, platform: str, *problems: Says, **facts) -> Case:
    """A wheel for a system that nothing is known of."""
    said = f"the platform tag {platform} is not checked: felloe has no rules for its system"
    claim = f"cp313-cp313-{platform}"
    return Case(name, {file: module("m", **facts)}, claim, claim, problems, (Says(said),))


_UNKNOWN = (
    _unknown(
        "android",
        "m.cpython-313-aarch64-linux-android.so",
        "android_24_arm64_v8a",
        target="aarch64-linux-gnu",
        needs=(_BIONIC, Need("libpython3.13.so")),
    ),
    _unknown("freebsd", "m.cpython-313.so", "freebsd_14_2_release_amd64"),
    _unknown(
        "glibc-under-android",
        "m.so",
        "android_24_x86_64",
        Says("m.so is built for Linux on x86_64, the wheel's tag says android_24_x86_64", _MACHINE),
        needs=(Need("libc.so.6", "GLIBC_2.17", ("puts",)),),
    ),
    _unknown(
        "elf-module-under-ios",
        "m.so",
        "ios_13_0_arm64_iphoneos",
        Says(
            "m.so is built for Linux on x86_64, the wheel's tag says ios_13_0_arm64_iphoneos",
            _MACHINE,
        ),
    ),
)

_MUSLLINUX = "cp311-cp311-musllinux_1_2_x86_64"
_NOT_MUSL = (Need("libc.so.6", symbols=("strlen", "gnu_get_libc_version")),)

_MUSL_ROWS = (
    Case(
        "musl",
        {_MUSL: module("m", needs=(_ALPINE,))},
        _CLAIM,
        "cp311-cp311-musllinux_1_2_x86_64",
    ),
    Case(
        "musl-by-zig",
        {
            "m.abi3.so": module(
                "m",
                code="void puts(char *); void hi(void) { puts(0); }",
                target="x86_64-linux-musl",
                flags=("-lc",),
            )
        },
        f"cp39-abi3-{LINUX}",
        "cp39-abi3-musllinux_1_2_x86_64",
    ),
    Case(
        "musl-by-name-alone",
        {_MUSL: module("m")},
        "cp311-cp311-linux_x86_64",
        "cp311-cp311-musllinux_1_2_x86_64",
    ),
    Case(
        "musl-claiming-1.1",
        {_MUSL: module("m", needs=(_ALPINE,))},
        "cp311-cp311-musllinux_1_1_x86_64",
        "cp311-cp311-musllinux_1_2_x86_64",
    ),
    Case(
        "no-libc-claiming-musl",
        {_MUSL: module("m")},
        "cp311-cp311-musllinux_1_2_x86_64",
        "cp311-cp311-musllinux_1_2_x86_64",
    ),
    Case(
        "armv7l-static-program-without-hardware-floats",
        {
            "truth.data/scripts/tool": struct.pack(
                "<16s2H5I6H",
                b"\x7fELF\1\1\1",
                *(2, 40, 1, 0, 0, 0, 0x05000200),
                *(52, 32, 0, 40, 0, 0),
            )
        },
        "py3-none-manylinux_2_17_armv7l",
        "py3-none-manylinux2014_armv7l.manylinux_2_17_armv7l",
    ),
    Case(
        "musl-by-the-names-of-glibc",
        {
            _MUSL: module("m", needs=(_ALPINE,)),
            "libplain.so": library(
                needs=(
                    Need("libc.so.6", symbols=("strlen",)),
                    Need("libm.so.6", symbols=("pow",)),
                    Need("libpthread.so.0"),
                )
            ),
        },
        _MUSLLINUX,
        _MUSLLINUX,
    ),
    Case(
        "musl-by-the-name-of-glibc-with-a-symbol-of-glibc",
        {
            _MUSL: module("m", needs=(_ALPINE,)),
            "libplain.so": library(needs=_NOT_MUSL),
        },
        _MUSLLINUX,
        "cp311-cp311-linux_x86_64",
        problems=(
            Says(
                "the tag musllinux_1_2_x86_64 is not proved:\n"
                "  libplain.so needs gnu_get_libc_version, which musl does not have: "
                "allowed by no policy\n"
                "without these it would be musllinux_1_2_x86_64",
                "do without that symbol",
            ),
        ),
    ),
    Case(
        "musl-claiming-glibc",
        {_MUSL: module("m", needs=(_ALPINE,))},
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-musllinux_1_2_x86_64",
        problems=(
            Says(
                "the tag manylinux_2_17_x86_64 is not proved: its binaries are for musllinux "
                "systems"
            ),
        ),
    ),
    Case(
        "musl-with-packed-relocations",
        {
            _MUSL: module(
                "m", needs=(_ALPINE,), code=_RELATIVE, flags=("-Wl,-z,pack-relative-relocs",)
            )
        },
        _CLAIM,
        "cp311-cp311-musllinux_1_2_x86_64",
        notes=(
            Says(f"{_MUSL} has packed relocations (DT_RELR), which musl applies from 1.2.4 on"),
        ),
    ),
    Case(
        "musl-with-libstdc++",
        {_MUSL: module("m", needs=(_ALPINE, Need("libstdc++.so.6")))},
        _CLAIM,
        _CLAIM,
    ),
    Case(
        "two-families",
        {
            _M: module("m", needs=(Need("libc.so.6", "GLIBC_2.17", ("puts",)),)),
            "libmusl.so.1": library(needs=(_ALPINE,)),
        },
        "cp311-cp311-manylinux_2_28_x86_64",
        _CLAIM,
        problems=(
            Says(
                "the tag manylinux_2_28_x86_64 is not proved:\n"
                "  libmusl.so.1 needs another C library than the rest (musl): "
                "allowed by no policy\n"
                "without these it would be manylinux_2_17_x86_64",
                "build all of the wheel with one C library",
            ),
        ),
    ),
)


ROWS = _FOREIGN + _UNKNOWN + _MUSL_ROWS
