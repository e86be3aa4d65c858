"""Render the toolchain file for CMake, and modules that replace some of CMake's own."""

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
        "felloe: zig has no Fortran compiler. Fix: build without Fortran, or " + _HOST
    ),
    "CMakeDetermineCUDACompiler": (
        "felloe: zig cannot compile CUDA. Fix: build without CUDA, or " + _HOST
    ),
}
_OPENMP = (
    "felloe: zig has no OpenMP runtime. Fix: use std::thread, make OpenMP optional, or " + _HOST
)


def render_refusals() -> Mapping[str, str]:
    """Return modules that stop CMake with an error for features that zig lacks.

    They are paths below the toolchain's directory, each with its text. CMake
    prefers these modules to its own.
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
    # The launchers drop the flags of link time optimization. The check itself would make
    # zig compile another libc++.
    found["modules/CheckIPOSupported.cmake"] = (
        "function(check_ipo_supported)\n"
        '  cmake_parse_arguments(felloe "" "RESULT;OUTPUT" "LANGUAGES" ${ARGN})\n'
        "  if(felloe_RESULT)\n    set(${felloe_RESULT} NO PARENT_SCOPE)\n  endif()\n"
        "  if(felloe_OUTPUT)\n"
        '    set(${felloe_OUTPUT} "felloe: not available with zig" PARENT_SCOPE)\n'
        "  endif()\nendfunction()\n"
    )
    return found


def render_find_python(system: str) -> Mapping[str, str]:
    """Return modules that make FindPython query the interpreter in a cross build too.

    The interpreter reports the target's values. Before CMake 4.1, and in
    projects that keep the old policy CMP0190, FindPython does not run the
    interpreter in a cross build, and it refuses one of another pointer size.
    The modules are paths below the toolchain's directory, each with its text.
    """
    names = ("Python", "Python3")
    # The running interpreter reports .abi3, which files for Windows do not have in their names.
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
    """Return the CMake code to run before ``project()`` with a user's toolchain file."""
    return f'if(NOT "{_HERE}/modules" IN_LIST CMAKE_MODULE_PATH)\n  {_MODULE_PATH}endif()\n'


def render_toolchain(triple: Triple, *, is_cross: bool, sysroot: str, triplet: str) -> str:
    """Return the toolchain file for zig.

    CMake does not search the host's directories for libraries and headers,
    because those belong to another system. ``is_cross`` is false if the host
    can run the programs of the target, so that CMake may run what it builds.
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
        # pybind11 turns it on, and zig would have to compile another libc++.
        + 'set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF CACHE BOOL "")\n'
        # From C++20 on CMake would scan every source with a program that zig does not have.
        + "set(CMAKE_CXX_SCAN_FOR_MODULES OFF)\n"
        # With -g, CMake's own default for its checks, zig would compile another libc++.
        + "if(NOT CMAKE_TRY_COMPILE_CONFIGURATION)\n"
        + "  set(CMAKE_TRY_COMPILE_CONFIGURATION Release)\nendif()\n"
        + "set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH FALSE)\n"
        + _render_pkg_config(sysroot, triplet)
        + (_render_sysroot(sysroot, triplet) if sysroot else "")
        + (_render_cross(triple) if is_cross else "")
        + (f'set(CMAKE_RC_COMPILER "{_HERE}/zig-rc")\n' if triple.system == "Windows" else "")
    )


def _render_sysroot(sysroot: str, triplet: str) -> str:
    """Return the search path for the target's libraries, after the project's own prefixes."""
    usr = PurePath(sysroot, "usr")
    return f'set(CMAKE_LIBRARY_ARCHITECTURE {triplet})\nlist(APPEND CMAKE_PREFIX_PATH "{usr}")\n'


def _render_pkg_config(sysroot: str, triplet: str) -> str:
    """Restrict pkg-config to the system root, unless ``PKG_CONFIG_LIBDIR`` is set.

    Without a system root it finds nothing. The project can add its own
    prefixes with ``PKG_CONFIG_PATH``.
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
    """Link every file with an object that needs the C library, so that it is in ``DT_NEEDED``."""
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
    """Return the C source of that object. Nothing in it is ever called."""
    return (
        "#include <stdlib.h>\n"
        '__attribute__((used, retain, visibility("hidden")))\n'
        "void (*const felloe_libc_anchor)(void) = abort;\n"
    )
