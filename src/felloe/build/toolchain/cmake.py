"""What CMake is told: the toolchain file, and modules in place of some of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from felloe.build.toolchain.triple import Triple

_HERE = "${CMAKE_CURRENT_LIST_DIR}"
_MODULE_PATH = f'list(PREPEND CMAKE_MODULE_PATH "{_HERE}/modules")\n'
ANCHOR = "libc-anchor.o"
ANCHOR_SOURCE = "libc-anchor.c"
TOOLS = {"AR": "zig-ar", "RANLIB": "zig-ranlib", "STRIP": "strip"}

_HOST = "set toolchain = host in [tool.felloe]"
_REFUSED = {
    "CMakeDetermineFortranCompiler": (
        "felloe: zig has no Fortran compiler. Way out: build without Fortran, or " + _HOST
    ),
    "CMakeDetermineCUDACompiler": (
        "felloe: zig cannot compile CUDA. Way out: build without CUDA, or " + _HOST
    ),
}
_OPENMP = (
    "felloe: zig brings no OpenMP runtime. Way out: use std::thread, make OpenMP optional, or "
    + _HOST
)


def render_refusals() -> Mapping[str, str]:
    """Path below the toolchain's directory -> text, of modules that CMake takes before its own.

    They say by name what zig does not have.
    """
    found = {
        f"modules/{name}.cmake": f'message(FATAL_ERROR "{text}")\n'
        for name, text in _REFUSED.items()
    }
    found["modules/FindOpenMP.cmake"] = (
        "set(OpenMP_FOUND FALSE)\nset(OPENMP_FOUND FALSE)\n"
        "if(OpenMP_FIND_REQUIRED)\n"
        f'  message(FATAL_ERROR "{_OPENMP}")\n'
        "endif()\n"
    )
    # The launchers drop what it asks for, and to try would build another libc++.
    found["modules/CheckIPOSupported.cmake"] = (
        "function(check_ipo_supported)\n"
        '  cmake_parse_arguments(felloe "" "RESULT;OUTPUT" "LANGUAGES" ${ARGN})\n'
        "  if(felloe_RESULT)\n    set(${felloe_RESULT} NO PARENT_SCOPE)\n  endif()\n"
        "  if(felloe_OUTPUT)\n"
        '    set(${felloe_OUTPUT} "felloe: left out with zig" PARENT_SCOPE)\n'
        "  endif()\nendfunction()\n"
    )
    return found


def render_find_python(system: str) -> Mapping[str, str]:
    """The same, of modules that have FindPython ask the interpreter as if nothing were foreign.

    It answers for the target. Before CMake 4.1, and for projects that keep its
    policies of then (CMP0190), no interpreter is asked in a cross build; and
    one of another pointer size is refused.
    """
    names = ("Python", "Python3")
    # What the interpreter here would import has .abi3 in its name; on Windows it has not.
    stable = {name: f'set({name}_SOSABI "")\n' if system == "windows" else "" for name in names}
    return {
        f"modules/Find{name}.cmake": (
            "set(felloe_module_path ${CMAKE_MODULE_PATH})\n"
            "set(felloe_crosscompiling ${CMAKE_CROSSCOMPILING})\n"
            "set(felloe_pointer ${CMAKE_SIZEOF_VOID_P})\n"
            f'list(REMOVE_ITEM CMAKE_MODULE_PATH "{_HERE}")\n'
            "set(CMAKE_CROSSCOMPILING FALSE)\n"
            "unset(CMAKE_SIZEOF_VOID_P)\n"
            f"include(Find{name})\n{stable[name]}"
            "set(CMAKE_MODULE_PATH ${felloe_module_path})\n"
            "set(CMAKE_CROSSCOMPILING ${felloe_crosscompiling})\n"
            "set(CMAKE_SIZEOF_VOID_P ${felloe_pointer})\n"
        )
        for name in names
    }


def render_include() -> str:
    """What CMake reads before ``project()`` where the toolchain file is the user's."""
    return f'if(NOT "{_HERE}/modules" IN_LIST CMAKE_MODULE_PATH)\n  {_MODULE_PATH}endif()\n'


def render_toolchain(triple: Triple, *, is_cross: bool, sysroot: str, triplet: str) -> str:
    """The toolchain file for zig.

    The host's directories are not searched for libraries and headers: they are
    another system's. ``is_cross`` is false for the running interpreter's own
    kind of platform, where CMake may run what it builds.
    """
    tools = "".join(
        f'set(CMAKE_{name} "{_HERE}/{tool}" CACHE FILEPATH "" FORCE)\n'
        for name, tool in TOOLS.items()
    )
    archivers = "".join(
        f'set(CMAKE_{language}_COMPILER_{tool} "{_HERE}/{TOOLS[tool]}" CACHE FILEPATH "" FORCE)\n'
        for language in ("C", "CXX")
        for tool in ("AR", "RANLIB")
    )
    return (
        f"# Made by felloe: zig for {triple.name}.\n"
        f'set(CMAKE_C_COMPILER "{_HERE}/zig-cc")\n'
        f'set(CMAKE_CXX_COMPILER "{_HERE}/zig-c++")\n'
        f'set(CMAKE_ASM_COMPILER "{_HERE}/zig-cc")\n'
        + tools
        + archivers
        + _render_anchor(triple)
        + _MODULE_PATH
        # pybind11 would turn it on, and another libc++ would have to be built.
        + 'set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF CACHE BOOL "")\n'
        # From C++20 on every source would be scanned, by a program that zig does not bring.
        + "set(CMAKE_CXX_SCAN_FOR_MODULES OFF)\n"
        # What is tried is linked as what is built: with -g it would be another libc++ again.
        + "if(NOT CMAKE_TRY_COMPILE_CONFIGURATION)\n"
        + "  set(CMAKE_TRY_COMPILE_CONFIGURATION Release)\nendif()\n"
        + "set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH FALSE)\n"
        + _render_pkg_config(sysroot, triplet)
        + (_render_sysroot(sysroot, triplet) if sysroot else "")
        + (_render_cross(triple) if is_cross else "")
        + (f'set(CMAKE_RC_COMPILER "{_HERE}/zig-rc")\n' if triple.system == "Windows" else "")
    )


def _render_sysroot(sysroot: str, triplet: str) -> str:
    """Where libraries of the target are looked for, after what the project names itself."""
    usr = PurePath(sysroot, "usr")
    return f'set(CMAKE_LIBRARY_ARCHITECTURE {triplet})\nlist(APPEND CMAKE_PREFIX_PATH "{usr}")\n'


def _render_pkg_config(sysroot: str, triplet: str) -> str:
    """pkg-config knows what is in the system root, and otherwise nothing, unless it is told.

    The project's own prefixes reach it as ``PKG_CONFIG_PATH``.
    """
    names = ("lib", "share") if not triplet else (f"lib/{triplet}", "lib", "share")
    places = [str(PurePath(sysroot, "usr", name, "pkgconfig")) for name in names]
    found = ":".join(places) if sysroot else f"{_HERE}/pkgconfig"
    root = f'  set(ENV{{PKG_CONFIG_SYSROOT_DIR}} "{sysroot}")\n' if sysroot else ""
    return (
        "if(NOT DEFINED ENV{PKG_CONFIG_LIBDIR})\n"
        f'  set(ENV{{PKG_CONFIG_LIBDIR}} "{found}")\n{root}endif()\n'
    )


def _render_anchor(triple: Triple) -> str:
    """An object that needs the C library, so that every file says which one it is for."""
    if triple.system != "Linux":
        return ""
    return "".join(
        f'set(CMAKE_{language}_STANDARD_LIBRARIES_INIT "\\"{_HERE}/{ANCHOR}\\"")\n'
        for language in ("C", "CXX")
    )


def _render_cross(triple: Triple) -> str:
    return (
        f"set(CMAKE_SYSTEM_NAME {triple.system})\n"
        f"set(CMAKE_SYSTEM_PROCESSOR {triple.machine})\n"
        f'set(CMAKE_CROSSCOMPILING_EMULATOR "{_HERE}/run-target")\n'
        "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)\n"
    )


def render_anchor_source() -> str:
    """C of the object. Nothing in it is ever called."""
    return (
        "#include <stdlib.h>\n"
        '__attribute__((used, retain, visibility("hidden")))\n'
        "void (*const felloe_libc_anchor)(void) = abort;\n"
    )
