"""Find the Python interpreters of this machine and ask each for its facts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from felloe.errors import UsageError
from felloe.python.interpreter import Interpreter
from felloe.python.registry import list_registered

_PROGRAM = re.compile(r"(python|pypy|graalpy)(\d(\.\d+)?t?)?(\.exe)?")
_PATIENCE = 30
"""Seconds after which an interpreter that does not answer is ignored."""

_ASK = r"""
import importlib.util, json, struct, sys, sysconfig
variables = sysconfig.get_config_vars()
flags = getattr(sys, "abiflags", "")
if int(str(variables.get("Py_GIL_DISABLED") or 0)) and "t" not in flags:
    flags = "t" + flags
platform = sysconfig.get_platform()
if struct.calcsize("P") == 4:
    narrow = {"linux-x86_64": "linux-i686", "linux-aarch64": "linux-armv7l"}
    platform = narrow.get(platform, platform)
names = ("HOST_GNU_TYPE", "MULTIARCH", "EXT_SUFFIX")
hints = "".join(str(variables.get(name) or "") for name in names)
print(json.dumps({
    "implementation": sys.implementation.name,
    "version": sys.version_info[:3],
    "flags": "".join(flag for flag in flags if flag in "td"),
    "soabi": variables.get("SOABI") or "",
    "platform": platform.lower().replace("-", "_").replace(".", "_"),
    "libc": ("musl" if "musl" in hints else "glibc") if platform.startswith("linux") else "",
    "has_pip": importlib.util.find_spec("pip") is not None,
}))
"""


@dataclass(frozen=True)
class Candidate:
    """A program that may be an interpreter."""

    path: Path
    source: str


def find_interpreters(
    named: Iterable[str], running: Path, environ: Mapping[str, str]
) -> tuple[Interpreter, ...]:
    """Return the interpreters at given paths and in the usual places.

    The order is: given paths, ``/opt/python`` (manylinux images), pyenv, the
    Windows registry, uv, ``PATH``, the running interpreter. In each place the newest comes first.
    Raise :class:`UsageError` for a given path that does not run.
    """
    chosen = [Candidate(Path(word), word) for word in named]
    usual = _once([*_candidates(environ), Candidate(running, "running felloe")])
    candidates = [*chosen, *usual]
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(lambda item: _ask(item, environ), candidates))
    silent = [item.source for item, answer in zip(candidates, answers) if answer is None]
    wrong = sorted({item.source for item in chosen} & set(silent))
    if wrong:
        raise UsageError(
            f"{', '.join(wrong)} does not run as a Python interpreter",
            hint="give the path of the program itself, such as /usr/bin/python3.13",
        )
    found = [answer for answer in answers if answer is not None]
    order = list(dict.fromkeys(item.source for item in found))
    # In each place the newest patch release comes first and represents its tag.
    newest = sorted(found, key=lambda item: item.version, reverse=True)
    return tuple(sorted(newest, key=lambda item: order.index(item.source)))


def _once(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yield the candidates that exist, each once: images have several links to one program."""
    seen = set()
    for item in candidates:
        with suppress(OSError):  # no permission
            environment = item.path.parent.parent / "pyvenv.cfg"
            # A virtual environment's interpreter is a link, but not the same interpreter.
            key = environment if environment.exists() else item.path.resolve()
            if key not in seen and item.path.is_file():
                seen.add(key)
                yield item


def _candidates(environ: Mapping[str, str]) -> Iterator[Candidate]:
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or ".")
    yield from _installed(Path("/opt/python"), "/opt/python")
    pyenv = Path(environ.get("PYENV_ROOT") or environ.get("PYENV") or home / ".pyenv")
    for versions in (pyenv / "versions", pyenv / "pyenv-win" / "versions"):
        yield from _installed(versions, "pyenv")
    yield from (Candidate(path, "registry") for path in list_registered())
    managed = _uv_directory(environ)
    if managed is not None:
        yield from _installed(managed, "uv")
    for directory in map(Path, filter(None, environ.get("PATH", "").split(_separator(environ)))):
        # pyenv's shims are scripts that refuse versions which are not selected.
        if directory.name != "shims":
            programs = (path for path in _list(directory) if _PROGRAM.fullmatch(path.name))
            yield from (Candidate(path, "PATH") for path in programs)


def _separator(environ: Mapping[str, str]) -> str:
    return ";" if "SYSTEMROOT" in environ else ":"


def _installed(versions: Path, source: str) -> Iterator[Candidate]:
    """Yield the interpreter of each directory in ``versions``."""
    for directory in _list(versions):
        with suppress(OSError):
            for name in ("bin/python3", "bin/pypy3", "bin/graalpy", "bin/python", "python.exe"):
                if (directory / name).is_file():
                    yield Candidate(directory / name, source)
                    break


def _list(directory: Path) -> list[Path]:
    """Return the sorted entries of a directory; nothing if it cannot be read."""
    try:
        return sorted(directory.iterdir(), key=lambda path: path.name)
    except OSError:
        return []


def _uv_directory(environ: Mapping[str, str]) -> Path | None:
    program = shutil.which("uv", path=environ.get("PATH"))
    if program is None:
        return None
    done = _run([program, "python", "dir"], environ)
    return Path(done.strip()) if done and done.strip() else None


def _ask(candidate: Candidate, environ: Mapping[str, str]) -> Interpreter | None:
    answer = _run([str(candidate.path), "-I", "-c", _ASK], environ)
    try:
        facts = json.loads(answer or "")
        return Interpreter(
            path=candidate.path.absolute(),
            implementation=str(facts["implementation"]),
            version=(facts["version"][0], facts["version"][1], facts["version"][2]),
            flags=str(facts["flags"]),
            soabi=str(facts["soabi"]),
            platform=str(facts["platform"]),
            libc=str(facts["libc"]),
            source=candidate.source,
            has_pip=bool(facts["has_pip"]),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _run(command: list[str], environ: Mapping[str, str]) -> str | None:
    """Return the output of a program; None if it fails."""
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
