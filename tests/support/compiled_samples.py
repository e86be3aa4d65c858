"""Tiny binaries described as data, each compiled once for a whole test run."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

HOST = ""
"""The target of the system's own gcc: x86-64 Linux with GNU ld."""

NO_STACK_MARKER = ((b"\x51\xe5\x74\x64", bytes(4)),)
"""An edit that turns PT_GNU_STACK into PT_NULL: no linker leaves it out any more."""


@dataclass(frozen=True)
class Need:
    """A library to link with, and the symbols wanted of it under a version."""

    soname: str
    version: str = ""
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True)
class Specimen:
    """What a binary should be; :meth:`Workshop.build` makes it so.

    Nothing of a system is linked in: what it needs is stated, so the same
    facts come out on every machine that runs the tests.
    """

    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    """Imports that may stay unresolved."""
    needs: tuple[Need, ...] = ()
    flags: tuple[str, ...] = ()
    target: str = HOST
    """A target of zig's, where it is not :data:`HOST`."""
    form: str = "shared"
    """``shared``, ``object``, or ``program``."""
    code: str = ""
    """C to compile besides what the rest says."""
    edits: tuple[tuple[bytes, bytes], ...] = ()
    """Bytes to replace in the finished file, by as many others."""


def marks_of(*contents: object) -> list:
    """Return the marks of a test that compiles these: zig's, where one is for another system."""
    return [pytest.mark.tools("zig")] if any(getattr(c, "target", "") for c in contents) else []


def module(name: str, *imports: str, **facts) -> Specimen:
    """An extension module that does nothing but ask for these parts of the C API."""
    return Specimen(("PyInit_" + name,), ("PyModule_Create2", *imports), **facts)


def library(*exports: str, **facts) -> Specimen:
    """A shared library without a line about Python."""
    return Specimen(exports or ("answer",), **facts)


class Workshop:
    """Compiles specimens into ``place``, whose files any test process may use."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._environ = {
            **os.environ,
            "ZIG_GLOBAL_CACHE_DIR": str(place / "zig"),
            "ZIG_LOCAL_CACHE_DIR": str(place / "zig"),
        }
        place.mkdir(parents=True, exist_ok=True)

    def build(self, specimen: Specimen) -> bytes:
        """The bytes of the compiled file."""
        path = self._made(specimen)
        data = path.read_bytes()
        for old, new in specimen.edits:
            assert old in data, f"the compiled file holds no {old!r}"
            assert len(old) == len(new)
            data = data.replace(old, new)
        return data

    def _made(self, specimen: Specimen, soname: str = "", versions: str = "") -> Path:
        key = hashlib.sha256(repr((specimen, soname, versions)).encode()).hexdigest()[:16]
        done = self._place / key / (soname or "made")
        if not done.exists():
            work = self._place / f"{key}.{os.getpid()}"
            work.mkdir(exist_ok=True)
            made = work / done.name
            self._compile(specimen, made, soname, versions)
            done.parent.mkdir(exist_ok=True)
            made.replace(done)  # another process may have been faster; it made the same
        return done

    def _compile(self, specimen: Specimen, made: Path, soname: str, versions: str) -> None:
        source, script = made.with_name("source.c"), made.with_name("versions.map")
        source.write_text(_render_source(specimen), encoding="utf-8")
        script.write_text(versions, encoding="utf-8")
        command = [*_compiler(specimen), *specimen.flags, str(source), "-o", str(made)]
        if soname:
            command.append(f"-Wl,-soname,{soname}")
        if versions:
            command.append(f"-Wl,--version-script={script}")
        command += self._link_with(specimen)
        done = subprocess.run(
            command, env=self._environ, check=False, text=True, capture_output=True
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"

    def _link_with(self, specimen: Specimen) -> Iterable[str]:
        """Stubs of the libraries needed: their names, symbols and versions, nothing else."""
        sonames = dict.fromkeys(need.soname for need in specimen.needs)
        stubs = [str(self._stub(specimen, soname)) for soname in sonames]
        return ["-Wl,--no-as-needed", *stubs] if stubs else []

    def _stub(self, specimen: Specimen, soname: str) -> Path:
        wanted = [need for need in specimen.needs if need.soname == soname]
        exports = tuple(symbol for need in wanted for symbol in need.symbols)
        versions = "".join(
            f"{need.version} {{ global: {' '.join(f'{name};' for name in need.symbols)} }};\n"
            for need in wanted
            if need.version
        )
        return self._made(Specimen(exports, target=specimen.target), soname, versions)


def _compiler(specimen: Specimen) -> list[str]:
    compiler = ["gcc"]
    if specimen.target != HOST:
        compiler = [sys.executable, "-m", "ziglang", "cc", "-target", specimen.target]
        compiler.append("-fno-sanitize=all")
    kind = {"object": ["-c"], "program": ["-pie", "-Wl,-e,main"]}.get(specimen.form, ["-shared"])
    if "macos" in specimen.target:
        kind = ["-dynamiclib"]
    system = [] if "-lc" in specimen.flags else ["-nostdlib"]
    independent = [] if "windows" in specimen.target or "-fno-pic" in specimen.flags else ["-fPIC"]
    return [*compiler, "-O1", "-w", "-fno-builtin", *independent, *kind, *system]


def _render_source(specimen: Specimen) -> str:
    wanted = [symbol for need in specimen.needs for symbol in need.symbols]
    used = [*specimen.imports, *wanted]
    lines = [f"extern char {name}[];" for name in used]
    lines += [f"extern char {name}[] __attribute__((weak));" for name in specimen.weak]
    if used or specimen.weak:
        lines.append(f"const void *used[] = {{{', '.join((*used, *specimen.weak))}}};")
    lines += [f"int {name}(void) {{ return 42; }}" for name in specimen.exports]
    if specimen.form == "program":
        lines.append("int main(void) { return 0; }")
    return "\n".join((*lines, specimen.code, ""))
