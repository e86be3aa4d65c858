"""Plan the files of a toolchain's directory and the settings of the engine for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from felloe.build.toolchain import cmake, python
from felloe.build.toolchain.launcher import (
    Compiler,
    Zig,
    render_compiler,
    render_nothing,
    render_run_target,
    render_tool,
)
from felloe.build.toolchain.libstdcxx import Libstdcxx
from felloe.build.toolchain.triple import Triple
from felloe.build.toolchain.windows import ImportLibrary
from felloe.python.foreign import find_triplet, is_same
from felloe.python.header import Headers
from felloe.python.machine import MACHINES
from felloe.python.platform import Platform
from felloe.python.target import Target

# zig turns on the undefined behaviour sanitizer without -O, and refuses __DATE__.
# Other compilers do neither unless the user asks for it.
_WORDS = ("-fno-sanitize=undefined", "-Wno-error=date-time")


@dataclass(frozen=True)
class Request:
    """The target of a toolchain, and the headers and libraries for it."""

    platform: Platform
    running: Target
    target: Target
    headers: Headers
    has_own_headers: bool = False
    """True for headers of the target in the system root, false for those of this interpreter."""
    sysroot: str = ""
    libraries: tuple[ImportLibrary, ...] = ()
    """Import libraries of Python for Windows."""

    @property
    def is_cross(self) -> bool:
        """True if CMake must not run what it builds."""
        return not is_same(self.running, self.platform)

    @property
    def triplet(self) -> str:
        """The target's GNU triplet; empty except on Linux."""
        if self.platform.system != "linux":
            return ""
        return find_triplet(self.running.version, self.platform)


@dataclass(frozen=True)
class Toolchain:
    """The planned content of a toolchain's directory."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Path and text. Files without a suffix are programs."""
    libraries: tuple[ImportLibrary, ...] = ()
    """Import libraries to make: that of the stable ABI, and that of one version."""

    @property
    def name(self) -> str:
        """Name of the directory: equal for equal files."""
        digest = hashlib.sha256()
        for path, text in sorted(self.files.items()):
            digest.update(f"{path}\0{text}\0".encode())
        return digest.hexdigest()[:16]


def plan_host(request: Request) -> Toolchain:
    """Plan for compilers that the user chose: only the files about the target's Python."""
    files = _foreign_files(request)
    return Toolchain({**files, "project.cmake": cmake.render_include()} if files else {})


def plan_zig(
    request: Request, zig: Zig, triple: Triple, stdlib: Libstdcxx | None = None
) -> Toolchain:
    """Plan for zig, with its own libc++ or the ``stdlib`` of a system root."""
    system = request.platform.system
    shims = python.render_shims(request.headers, request.triplet)
    words = (*_WORDS, *(("-dynamic",) if request.platform.libc == "musl" else ()))
    c = Compiler("cc", triple.name, system, words)
    cpp = Compiler("c++", triple.name, system, words)
    if stdlib is not None:
        # As a C compiler zig adds no C++ library of its own.
        cpp = Compiler("cc", triple.name, system, (*words, *stdlib.words), stdlib.archives)
    files = {
        "zig-cc": render_compiler(zig, c),
        "zig-c++": render_compiler(zig, cpp),
        "zig-ar": render_tool(zig, "ar"),
        "zig-ranlib": render_tool(zig, "ranlib"),
        "strip": render_nothing("strip", "zig has none, and its linker strips"),
        "toolchain.cmake": cmake.render_toolchain(
            triple,
            is_cross=request.is_cross,
            sysroot=request.sysroot,
            triplet=request.triplet,
        ),
        "include/README.txt": "Headers that the compilers search after their own.\n",
        **cmake.render_refusals(),
        **shims,
    }
    if system == "linux":
        files[cmake.ANCHOR_SOURCE] = cmake.render_anchor_source()
    if system == "windows":
        files["zig-rc"] = render_tool(zig, "rc")
        files["zig-dlltool"] = render_tool(zig, "dlltool")
        files |= {library.definition_name: library.render() for library in request.libraries}
    return Toolchain({**files, **_foreign_files(request)}, request.libraries)


def _foreign_files(request: Request) -> Mapping[str, str]:
    if not request.is_cross:
        return {}
    machine = MACHINES.get(request.platform.architecture)
    code, qemu = (machine.elf_bytes, machine.qemu) if machine else ("", "")
    if request.platform.architecture == request.running.architecture:
        code = ""  # qemu must not run this machine's own programs
    include = str(request.headers.include) if request.has_own_headers else ""
    return {
        "run-target": render_run_target(code, qemu, request.sysroot),
        **cmake.render_find_python(request.platform.system),
        **python.render_files(request.target, request.triplet, include),
    }


def plan_defines(
    request: Request, toolchain: Toolchain, directory: Path, *, names_system: bool
) -> dict[str, str]:
    """Return the variables for CMake.

    ``names_system`` is true if a toolchain file of the user sets the target.
    """
    found = {}
    for prefix in ("Python", "Python3"):
        if request.has_own_headers:
            found[f"{prefix}_INCLUDE_DIR"] = str(request.headers.include)
        for name, library in zip(("SABI_LIBRARY", "LIBRARY"), toolchain.libraries):
            found[f"{prefix}_{name}"] = str(directory / library.file_name)
    if "toolchain.cmake" in toolchain.files:
        found["CMAKE_TOOLCHAIN_FILE"] = str(directory / "toolchain.cmake")
    elif request.is_cross:
        found["CMAKE_PROJECT_INCLUDE_BEFORE"] = str(directory / "project.cmake")
        found["CMAKE_CROSSCOMPILING_EMULATOR"] = str(directory / "run-target")
        if not names_system and request.platform.system == "linux":
            found["CMAKE_SYSTEM_NAME"] = "Linux"
            found["CMAKE_SYSTEM_PROCESSOR"] = request.platform.architecture
    return found
