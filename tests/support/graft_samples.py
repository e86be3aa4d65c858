"""Libraries, modules and programs compiled on the spot, and wheels packed from them."""

# ruff: noqa: PLR0913 - what can be said of a wheel are its arguments

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

from felloe.audit.policy.family import read_policies
from support.paths import PROJECTS

MACHINE = platform.machine()
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
TAG = "cp{0}{1}-cp{0}{1}".format(*sys.version_info[:2])
LINUX = f"linux_{MACHINE}"
FAMILY = read_policies()["manylinux", MACHINE]
OLDEST = ".".join(FAMILY.policies[0].platforms(MACHINE))
"""The platform of a wheel whose objects need nothing special."""

_MODULE = """
#include <Python.h>
%(code)s
static PyObject *value(PyObject *self, PyObject *unused) {
  return PyLong_FromLong(%(value)s);
}
static PyMethodDef methods[] = {{"value", value, METH_NOARGS, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "%(name)s", 0, -1, methods};
PyMODINIT_FUNC PyInit_%(name)s(void) { return PyModule_Create(&definition); }
"""

_ASK = """
import importlib, json, sys
sys.path[:0] = sys.argv[1].split(":")
values = [importlib.import_module(name).value() for name in sys.argv[2:]]
mapped = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if ".so" in line}
print(json.dumps([values, sorted(mapped)]))
"""


class Seen(NamedTuple):
    """What a process said that imported modules."""

    values: list
    mapped: list
    """The files of all shared objects in it."""

    def named(self, stem):
        """Those whose file name begins so."""
        return [path for path in self.mapped if Path(path).name.startswith(stem)]


class Done(NamedTuple):
    """What ``felloe repair`` did."""

    exit_code: int
    output: str
    errors: str
    wheels: list
    """What it wrote."""

    @property
    def wheel(self):
        """The only wheel."""
        assert len(self.wheels) == 1, self.output + self.errors
        return self.wheels[0]


class Forge:
    """Makes things in one directory, ``lib`` of which stands for the build machine."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.lib = place / "lib"
        self.lib.mkdir(exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_STEERING)}
        self.environ = kept

    def compile(self, made: Path, code: str, *flags, compiler="gcc") -> Path:
        """One shared object, or whatever the flags say."""
        made.parent.mkdir(parents=True, exist_ok=True)
        source = made.with_name(made.name + (".c" if compiler == "gcc" else ".cpp"))
        source.write_text(code)
        command = [compiler, "-O1", "-w", "-fPIC", source, "-o", made, *flags]
        done = subprocess.run(list(map(str, command)), check=False, text=True, capture_output=True)
        assert done.returncode == 0, done.stderr
        source.unlink()
        return made

    def library(self, name: str, code: str, *flags, at=None, soname=None, compiler="gcc") -> Path:
        """A shared library of the build machine; ``soname=""`` for one without."""
        soname = name if soname is None else soname
        named = [f"-Wl,-soname,{soname}"] if soname else []
        made = (at or self.lib) / name
        return self.compile(made, code, "-shared", *named, *flags, compiler=compiler)

    def module(self, name: str, value: str, *flags, code=None, rpath="", compiler="gcc") -> bytes:
        """An extension module whose ``value()`` is a C expression."""
        declared = "".join(f"int {f}(void);\n" for f in re.findall(r"(\w+)\(\)", value))
        code = declared if code is None else code
        text = _MODULE % {"name": name, "code": code, "value": value}
        include = f"-I{sysconfig.get_path('include')}"
        made = self.place / "modules" / f"{name}{SUFFIX}"
        path = [f"-Wl,-rpath,{rpath}"] if rpath else []
        self.compile(made, text, "-shared", include, *flags, *path, compiler=compiler)
        data = made.read_bytes()
        made.unlink()
        return data

    def program(self, code: str, *flags) -> bytes:
        """A program."""
        made = self.compile(self.place / "programs" / "made", code, *flags)
        return made.read_bytes()

    def pack(self, name: str, files, *, tag=f"{TAG}-{LINUX}", metadata="", at="given", mode=0o755):
        """A wheel of files, as another backend would make it."""
        info = f"{name}-1.0.dist-info"
        pure = str(tag.endswith("-any")).lower()
        members = {path: text.encode() if isinstance(text, str) else text for path, text in files}
        members[f"{info}/METADATA"] = (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{metadata}"
        ).encode()
        members[f"{info}/WHEEL"] = (
            f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
        ).encode()
        members[f"{info}/RECORD"] = _record(members, f"{info}/RECORD")
        directory = self.place / at
        directory.mkdir(exist_ok=True)
        path = directory / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                entry = zipfile.ZipInfo(member)
                entry.external_attr = (mode if data.startswith(b"\x7fELF") else 0o644) << 16
                archive.writestr(entry, data)
        return path

    def repair(self, *arguments, env=None, to="out") -> Done:
        """``felloe repair``, which looks for libraries in :attr:`lib` as the loader would."""
        out = self.place / to
        before = {path: path.stat().st_mtime_ns for path in out.glob("*")} if out.is_dir() else {}
        command = [sys.executable, "-m", "felloe", "repair", "-w", out, *arguments]
        done = subprocess.run(
            list(map(str, command)),
            env={**self.environ, "LD_LIBRARY_PATH": str(self.lib), **(env or {})},
            check=False,
            text=True,
            capture_output=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        after = sorted(out.glob("*")) if out.is_dir() else []
        written = [path for path in after if before.get(path) != path.stat().st_mtime_ns]
        return Done(done.returncode, done.stdout, done.stderr, written)

    def repaired(self, name: str, files, *arguments, env=None, **facts) -> Path:
        """Pack a wheel and repair it; it must succeed."""
        done = self.repair(self.pack(name, files, **facts), *arguments, env=env)
        assert done.exit_code == 0, done.output + done.errors
        return done.wheel

    def install(self, *wheels, to="site") -> Path:
        """Have pip install wheels below ``to``; the build machine's libraries are gone then."""
        site = self.place / to
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index"]
        command += ["--no-compile", "--disable-pip-version-check", "--target", site, *wheels]
        done = subprocess.run(
            list(map(str, command)), env=self.environ, check=False, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        if self.lib.exists():
            self.lib.rename(self.place / "lib-is-gone")
        return site

    def ask(self, site, *modules, env=None) -> Seen:
        """Import modules in a new process, and call their functions."""
        command = [sys.executable, "-I", "-c", _ASK, str(site), *modules]
        environ = {key: v for key, v in self.environ.items() if key != "LD_LIBRARY_PATH"}
        done = subprocess.run(
            command, env={**environ, **(env or {})}, check=False, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return Seen(*json.loads(done.stdout))


_STEERING = ("FELLOE_", "AUDITWHEEL_", "LD_LIBRARY_PATH", "PIP_", "SOURCE_DATE_EPOCH", "STRIP")


def build_many(forge: Forge) -> bytes:
    """The module of tests/projects/graft_many."""
    libraries = ("hdf5", "openblas", "libcurl")
    command = ["pkg-config", "--cflags", "--libs", *libraries]
    found = subprocess.run(command, check=True, text=True, capture_output=True)
    source = PROJECTS / "graft_many" / "many.c"
    include = f"-I{sysconfig.get_path('include')}"
    flags = ("-shared", include, *found.stdout.split())
    return forge.compile(forge.place / "many.so", source.read_text(), *flags).read_bytes()


def _record(members, record):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        writer.writerow((name, f"sha256={digest}", len(data)))
    writer.writerow((record, "", ""))
    return text.getvalue().encode()


class Dynamic(NamedTuple):
    """The dynamic section, as readelf shows it."""

    needed: list
    soname: str
    rpath: str
    runpath: str
    version_files: list
    """The libraries that versions are needed of."""


def read_dynamic(data: bytes, scratch: Path) -> Dynamic:
    """Ask readelf: what felloe wrote is not judged by felloe's own reader."""
    path = scratch / "object-to-read"
    path.write_bytes(data)
    done = subprocess.run(
        ["readelf", "-dVW", str(path)], check=True, text=True, capture_output=True
    )
    entries = re.findall(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*?\[(.*)\]", done.stdout)
    found: dict[str, list[str]] = {"NEEDED": [], "SONAME": [], "RPATH": [], "RUNPATH": []}
    for tag, value in entries:
        found[tag].append(value)
    one = {tag: values[0] if values else "" for tag, values in found.items()}
    files = re.findall(r"Version: \d+  File: (\S+)", done.stdout)
    return Dynamic(found["NEEDED"], one["SONAME"], one["RPATH"], one["RUNPATH"], files)


def unpack(wheel: Path) -> dict:
    """Member -> content."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def dynamic_of(wheel: Path, member: str, scratch: Path) -> Dynamic:
    """Of the only member whose name matches from its beginning on."""
    (name,) = [name for name in unpack(wheel) if re.match(member, name)]
    return read_dynamic(unpack(wheel)[name], scratch)


def libraries_of(wheel: Path) -> list:
    """The file names of what was copied, without their hashes."""
    names = (re.fullmatch(r"[^/]+\.libs/(.+)", name) for name in unpack(wheel))
    return sorted(re.sub(r"-[0-9a-f]{8}(?=\.|$)", "", name[1]) for name in names if name)


def platforms_of(wheel: Path) -> str:
    """The platform part of a wheel's name."""
    return wheel.name[: -len(".whl")].split("-")[-1]


@functools.lru_cache
def module_file(name: str) -> str:
    """The file name of a module."""
    return f"{name}{SUFFIX}"


def rpath_of(wheel, member, scratch):
    return dynamic_of(wheel, member, scratch).rpath


ADD_PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
int add(int, int);
int main(int count, char **words) {
  if (count != 3) return 64;
  printf("%d\\n", add(atoi(words[1]), atoi(words[2])));
  return 3;
}
"""
