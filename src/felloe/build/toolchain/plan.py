"""Which files a toolchain's directory holds, and what the engine is told of it. Pure."""

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

# zig turns the undefined behaviour sanitizer on where nothing is optimized, and
# makes an error of __DATE__; both are other compilers' choice to the user.
_WORDS = ("-fno-sanitize=undefined", "-Wno-error=date-time")


@dataclass(frozen=True)
class Request:
    """What a toolchain is to be for."""

    platform: Platform
    running: Target
    target: Target
    headers: Headers
    has_own_headers: bool = False
    """Whether the headers are the target's, of the system root, or the running interpreter's."""
    sysroot: str = ""
    libraries: tuple[ImportLibrary, ...] = ()
    """Of a Python for Windows."""

    @property
    def is_cross(self) -> bool:
        """Whether what is built cannot be run here, as far as CMake should think."""
        return not is_same(self.running, self.platform)

    @property
    def triplet(self) -> str:
        """The target's GNU triplet; empty off Linux."""
        if self.platform.system != "linux":
            return ""
        return find_triplet(self.running.version, self.platform)


@dataclass(frozen=True)
class Toolchain:
    """A directory to be, by its content."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Path -> text. Those without a suffix are programs."""
    libraries: tuple[ImportLibrary, ...] = ()
    """To be made of their definitions: the stable ABI's, and one version's."""

    @property
    def name(self) -> str:
        """The directory's: equal for equal files."""
        digest = hashlib.sha256()
        for path, text in sorted(self.files.items()):
            digest.update(f"{path}\0{text}\0".encode())
        return digest.hexdigest()[:16]


def plan_host(request: Request) -> Toolchain:
    """For compilers that the user chose: only what speaks of the target's Python."""
    files = _foreign_files(request)
    return Toolchain({**files, "project.cmake": cmake.render_include()} if files else {})


def plan_zig(
    request: Request, zig: Zig, triple: Triple, stdlib: Libstdcxx | None = None
) -> Toolchain:
    """For zig, with its own libc++ or the ``stdlib`` of a system root."""
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
        "strip": render_nothing("strip", "zig has none; what links is stripped at once"),
        "toolchain.cmake": cmake.render_toolchain(
            triple,
            is_cross=request.is_cross,
            sysroot=request.sysroot,
            triplet=request.triplet,
        ),
        "include/README.txt": "Headers that the compilers look for after their own.\n",
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
        code = ""  # this machine's own programs are not to go through qemu
    include = str(request.headers.include) if request.has_own_headers else ""
    return {
        "run-target": render_run_target(code, qemu, request.sysroot),
        **cmake.render_find_python(request.platform.system),
        **python.render_files(request.target, request.triplet, include),
    }


def plan_defines(
    request: Request, toolchain: Toolchain, directory: Path, *, names_system: bool
) -> dict[str, str]:
    """CMake's variables. ``names_system``: the user's own toolchain file says what is built for."""
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
