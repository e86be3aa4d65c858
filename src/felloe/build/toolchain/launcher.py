"""Render the shell scripts that CMake uses as compilers and tools."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from felloe.build.toolchain.flag import COMPILER, LINKER, LINKER_Z, Act, Flag


@dataclass(frozen=True)
class Zig:
    """A zig whose path is the same for every build."""

    version: str
    program: Path
    library: Path
    """The patched copy of its ``lib`` (:mod:`felloe.build.toolchain.store`)."""
    cache: Path
    """Directory of its compiled libraries for one target."""


def render_tool(zig: Zig, tool: str) -> str:
    """Return a script that runs a tool of zig: ``ar``, ``ranlib``, ``dlltool`` or ``rc``."""
    return f'{_head(zig, f"zig {tool}")}exec {_quote(zig.program)} {tool} "$@"\n'


@dataclass(frozen=True)
class Compiler:
    """A compiler for one target, as a command of zig."""

    command: str
    """``cc`` or ``c++``."""
    triple: str
    system: str
    """System of the target, as in :class:`felloe.python.platform.Platform`."""
    words: tuple[str, ...] = ()
    """Arguments before the user's own."""
    libraries: tuple[str, ...] = ()
    """Arguments after the user's own when the command links."""


def render_compiler(zig: Zig, compiler: Compiler) -> str:
    """Return the script that runs a compiler of zig.

    Linked files are stripped (``-s``), unless ``-g`` asks for debugging
    information: zig's libraries contain 5 MB of it, and zig has no ``strip``.
    """
    machine = compiler.triple.partition("-")[0]
    rows = [row for row in COMPILER if _applies(row, compiler.system, machine)]
    words = " ".join(map(_quote, ("-target", compiler.triple, *compiler.words)))
    libraries = " ".join(map(_quote, compiler.libraries))
    return (
        _head(zig, f"zig {compiler.command} for {compiler.triple}")
        + "here=${0%/*}\n"
        + _REFUSE
        + _render_linker_words()
        + "strip=-s\nlink=1\nskip=\ncount=$#\n"
        + 'while [ "$count" -gt 0 ]; do\n  flag=$1; shift; count=$((count - 1))\n'
        + '  if [ -n "$skip" ]; then skip=; continue; fi\n'
        + "  case $flag in\n    -g0) ;;\n    -g|-g[0-9]|-ggdb*|-gdwarf*) strip= ;;\n"
        + "    -c|-S|-E|-fsyntax-only|-M|-MM) link= ;;\n"
        + "".join(map(_render_case, rows))
        + '    -Wl,*) link_words "$flag"; flag=$words; [ -n "$flag" ] || continue ;;\n'
        + '  esac\n  set -- "$@" "$flag"\ndone\n'
        + 'set -- "$@" -isystem "$here/include"\n'
        + (f'[ -z "$link" ] || set -- "$@" {libraries}\n' if libraries else "")
        + f'exec {_quote(zig.program)} {compiler.command} {words} ${{strip:+"$strip"}} "$@"\n'
    )


def render_run_target(machine: str, qemu: str, loader_root: str) -> str:
    """Return CMake's emulator, a script that runs the target's programs through qemu.

    It runs other programs directly: CMake uses it for the host's Python too.
    ``machine`` is ``e_machine`` as two hexadecimal bytes in file order.
    """
    root = f" -L {_quote(loader_root)}" if loader_root else ""
    return (
        "#!/bin/sh\n# Made by felloe: runs a program of the target, or of this machine.\n"
        'program=$(command -v "$1") || program=$1\n'
        'found=$(od -An -tx1 -j18 -N2 "$program" 2>/dev/null | tr -d " \\n")\n'
        'magic=$(od -An -tx1 -N4 "$program" 2>/dev/null | tr -d " \\n")\n'
        f'if [ "$magic$found" = 7f454c46{machine} ]; then\n'
        f"  for qemu in qemu-{qemu} qemu-{qemu}-static; do\n"
        f'    command -v "$qemu" >/dev/null && exec "$qemu"{root} "$@"\n'
        "  done\nfi\n"
        'exec "$@"\n'
    )


def render_nothing(name: str, reason: str) -> str:
    """Return a script that does nothing and exits with 0."""
    return f"#!/bin/sh\n# Made by felloe in place of {name}: {reason}.\nexit 0\n"


def _head(zig: Zig, what: str) -> str:
    places: Mapping[str, Path] = {
        "ZIG_LIB_DIR": zig.library,
        "ZIG_GLOBAL_CACHE_DIR": zig.cache,
        "ZIG_LOCAL_CACHE_DIR": zig.cache,
    }
    exports = "".join(f"export {name}={_quote(place)}\n" for name, place in places.items())
    return f"#!/bin/sh\n# Made by felloe: {what}.\n{exports}"


def _applies(flag: Flag, system: str, machine: str) -> bool:
    return system in flag.systems and (not flag.machines or machine in flag.machines)


_REFUSE = 'refuse() { echo "felloe: error: $1: $2" >&2; exit 1; }\n'


def _render_case(flag: Flag) -> str:
    actions = {
        Act.DROP: "continue",
        Act.DROP_TWO: "skip=1; continue",
        Act.REPLACE: f"flag={flag.text}",
        Act.REFUSE: f'refuse "$flag" {_quote(flag.reason)}',
    }
    return f"    {flag.pattern}) {actions[flag.act]} ;;\n"


def _render_linker_case(flag: Flag) -> str:
    actions = {
        Act.DROP: "continue",
        Act.DROP_TWO: "rest=${rest#*,}; continue",
        Act.REFUSE: f'refuse "-Wl,$flag" {_quote(flag.reason)}',
    }
    return f"    {flag.pattern}) {actions[flag.act]} ;;\n"


def _render_linker_words() -> str:
    """Return a shell function that removes unknown options from ``-Wl,a,b,c``.

    It leaves the others in the variable ``words``.
    """
    return (
        "link_words() {\n  rest=${1#-Wl,},; words=\n"
        '  while [ -n "$rest" ]; do\n    flag=${rest%%,*}; rest=${rest#*,}\n    case $flag in\n'
        + "".join(map(_render_linker_case, LINKER))
        + f"    -z) case ${{rest%%,*}} in {LINKER_Z}) rest=${{rest#*,}}; continue ;; esac ;;\n"
        "    esac\n    words=$words,$flag\n  done\n"
        "  words=${words:+-Wl$words}\n}\n"
    )


def _quote(value: object) -> str:
    return shlex.quote(str(value))
