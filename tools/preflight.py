"""Check, and as root install, what the README's two commands need; run their steps with progress.

Used by ``examples/demo.py`` and ``tests/run.py``, which run in a plain checkout with any
``python3``. The three files keep to the syntax of Python 3.6, so that an older Python than felloe
supports reports its version instead of a syntax error.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

OLDEST = (3, 9)
HEARTBEAT = 4  # seconds


class Manager(NamedTuple):
    """A package manager, and the packages that hold the parts."""

    install: "tuple[str, ...]"
    packages: "dict[str, str]"
    update: "tuple[str, ...]" = ()


MANAGERS = {
    "apt-get": Manager(
        ("apt-get", "install", "-y"),
        {"compiler": "g++", "headers": "python3-dev", "venv": "python3-venv"},
        ("apt-get", "update"),
    ),
    "dnf": Manager(
        ("dnf", "install", "-y"),
        {"compiler": "gcc-c++", "headers": "python3-devel", "venv": "python3-libs"},
    ),
    "apk": Manager(
        ("apk", "add"), {"compiler": "g++", "headers": "python3-dev", "venv": "python3"}
    ),
}
NAMES = {
    "compiler": "a C++ compiler",
    "headers": "the headers of Python (Python.h)",
    "venv": "Python's venv module with pip",
}


def prepare() -> None:
    """End with one sentence unless this machine has what both commands need."""
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        running = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"felloe needs Python {wanted} or later; {sys.executable} is Python {running}.")
    missing = find_missing()
    if missing:
        _install(missing)
        missing = find_missing()
    if missing:
        sys.exit(describe(missing))


def find_missing() -> "list[str]":
    """Return the missing parts: some of ``compiler``, ``headers``, ``venv``."""
    checks = {"compiler": _has_compiler, "headers": _has_headers, "venv": _has_venv}
    return [part for part, is_there in checks.items() if not is_there()]


def describe(missing: "list[str]") -> str:
    """Return one sentence: what is missing, and the command that installs it."""
    names = " and ".join(NAMES[part] for part in missing)
    verb = "is" if missing in (["compiler"], ["venv"]) else "are"
    return f"{names[0].upper()}{names[1:]} {verb} missing. {_find_remedy(missing)}"


def _find_remedy(missing: "list[str]") -> str:
    if sys.platform == "darwin":
        return "Run: xcode-select --install"
    if os.name == "nt":
        return "Install Visual Studio Build Tools (C++) and Python from python.org."
    manager = _find_manager()
    if manager is None or not _is_system_python(missing):
        return f"Install them for {sys.executable}, then run this command again."
    become = "" if os.geteuid() == 0 else "sudo "
    return f"Run: {become}{' '.join([*manager.install, *_list_packages(manager, missing)])}"


def _has_compiler() -> bool:
    if os.name == "nt":
        return True  # CMake finds Visual Studio, which is not on the path
    names = [*os.environ.get("CXX", "").split()[:1], "c++", "g++", "clang++"]
    if not any(map(shutil.which, names)):
        return False
    if sys.platform == "darwin":  # /usr/bin/c++ is there without the tools, and asks for them
        return subprocess.call(["/usr/bin/xcode-select", "-p"], stdout=subprocess.DEVNULL) == 0
    return True


def _has_headers() -> bool:
    return any(
        Path(path, "Python.h").exists()
        for path in {sysconfig.get_path("include"), sysconfig.get_path("platinclude")}
    )


def _has_venv() -> bool:
    """Return whether ``python3 -m venv`` would work; Debian leaves out ensurepip."""
    code = "import venv, ensurepip; ensurepip.version()"
    done = subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _find_manager() -> "Manager | None":
    return next((MANAGERS[name] for name in MANAGERS if shutil.which(name)), None)


def _is_system_python(missing: "list[str]") -> bool:
    """Return whether the system's packages can provide the missing parts for this Python."""
    return missing == ["compiler"] or sys.base_prefix == "/usr"


def _list_packages(manager: Manager, missing: "list[str]") -> "list[str]":
    packages = [manager.packages[part] for part in missing]
    system = os.path.realpath("/usr/bin/python3")
    running = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    if manager is MANAGERS["apt-get"] and running != system:  # one of several Pythons
        version = ".".join(map(str, sys.version_info[:2]))
        packages = [word.replace("python3-", f"python{version}-") for word in packages]
    return packages


def _install(missing: "list[str]") -> None:
    """As root, install what is missing with the system's package manager, and say so."""
    manager = _find_manager()
    if os.name == "nt" or manager is None or os.geteuid() != 0 or not _is_system_python(missing):
        return
    packages = _list_packages(manager, missing)
    print(f"{describe(missing)}\nInstalling as root: {' '.join(packages)}", flush=True)
    environ = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if manager.update and run(manager.update, environ, check=False):
        print("The list of packages could not be updated.", flush=True)
    run([*manager.install, *packages], environ, check=False)


def make_environment(place: Path) -> Path:
    """Make a virtual environment with pip, unless a working one is there; return its Python."""
    programs = "Scripts" if os.name == "nt" else "bin"
    python = Path(place) / programs / ("python.exe" if os.name == "nt" else "python")
    version = "import pip, sys; print(sys.version_info[:2])"
    found = ""
    if python.exists():
        command = [str(python), "-c", version]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        found = done.stdout.decode().strip()
    if found != str(sys.version_info[:2]) and run(
        [sys.executable, "-m", "venv", "--clear", place], check=False
    ):
        sys.exit(describe(["venv"]))
    return python


def run(
    command: "Sequence[str | Path]", environ: "dict[str, str] | None" = None, *, check: bool = True
) -> int:
    """Run a program; print its last line every few seconds, and everything if it fails."""
    words = [str(word) for word in command]
    print(f"+ {' '.join(_shorten(word) for word in words)}", flush=True)
    process = subprocess.Popen(
        words,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: "list[str]" = []  # noqa: UP037 - read by Python 3.6
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    start = time.monotonic()
    while True:
        reader.join(HEARTBEAT)
        if not reader.is_alive():
            break
        last = lines[-1] if lines else "started"
        print(f"  [{time.monotonic() - start:3.0f} s] {last[:100]}", flush=True)
    code = process.wait()
    if code:
        print("\n".join(lines), flush=True)
    if code and check:
        sys.exit(f"{_shorten(words[0])} failed with exit code {code}; its output is above.")
    return code


def _read(stream: "IO[bytes]", lines: "list[str]") -> None:
    for line in iter(stream.readline, b""):
        text = line.decode(errors="replace").strip()
        if text:
            lines.append(text)


def _shorten(word: str) -> str:
    """Return a word of a command with paths below the working directory made relative."""
    return word.replace(f"{Path.cwd()}{os.sep}", "")
