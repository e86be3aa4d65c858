"""Compiler and linker flags that zig does not accept, or understands in another way: a table.

It was tested with the versions of zig in :data:`felloe.build.toolchain.zig.TESTED`.
Other flags are passed to zig unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Act(Enum):
    """Treatment of a flag."""

    DROP = "drop"
    DROP_TWO = "drop it and its argument"
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Flag:
    """A row of the table."""

    pattern: str
    """Pattern of a ``case`` in the POSIX shell. ``$flag`` is the argument that it matched."""
    act: Act
    reason: str
    """Reason for the treatment. For :attr:`Act.REFUSE` it is the error message."""
    text: str = ""
    """The new argument for :attr:`Act.REPLACE`, as a shell expression."""
    systems: tuple[str, ...] = ("linux", "macos", "windows")
    machines: tuple[str, ...] = ()
    """zig's names of architectures, such as ``x86_64``; empty for all."""


_FEATURES = "sed 's/-a/a/;s/\\./_/;s/+simd/+neon/;s/+fp16/+fullfp16/'"

COMPILER = (
    Flag(
        "-fopenmp|-fopenmp=*|-lgomp|-lomp|-liomp5",
        Act.REFUSE,
        "zig has no OpenMP runtime; use std::thread, or the host's toolchain",
    ),
    Flag(
        "-lgfortran|-lquadmath",
        Act.REFUSE,
        "zig has no Fortran compiler; use the host's toolchain",
    ),
    Flag(
        "-fsanitize=*address*|-fsanitize=*leak*|-fsanitize=*memory*",
        Act.REFUSE,
        "zig has no runtime for this sanitizer; use the host's toolchain",
    ),
    Flag("-m32|-mx32", Act.REFUSE, "set `target` to a 32-bit platform instead"),
    Flag(
        "-march=native|-mcpu=native",
        Act.REFUSE,
        "a wheel must run on every machine of its tag, not only on the build machine; select code "
        "for newer processors at run time",
    ),
    Flag(
        "-mtune=*",
        Act.DROP,
        "zig reads it as the processor to build for, and compiler_rt fails to compile",
    ),
    Flag(
        "-march=x86-64*|-march=*-*",
        Act.REPLACE,
        "zig writes processors with _",
        '-march=$(printf %s "${flag#-march=}" | tr - _)',
        machines=("x86_64", "x86"),
    ),
    Flag(
        "-march=armv8-a",
        Act.REPLACE,
        "zig accepts only processors; generic is armv8-a",
        "-mcpu=generic",
        machines=("aarch64",),
    ),
    Flag(
        "-march=armv8-a+*",
        Act.REPLACE,
        "zig accepts only processors, and some features have other names",
        f'-mcpu=generic$(printf %s "${{flag#-march=armv8-a}}" | {_FEATURES})',
        machines=("aarch64",),
    ),
    Flag(
        "-march=armv[89].[1-9]-a*",
        Act.REPLACE,
        "zig accepts versions of the architecture only as features",
        f'-mcpu=generic+$(printf %s "${{flag#-march=arm}}" | {_FEATURES})',
        machines=("aarch64",),
    ),
    Flag(
        "-fcf-protection|-fcf-protection=*",
        Act.DROP,
        "only for x86; distributions add it to CFLAGS",
        machines=("aarch64", "arm", "powerpc64le", "s390x", "riscv64"),
    ),
    Flag(
        "-flto|-flto=*|-ffat-lto-objects|-fno-fat-lto-objects|-fuse-linker-plugin",
        Act.DROP,
        "zig compiles another libc++ for it: 40 CPU seconds for a module of one file",
    ),
    Flag("-fuse-ld=*", Act.DROP, "zig has one linker"),
    Flag("-specs=*", Act.DROP, "only for gcc; distributions add it to CFLAGS"),
    Flag("-target", Act.DROP_TWO, "the setting `target` decides"),
    Flag("--target=*", Act.DROP, "the setting `target` decides"),
    Flag("-Wp,-D*|-Wp,-U*", Act.REPLACE, "zig accepts it only without -Wp,", "${flag#-Wp,}"),
    Flag(
        "-static-libstdc++|-static-libgcc|-lstdc++fs",
        Act.DROP,
        "zig links these libraries statically anyway",
    ),
    Flag("-bundle", Act.REPLACE, "zig crashes on it", "-dynamiclib", systems=("macos",)),
)
"""Arguments of a command."""

LINKER = (
    Flag("--exclude-libs=*", Act.DROP, "unknown to zig, whose own libraries are hidden anyway"),
    Flag("--exclude-libs", Act.DROP_TWO, "unknown to zig, as above"),
    Flag("-Bsymbolic-functions", Act.DROP, "unknown to zig; affects only speed"),
    Flag("--push-state|--pop-state|--warn-common|--add-needed", Act.DROP, "unknown to zig"),
    Flag("-Map=*|--Map=*|--print-map", Act.DROP, "unknown to zig; writes only a report"),
    Flag("-Map|--Map", Act.DROP_TWO, "unknown to zig; writes only a report"),
    Flag(
        "--icf=*|--no-rosegment|--pack-dyn-relocs=*",
        Act.DROP,
        "unknown to zig; affects only the size",
    ),
    Flag(
        "--dynamic-list=*|--dynamic-list-data",
        Act.DROP,
        "unknown to zig; more symbols stay exported",
    ),
    Flag("--dynamic-list", Act.DROP_TWO, "unknown to zig; more symbols stay exported"),
    Flag(
        "--unresolved-symbols=*|--warn-unresolved-symbols",
        Act.DROP,
        "zig allows unresolved symbols anyway",
    ),
    Flag("--defsym=*|--defsym", Act.REFUSE, "zig cannot define symbols; define them in C"),
)
"""Options between the commas of ``-Wl,``."""

LINKER_Z = (
    "text|pack-relative-relocs|nopack-relative-relocs|separate-code|noseparate-code|start-stop-gc"
    "|nostart-stop-gc"
)
"""Options after ``-z`` that are unknown to zig. None of them changes how an object behaves."""
