"""A Python of another system, and how to install wheels for it and run code in it."""

from __future__ import annotations

import functools
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pip
import pytest
from support.process import run
from support.stored import make_once

# Runs code that sets `answer`; says it, and which ELF files the process has mapped.
_DRIVER = """
import json, sys
names = {"__name__": "__main__", "arguments": json.loads(sys.argv[2])}
exec(compile(sys.argv[1], "<question>", "exec"), names)
mapped = set()
for line in open("/proc/self/maps"):
    words = line.rstrip("\\n").split(None, 5)
    if len(words) == 6 and words[5].startswith("/"):
        with open(words[5], "rb") as file:
            if file.read(4) == b"\\x7fELF":
                mapped.add(words[5])
print("\\n" + json.dumps([names["answer"], sorted(mapped)]))
"""

_TAGS = """
import packaging.tags
answer = [str(tag) for tag in packaging.tags.sys_tags()]
"""


@dataclass(frozen=True)
class System:
    """An interpreter whose C library, loader and libraries are its own."""

    name: str
    launcher: tuple[str, ...]
    """The command that starts it."""
    homes: tuple[Path, ...]
    """Where everything it maps has to be, apart from what is installed for a test."""
    libraries: tuple[Path, ...] = ()
    """Where its own libraries are, if its loader would look at this machine's instead."""
    own_pip: bool = False
    """Whether to install with the pip of the system: it is too old for a current one."""
    has_numpy: bool = True
    """Whether there are wheels of numpy for it."""

    def python(self, *words, path=(), cwd=None, env=None, check=True):
        """Run its Python; ``path`` is put on ``sys.path``."""
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
        environ = {
            **kept,
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONNOUSERSITE": "1",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **(env or {}),
        }
        return run(*self.launcher, *words, env=environ, cwd=cwd, check=check)

    def ask(self, code, *arguments, path=(), cwd=None):
        """What ``code`` sets as ``answer``, JSON. It finds ``arguments`` as a list.

        Fails if the process has any ELF file of this machine mapped: a library that is missing
        there would be found here, and nothing were shown.
        """
        words = ("-c", _DRIVER, code, json.dumps(arguments, default=str))
        # The interpreter's own search path does not hold for an object with a DT_RUNPATH.
        own = {"LD_LIBRARY_PATH": os.pathsep.join(map(str, self.libraries))}
        done = self.python(*words, path=path, cwd=cwd, env=own if self.libraries else None)
        answer, mapped = json.loads(done.stdout.splitlines()[-1])
        homes = (Path(place).resolve() for place in (*self.homes, *path))
        allowed = [f"{str(home).rstrip(os.sep)}{os.sep}" for home in homes]
        strays = [name for name in mapped if not name.startswith(tuple(allowed))]
        assert mapped, "the driver saw no file"
        assert not strays, f"{self.name} mapped files of this machine: {strays}"
        return answer

    def tags(self):
        """What it would install, best first, as ``packaging.tags`` says when run in it."""
        return _tags(self)

    def install(self, wheel, place, *, check=True):
        """Have pip, run by this Python, unpack a wheel; pip holds its tags against its own."""
        by = ("-m", "pip") if self.own_pip else (Path(pip.__file__).parent,)
        words = (
            "install",
            "--isolated",
            "--no-index",
            "--no-deps",
            "--no-compile",
            "--target",
            place,
            wheel,
        )
        return self.python(*by, *words, check=check)

    def build(self, project, place, environ):
        """The wheel that ``pip wheel`` makes of a project, in isolation, run by this Python.

        The compiler is this machine's, the headers are the interpreter's own.
        """
        mine = {key: value for key, value in environ.items() if not key.startswith("PYTHON")}
        words = ("wheel", "--no-deps", "-w", place, project)
        env = {**mine, "CPATH": str(self.headers())}
        self.python(Path(pip.__file__).parent, *words, cwd=place, env=env)
        (wheel,) = place.glob("*.whl")
        return wheel

    def headers(self):
        """For compilers to search: Debian's headers include one by the name of its machine."""
        return make_once(f"headers-{self.name}", self.homes, self._link_headers)

    def _link_headers(self, part, _place):
        for home in self.homes:
            machine = home / "usr" / "include" / "x86_64-linux-gnu"
            if machine.exists():
                (part / machine.name).symlink_to(machine)

    def numpy(self):
        """A directory that has numpy for it."""
        if not self.has_numpy:
            pytest.fail(f"no wheel of numpy exists for {self.name}")
        return _numpy(self)


@functools.cache
def _tags(system):
    return tuple(system.ask(_TAGS, path=(_packaging(system),)))


def _packaging(system):
    """A wheel of the newest ``packaging`` for a system's Python: the one here may be too new."""
    version = system.ask("import sys; answer = '%d.%d' % sys.version_info[:2]")

    def make(part, _place):
        words = ("download", "-q", "--no-deps", "--only-binary", ":all:", "-d", part)
        run(sys.executable, "-m", "pip", *words, "--python-version", version, "packaging")

    (wheel,) = make_once(f"packaging-{version}", version, make).glob("*.whl")
    return wheel


def download(system, place, *packages):
    """Fetch the newest wheels an index has for a system's tags."""
    best = system.tags()[0].split("-")
    platforms = {tag.split("-")[2] for tag in system.tags()}
    version = "".join(character for character in best[0] if character.isdigit())
    words = ["--no-deps", "--only-binary", ":all:", "--implementation", best[0][:2]]
    words += ["--python-version", f"{version[0]}.{version[1:]}", "--dest", place]
    for abi in sorted({best[1], "none"}):
        words += ["--abi", abi]
    for platform in sorted(platforms):
        words += ["--platform", platform]
    run(sys.executable, "-m", "pip", "download", "-q", *words, *packages)
    return sorted(place.glob("*.whl"))


def _numpy(system):
    def make(part, _place):
        (wheel,) = download(system, part / "download", "numpy")
        system.install(wheel, part)
        wheel.unlink()

    return make_once(f"numpy-{system.name}", system.tags()[0], make)
