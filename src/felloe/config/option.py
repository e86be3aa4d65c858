"""The table of felloe's settings: every key, its type, its values, its meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Option:
    """One key of ``[tool.felloe]``, dotted. The type of the default is that of its values."""

    key: str
    default: str | tuple[str, ...] | Mapping[str, tuple[str, ...]]
    form: re.Pattern[str]
    """What each string of a value looks like."""
    values: str
    """The same, for people."""
    meaning: str
    takes_bool: bool = False
    """Whether TOML's own true and false may stand for the words."""

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "FELLOE_" + re.sub("[-.]", "_", self.key.upper())

    @property
    def is_table(self) -> bool:
        """Whether its values are tables of lists."""
        return isinstance(self.default, Mapping)

    def read(self, value: object) -> tuple[Any, str]:
        """(the value, what is wrong with it); a string may stand for a list or a table.

        ``a;b`` is a list of two, ``torch=a,b;numpy=c`` a table of two lists.
        """
        if self.is_table:
            return self._read_table(value)
        if isinstance(self.default, tuple):
            return self._read_list(value, ";")
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) and self.takes_bool:
            value = str(value).lower()
        if not isinstance(value, str):
            return "", f"takes one string, not {value!r}"
        return value, self._malformed([value])

    def _read_list(self, value: object, separator: str) -> tuple[tuple[str, ...], str]:
        if isinstance(value, str):
            value = [part for part in value.split(separator) if part]
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            return (), f"takes a list of strings, not {value!r}"
        return tuple(value), self._malformed(value)

    def _read_table(self, value: object) -> tuple[dict[str, tuple[str, ...]], str]:
        if isinstance(value, str):
            pairs = [part.partition("=") for part in value.split(";") if part]
            if not all(name and listed for name, _, listed in pairs):
                return {}, f"takes NAME=GLOB,GLOB;NAME=GLOB, not {value!r}"
            value = {name: listed for name, _, listed in pairs}
        if not isinstance(value, Mapping):
            return {}, f"takes a table of lists, not {value!r}"
        table: dict[str, tuple[str, ...]] = {}
        for name, listed in value.items():
            table[name], problem = self._read_list(listed, ",")
            if problem:
                return {}, f"{name}: {problem}"
        return table, ""

    def _malformed(self, texts: list[str]) -> str:
        for text in texts:
            if not self.form.fullmatch(text):
                return f"{text!r} is not {self.values.replace('`', '')}"
        return ""


_ANY = re.compile(r".+")

OPTIONS = (
    Option(
        key="platform",
        default="auto",
        form=re.compile(
            r"auto|linux|pypi|(manylinux(1|2010|2014)|(many|musl)linux_\d+_\d+)(_[a-z]\w*)?"
        ),
        values='`"auto"`, `"linux"`, `"pypi"` or a policy such as `"manylinux_2_28"`',
        meaning=(
            "The platform tag to reach. `auto` writes the most portable tag that the binaries "
            "prove; `linux` claims nothing beyond this machine and copies no library; `pypi` "
            "wants a tag that PyPI accepts; a policy wants at least that one. In a manylinux or "
            "musllinux image the default is the image's own policy (`AUDITWHEEL_PLAT`)."
        ),
    ),
    Option(
        key="on-violation",
        default="degrade",
        form=re.compile(r"degrade|error"),
        values='`"degrade"` or `"error"`',
        meaning=(
            "What to do when the wanted tag cannot be proved: write the best true one and say "
            "why, or fail. Publishers want `error`; whoever only installs wants `degrade`."
        ),
    ),
    Option(
        key="strip",
        default="none",
        form=re.compile(r"none|debug|all"),
        values='`"none"`, `"debug"` or `"all"`',
        meaning=(
            "What to take out of the binaries, and of the libraries copied beside them, before "
            "they are patched: nothing, debugging information, or every symbol that is not "
            "needed to load them. Needs the `strip` of binutils."
        ),
    ),
    Option(
        key="libraries.exclude",
        default=(),
        form=_ANY,
        values="globs on a needed name or a path",
        meaning=(
            "Libraries that are expected on the user's machine and are not copied into the "
            "wheel, besides those of the platform policy. Driver libraries "
            "(`libcuda.so*`, `libnvidia-*`, …) never are, unless `include` names them."
        ),
    ),
    Option(
        key="libraries.include",
        default=(),
        form=_ANY,
        values="sonames",
        meaning=(
            "Libraries to copy although no binary needs them: those loaded at run time by "
            "`dlopen` or ctypes. They keep their names."
        ),
    ),
    Option(
        key="libraries.search",
        default=(),
        form=_ANY,
        values="directories",
        meaning="Where to look for needed libraries, before LD_LIBRARY_PATH and the system.",
    ),
    Option(
        key="libraries.provided-by",
        default={},
        form=_ANY,
        values="distribution = globs on a needed name",
        meaning=(
            'Libraries that another distribution installs: `{torch = ["libtorch*.so*"]}`. They '
            "are not copied; the binaries find them by a relative path, and the distribution "
            "must be among the project's `dependencies`."
        ),
    ),
    Option(
        key="target",
        default="auto",
        form=re.compile(r"auto|[a-z]\w*"),
        values="a platform tag, such as `manylinux_2_17_x86_64`",
        meaning=(
            "The platform to build for; `auto` is the running interpreter's. Another machine, "
            "another C library or an older glibc than this system's needs a toolchain for it."
        ),
    ),
    Option(
        key="toolchain",
        default="host",
        form=re.compile(r"host|zig"),
        values='`"host"` or `"zig"`',
        meaning=(
            "Which compilers build: those that CMake finds, or zig's, which reach every `target` "
            "from any machine. With `zig` the hooks ask for the `ziglang` wheel."
        ),
    ),
    Option(
        key="stdlib",
        default="libc++",
        form=re.compile(r"libc\+\+|libstdc\+\+"),
        values='`"libc++"` or `"libstdc++"`',
        meaning=(
            "The C++ standard library of zig's builds, linked statically. `libstdc++` comes "
            "from `sysroot`, and is the one for wheels whose libraries pass C++ objects or "
            "exceptions to one another."
        ),
    ),
    Option(
        key="sysroot",
        default="",
        form=_ANY,
        values="a directory",
        meaning="Where the headers and libraries of the target are, for what zig does not bring.",
    ),
    Option(
        key="cache",
        default="auto",
        form=re.compile(r"auto|true|false|1|0"),
        values='`true`, `false` or `"auto"`',
        takes_bool=True,
        meaning=(
            "Whether build environments and build trees are kept between builds. `auto` keeps "
            "them, except where `CI` is set and an sdist is built."
        ),
    ),
    Option(
        key="cache-dir",
        default="",
        form=_ANY,
        values="a directory",
        meaning="Where they are kept; the default is `felloe` in the user's cache directory.",
    ),
    Option(
        key="cache-limit",
        default="5GB",
        form=re.compile(r"\d+(\.\d+)?\s?(kB|MB|GB|TB)"),
        values="a size in kB, MB, GB or TB",
        meaning="How much is kept. What was not used for longest goes first.",
    ),
    Option(
        key="compiler-launcher",
        default="auto",
        form=_ANY,
        values='`"auto"`, `"none"` or a program',
        meaning=(
            "The compiler cache to run compilers through. `auto` takes `sccache` or `ccache` if "
            "it is installed and the project names no launcher itself."
        ),
    ),
)
