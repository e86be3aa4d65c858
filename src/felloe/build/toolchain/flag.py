"""Compiler and linker flags that zig does not take, or takes in another sense: a table.

Tried with the versions of zig in :data:`felloe.build.toolchain.zig.TESTED`. What is
not listed reaches zig as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Act(Enum):
    """What becomes of a flag."""

    DROP = "drop"
    DROP_TWO = "drop it and the word after it"
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Flag:
    """One row."""

    pattern: str
    """As in a ``case`` of the POSIX shell; ``$flag`` is the word it matched."""
    act: Act
    reason: str
    """Of a refusal also what the user is told."""
    text: str = ""
    """For :attr:`Act.REPLACE`: the new word, in the shell's language."""
    systems: tuple[str, ...] = ("linux", "macos", "windows")
    machines: tuple[str, ...] = ()
    """Of zig, such as ``x86_64``; empty for all."""


_FEATURES = "sed 's/-a/a/;s/\\./_/;s/+simd/+neon/;s/+fp16/+fullfp16/'"

COMPILER = (
    Flag(
        "-fopenmp|-fopenmp=*|-lgomp|-lomp|-liomp5",
        Act.REFUSE,
        "zig brings no OpenMP runtime; use std::thread, or the host's toolchain",
    ),
    Flag(
        "-lgfortran|-lquadmath",
        Act.REFUSE,
        "zig brings no Fortran; use the host's toolchain",
    ),
    Flag(
        "-fsanitize=*address*|-fsanitize=*leak*|-fsanitize=*memory*",
        Act.REFUSE,
        "zig brings no runtime of this sanitizer; use the host's toolchain",
    ),
    Flag("-m32|-mx32", Act.REFUSE, "`target` names the machine; set it to one of 32 bits"),
    Flag(
        "-march=native|-mcpu=native",
        Act.REFUSE,
        "a wheel is for every machine of its tag, not for the one that builds it; choose code for "
        "newer processors at run time",
    ),
    Flag("-mtune=*", Act.DROP, "zig takes it for the processor, and compiler_rt fails to compile"),
    Flag(
        "-march=x86-64*|-march=*-*",
        Act.REPLACE,
        "zig spells processors with _",
        '-march=$(printf %s "${flag#-march=}" | tr - _)',
        machines=("x86_64", "x86"),
    ),
    Flag(
        "-march=armv8-a",
        Act.REPLACE,
        "zig takes processors; generic is armv8-a",
        "-mcpu=generic",
        machines=("aarch64",),
    ),
    Flag(
        "-march=armv8-a+*",
        Act.REPLACE,
        "the same, with features, some of which have other names",
        f'-mcpu=generic$(printf %s "${{flag#-march=armv8-a}}" | {_FEATURES})',
        machines=("aarch64",),
    ),
    Flag(
        "-march=armv[89].[1-9]-a*",
        Act.REPLACE,
        "zig takes versions of the architecture as features",
        f'-mcpu=generic+$(printf %s "${{flag#-march=arm}}" | {_FEATURES})',
        machines=("aarch64",),
    ),
    Flag(
        "-fcf-protection|-fcf-protection=*",
        Act.DROP,
        "of x86 alone; distributions add it to CFLAGS",
        machines=("aarch64", "arm", "powerpc64le", "s390x", "riscv64"),
    ),
    Flag(
        "-flto|-flto=*|-ffat-lto-objects|-fno-fat-lto-objects|-fuse-linker-plugin",
        Act.DROP,
        "zig builds another libc++ for it: 40 CPU seconds for a module of one file",
    ),
    Flag("-fuse-ld=*", Act.DROP, "zig has one linker"),
    Flag("-specs=*", Act.DROP, "a file of gcc's; distributions add it to CFLAGS"),
    Flag("-target", Act.DROP_TWO, "`target` names it"),
    Flag("--target=*", Act.DROP, "`target` names it"),
    Flag("-Wp,-D*|-Wp,-U*", Act.REPLACE, "zig takes the plain word alone", "${flag#-Wp,}"),
    Flag(
        "-static-libstdc++|-static-libgcc|-lstdc++fs",
        Act.DROP,
        "what they ask for is linked statically already",
    ),
    Flag("-bundle", Act.REPLACE, "zig crashes on it", "-dynamiclib", systems=("macos",)),
)
"""Words of a command."""

LINKER = (
    Flag("--exclude-libs=*", Act.DROP, "unknown to zig, whose own libraries are hidden anyway"),
    Flag("--exclude-libs", Act.DROP_TWO, "the same"),
    Flag("-Bsymbolic-functions", Act.DROP, "unknown to zig; a matter of speed"),
    Flag("--push-state|--pop-state|--warn-common|--add-needed", Act.DROP, "unknown to zig"),
    Flag("-Map=*|--Map=*|--print-map", Act.DROP, "unknown to zig; only a report"),
    Flag("-Map|--Map", Act.DROP_TWO, "the same"),
    Flag("--icf=*|--no-rosegment|--pack-dyn-relocs=*", Act.DROP, "unknown to zig; only size"),
    Flag("--dynamic-list=*|--dynamic-list-data", Act.DROP, "unknown to zig; exports stay"),
    Flag("--dynamic-list", Act.DROP_TWO, "the same"),
    Flag("--unresolved-symbols=*|--warn-unresolved-symbols", Act.DROP, "zig allows them"),
    Flag("--defsym=*|--defsym", Act.REFUSE, "zig cannot; define them in C"),
)
"""Words between the commas of ``-Wl,``."""

LINKER_Z = (
    "text|pack-relative-relocs|nopack-relative-relocs|separate-code|noseparate-code|start-stop-gc"
    "|nostart-stop-gc"
)
"""Words after ``-z`` that are unknown to zig; none changes what an object means."""
