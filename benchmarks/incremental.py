"""What a second isolated build costs: felloe beside scikit-build-core and meson-python.

    python benchmarks/incremental.py [--runs N] [--units N] [--find-links DIRECTORY]

Each build is a new isolated environment of pypa/build, as `python -m build
--wheel` makes it; what is measured are the hooks alone, in CPU seconds (user +
system) of their processes and all their children. Others are given a
persistent build directory, the best that they offer; felloe is given nothing.

First table: examples/newton-basins, built from nothing and once more with
nothing changed. Second table: a project of --units translation units in C++,
of which one is touched. The backends take turns; medians of --runs.

--find-links is where the felloe to measure is, as a wheel; by default one is
made of this checkout.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

del sys.path[0]  # packaging.py is a benchmark here, and a library to `build`
from build import ProjectBuilder  # noqa: E402
from build.env import DefaultIsolatedEnv  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = {
    "felloe": ("felloe", "felloe"),
    "scikit-build-core": ("scikit-build-core", "scikit_build_core.build"),
    "meson-python": ("meson-python", "mesonpy"),
}
TARGET = 0.15
"""Of scikit-build-core's hooks, at most, for a second build with nothing changed."""

Times = dict[str, list[dict[str, float]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--find-links", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        prepare(base, options.find_links)
        print("examples/newton-basins: from nothing, and again", flush=True)
        projects = {name: copy_example(base, name) for name in list(BACKENDS)[:2]}
        found = measure(projects, base, options.runs, lambda _: None)
        print(render(found), flush=True)
        ratio = ratio_of(found, "second", "scikit-build-core")
        print(f"second build_wheel: {ratio:.3f} of scikit-build-core's (target: {TARGET})\n")
        print(f"{options.units} translation units: from nothing, and with one touched", flush=True)
        projects = {name: generate(base, name, options.units) for name in BACKENDS}
        found = measure(projects, base, options.runs, touch)
        print(render(found))
        for other in list(BACKENDS)[1:]:
            print(f"second build_wheel: {ratio_of(found, 'second', other):.3f} of {other}'s")


def prepare(base: Path, find_links: Path | None) -> None:
    """Return the environment of a build: this felloe, an own cache, and no compiler cache."""
    if find_links is None:
        find_links = base / "wheelhouse"
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", find_links, ROOT]
        subprocess.run(command, check=True)
    os.environ["PIP_FIND_LINKS"] = str(find_links.resolve())
    os.environ["FELLOE_CACHE_DIR"] = str(base / "cache")
    # A compiler cache would compile at nobody's cost; Meson takes one that it finds, too.
    os.environ |= {"CC": "cc", "CXX": "c++", "FELLOE_COMPILER_LAUNCHER": "none"}


def copy_example(base: Path, name: str) -> Path:
    """examples/newton-basins for a backend."""
    place = base / f"newton-{name}"
    for folder in ("cpp", "examples/newton-basins"):
        shutil.copytree(ROOT / folder, place / folder)
    for file in ("CMakeLists.txt", "LICENSE"):
        shutil.copy(ROOT / file, place / file)
    project = place / "examples" / "newton-basins"
    path = project / "pyproject.toml"
    text = path.read_text().replace('"felloe", ', "" if name != "felloe" else '"felloe", ')
    path.write_text(text.replace('"felloe"\n', f'"{BACKENDS[name][1]}"\n'))
    return project


UNIT = """\
#include <algorithm>
#include <string>
#include <vector>
#include "number.h"
int unit_{n}(std::vector<std::string> words)
{{
    std::sort(words.begin(), words.end());
    return NUMBER + {n} + static_cast<int>(words.size());
}}
"""
MODULE = """\
#include <Python.h>
#include <string>
#include <vector>
{declarations}
static PyObject *ask(PyObject *, PyObject *)
{{
    long sum = 0;
    {calls}
    return PyLong_FromLong(sum);
}}
static PyMethodDef methods[] = {{{{"ask", ask, METH_NOARGS, nullptr}}, {{}}}};
static PyModuleDef definition = {{PyModuleDef_HEAD_INIT, "many", nullptr, -1, methods}};
PyMODINIT_FUNC PyInit_many() {{ return PyModule_Create(&definition); }}
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.15...3.31)
project(many LANGUAGES CXX)
find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)
file(GLOB units CONFIGURE_DEPENDS unit_*.cpp)
Python_add_library(many MODULE WITH_SOABI many.cpp ${units})
install(TARGETS many LIBRARY DESTINATION .)
"""
MESON = """\
project('many', 'cpp', version: '1.0', default_options: ['buildtype=release'])
python = import('python').find_installation(pure: false)
python.extension_module('many', 'many.cpp', {units}, install: true)
"""


def generate(base: Path, name: str, units: int) -> Path:
    """Write a project of many source files for a backend."""
    place = base / f"many-{name}"
    place.mkdir()
    numbers = range(units - 1)
    for n in numbers:
        (place / f"unit_{n}.cpp").write_text(UNIT.format(n=n))
    (place / "number.h").write_text("#define NUMBER 1\n")
    declarations = "\n".join(f"int unit_{n}(std::vector<std::string> words);" for n in numbers)
    calls = "\n".join(f"sum += unit_{n}({{}});" for n in numbers)
    (place / "many.cpp").write_text(MODULE.format(declarations=declarations, calls=calls))
    listed = ", ".join(f"'unit_{n}.cpp'" for n in numbers)
    (place / "CMakeLists.txt").write_text(CMAKE)
    (place / "meson.build").write_text(MESON.format(units=listed))
    requires, backend = BACKENDS[name]
    (place / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n'
        '[project]\nname = "many"\nversion = "1.0"\n'
    )
    if name == "meson-python":  # it packs what git knows, and asks git
        subprocess.run(["git", "init", "-q", place], check=True)  # noqa: S607 - the one on PATH
    return place


def touch(project: Path) -> None:
    """Change one unit."""
    with (project / "unit_7.cpp").open("a") as file:
        file.write(f"// {time.time_ns()}\n")


def measure(projects: dict[str, Path], base: Path, runs: int, change: object) -> dict[str, Times]:
    """Backend -> ``first`` and ``second`` -> the hooks' CPU seconds of each run."""
    found: dict[str, Times] = {name: {"first": [], "second": []} for name in projects}
    for _ in range(runs):
        for name, project in projects.items():
            shutil.rmtree(base / "cache", ignore_errors=True)
            shutil.rmtree(base / f"tree-{name}", ignore_errors=True)
            (base / f"tree-{name}").mkdir()
            config = {} if name == "felloe" else {"build-dir": str(base / f"tree-{name}")}
            found[name]["first"].append(build(project, config))
            change(project)  # type: ignore[operator]
            found[name]["second"].append(build(project, config))
    return found


def build(project: Path, config: dict[str, str]) -> dict[str, float]:
    """One isolated build: hook -> CPU seconds."""
    spent: dict[str, float] = {}
    with contextlib.redirect_stdout(io.StringIO()), DefaultIsolatedEnv() as env:
        builder = ProjectBuilder.from_isolated_env(env, project, runner=run_quietly)
        env.install(builder.build_system_requires)
        env.install(
            timed(spent, "requires", lambda: builder.get_requires_for_build("wheel", config))
        )
        with tempfile.TemporaryDirectory() as out:
            timed(spent, "metadata", lambda: builder.prepare("wheel", out, config))
            timed(spent, "build_wheel", lambda: builder.build("wheel", out, config))
    return spent


def run_quietly(cmd: object, cwd: object = None, extra_environ: object = None) -> None:
    environ = {**os.environ, **(extra_environ or {})}  # type: ignore[dict-item]
    subprocess.run(  # type: ignore[call-overload]
        cmd, cwd=cwd, env=environ, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def timed(spent: dict[str, float], name: str, call: object) -> object:
    """Call, and note the CPU seconds of the processes that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    value = call()  # type: ignore[operator]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent[name] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return value


def median_of(found: dict[str, Times], backend: str, build_: str, hook: str) -> float:
    return statistics.median(run[hook] for run in found[backend][build_])


def ratio_of(found: dict[str, Times], build_: str, other: str) -> float:
    """felloe's ``build_wheel`` as a part of another's."""
    ours = median_of(found, "felloe", build_, "build_wheel")
    return ours / median_of(found, other, build_, "build_wheel")


def render(found: dict[str, Times]) -> str:
    lines = [f"{'':20}" + "".join(f"{name:>20}" for name in found)]
    for build_ in ("first", "second"):
        for hook in ("requires", "metadata", "build_wheel"):
            row = "".join(f"{median_of(found, name, build_, hook):20.2f}" for name in found)
            lines.append(f"{build_ + ' ' + hook:20}{row}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
