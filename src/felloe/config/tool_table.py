"""The keys of ``[tool.felloe]``: type, values and meaning of each."""

from __future__ import annotations

import re
from typing import Literal, get_args

from felloe.config.option import Option

OnViolation = Literal["degrade", "error"]
Strip = Literal["none", "debug", "all"]
Compilers = Literal["host", "zig"]
StandardLibrary = Literal["libc++", "libstdc++"]
MsvcRuntime = Literal["required", "copied", "static"]
CacheUse = Literal["auto", "true", "false"]

OPTIONS = (
    Option(
        key="platform",
        default="auto",
        form=re.compile(
            r"auto|linux|native|pypi|(manylinux(1|2010|2014)|(many|musl)linux_\d+_\d+)(_[a-z]\w*)?"
        ),
        values='`"auto"`, `"native"`, `"linux"`, `"pypi"` or a policy such as `"manylinux_2_28"`',
        meaning=(
            "The platform tag to reach. `auto` writes the most portable tag that the binaries "
            "qualify for. `native` writes a tag for this machine and copies no library, on every "
            "system; `linux` is its older name. `pypi` "
            "requires a tag that PyPI accepts. A policy requires at least that policy. In a "
            "manylinux or musllinux image the default is the policy of the image "
            "(`AUDITWHEEL_PLAT`)."
        ),
    ),
    Option(
        key="on-violation",
        default="degrade",
        choices=get_args(OnViolation),
        meaning=(
            "What to do if the wheel does not qualify for the tag: `degrade` writes it under the "
            "best tag that it qualifies for and prints the reason, `error` fails. Use `error` to "
            "publish and `degrade` to install."
        ),
    ),
    Option(
        key="strip",
        default="none",
        choices=get_args(Strip),
        meaning=(
            "The symbols to remove from the binaries and from the copied libraries: none, "
            "debugging information, or all that are not needed to load them. Needs the `strip` "
            "of binutils."
        ),
    ),
    Option(
        key="libraries.exclude",
        default=(),
        values="globs on a needed name or a path",
        meaning=(
            "Libraries that are not copied into the wheel because users' machines have them, in "
            "addition to those of the platform policy. Driver libraries (`libcuda.so*`, "
            "`libnvidia-*`, …) are not copied either, unless `include` names them."
        ),
    ),
    Option(
        key="libraries.include",
        default=(),
        values="sonames",
        meaning=(
            "Libraries to copy that no binary is linked to because they are loaded at run time "
            "by `dlopen` or ctypes. They keep their names."
        ),
    ),
    Option(
        key="libraries.search",
        default=(),
        values="directories",
        meaning=(
            "Where to look for libraries before the places that the loader searches. On Windows "
            "`%PATH%` stands for the directories on PATH."
        ),
    ),
    Option(
        key="libraries.provided-by",
        default={},
        values="distribution = globs on a needed name",
        meaning=(
            'Libraries that another distribution installs: `{torch = ["libtorch*.so*"]}`. They '
            "are not copied. The binaries find them by a relative path. The distribution must be "
            "one of the project's `dependencies`."
        ),
    ),
    Option(
        key="libraries.msvc-runtime",
        default="required",
        choices=get_args(MsvcRuntime),
        meaning=(
            "Microsoft's C++ runtime (`msvcp140.dll`, …), which is not a part of Windows. "
            "`required` leaves it to the Visual C++ Redistributable of the user's machine, "
            "`copied` copies its DLLs beside the modules, from `libraries.search` or from the "
            "directory that `VCToolsRedistDir` names, `static` refuses files that need it."
        ),
    ),
    Option(
        key="target",
        default="auto",
        form=re.compile(r"auto|[a-z]\w*"),
        values="a platform tag, such as `manylinux_2_17_x86_64`",
        meaning=(
            "The platform to build for. `auto` is the platform of the running interpreter. "
            "Another machine, another C library or an older glibc needs a toolchain for it."
        ),
    ),
    Option(
        key="toolchain",
        default="host",
        choices=get_args(Compilers),
        meaning=(
            "The compilers: `host` uses those that CMake finds. `zig` uses zig's, which build for "
            "every `target` on any machine; the build then requires the `ziglang` wheel."
        ),
    ),
    Option(
        key="stdlib",
        default="libc++",
        choices=get_args(StandardLibrary),
        meaning=(
            "The C++ standard library of builds with zig, linked statically. `libstdc++` comes "
            "from `sysroot`. Use it if libraries of the wheel pass C++ objects or exceptions to "
            "each other."
        ),
    ),
    Option(
        key="sysroot",
        default="",
        values="a directory",
        meaning="The directory of the target's headers and libraries that zig does not have.",
    ),
    Option(
        key="cache",
        default="auto",
        choices=get_args(CacheUse),
        values='`true`, `false` or `"auto"`',
        synonyms={"1": "true", "0": "false"},
        takes_bool=True,
        meaning=(
            "Keep build environments and build trees between builds. `auto` keeps them, except "
            "where `CI` is set and an sdist is built."
        ),
    ),
    Option(
        key="cache-dir",
        default="",
        values="a directory",
        meaning="The cache's directory. The default is `felloe` in the user's cache directory.",
    ),
    Option(
        key="cache-limit",
        default="5GB",
        form=re.compile(r"\d+(\.\d+)?\s?(kB|MB|GB|TB)"),
        values="a size in kB, MB, GB or TB",
        meaning="The size of the cache. Entries that were not used for longest are removed first.",
    ),
    Option(
        key="compiler-launcher",
        default="none",
        values='`"auto"`, `"none"` or a program',
        meaning=(
            "The compiler cache to run compilers through. `auto` uses `sccache` or `ccache` if "
            "one is installed and the project sets no launcher itself. A compiler cache can "
            "return an outdated object for a source that uses `__has_include`."
        ),
    ),
)
