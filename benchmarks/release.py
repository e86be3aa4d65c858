"""A release of several wheels: felloe build against a loop of pip wheel and auditwheel repair.

    python benchmarks/release.py [--python 3.9 3.13 …] [PROJECT …]

The loop builds the same sources with scikit-build-core alone, one interpreter
after another (the first alone where the wheel is for all: abi3), and repairs
each wheel, as release scripts do. `felloe build` is
timed from a cold cache of its own, then without the wheels it made (caches
warm), then with one source changed, then with nothing missing. Downloads are
warm for both. Wall and CPU seconds of each, and the ratio of wall to the loop's.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = ("newton-basins", "newton-abi3")
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("projects", nargs="*", default=PROJECTS)
    parser.add_argument("--python", nargs="+", default=VERSIONS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        wheelhouse = Path(scratch) / "wheelhouse"
        pip = (sys.executable, "-m", "pip")
        subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", wheelhouse, ROOT], check=True)
        total: dict[str, tuple[float, float]] = {}
        for name in options.projects:
            with tempfile.TemporaryDirectory() as place:
                found = measure(name, options.python, Path(place), wheelhouse)
            show(name, found)
            for label, (wall, cpu) in found.items():
                before = total.get(label, (0.0, 0.0))
                total[label] = (before[0] + wall, before[1] + cpu)
        show("all of it", total)


def show(name: str, found: dict[str, tuple[float, float]]) -> None:
    print(f"{name:22} {'wall s':>8} {'CPU s':>8} {'ratio':>6}")
    for label, (wall, cpu) in found.items():
        print(f"  {label:20} {wall:8.1f} {cpu:8.1f} {wall / found['loop'][0]:6.2f}")


def measure(
    name: str, versions: list[str], place: Path, wheelhouse: Path
) -> dict[str, tuple[float, float]]:
    for folder in ("cpp", f"examples/{name}"):
        shutil.copytree(ROOT / folder, place / folder)
    environ = {
        **os.environ,
        "PIP_FIND_LINKS": f"{os.environ.get('PIP_FIND_LINKS', '')} {wheelhouse}".strip(),
        "UV_FIND_LINKS": str(wheelhouse),
        "XDG_CACHE_HOME": str(place / "cache"),
        "UV_CACHE_DIR": output("uv", "cache", "dir"),
        "PIP_CACHE_DIR": output(sys.executable, "-m", "pip", "cache", "dir"),
    }
    environ.pop("CI", None)
    build = Build(place, environ, versions, place / "examples" / name)
    # What is downloaded once is not what is measured.
    build.felloe("--python", versions[0])
    build.forget()
    build.loop(build.interpreters()[:1])
    is_abi3 = "py-api" in (build.project / "pyproject.toml").read_text()
    looped = build.interpreters()[:1] if is_abi3 else build.interpreters()
    found = {"loop": timed(lambda: build.loop(looped))}
    found["felloe build, cold"] = timed(build.felloe)
    build.forget(caches=False)
    found["caches warm"] = timed(build.felloe)
    build.forget(caches=False)
    source = next((place / f"examples/{name}/src").rglob("*.cpp"))
    source.write_text(source.read_text() + "\n// changed\n")
    found["one source changed"] = timed(build.felloe)
    found["nothing missing"] = timed(build.felloe)
    return found


class Build:
    """Both ways to the same wheels."""

    def __init__(
        self, place: Path, environ: dict[str, str], versions: list[str], project: Path
    ) -> None:
        self.place, self.environ = place, environ
        self.versions, self.project = versions, project

    def felloe(self, *more: str) -> None:
        command = (sys.executable, "-m", "felloe", "build", self.project, "-o", self.dist)
        self.run(*command, "--python", *self.versions, *more)

    @property
    def dist(self) -> Path:
        return self.place / "dist"

    def forget(self, *, caches: bool = True) -> None:
        shutil.rmtree(self.dist, ignore_errors=True)
        if caches:
            shutil.rmtree(self.place / "cache", ignore_errors=True)

    def loop(self, interpreters: list[str]) -> None:
        """From the sdist's tree, with the engine alone."""
        tree = self.place / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        out = self.place / "sdist"
        self.run("uv", "build", "--sdist", "-q", "-o", out, self.project)
        with tarfile.open(next(out.glob("*.tar.gz"))) as archive:
            archive.extractall(tree, filter="data")
        (source,) = tree.iterdir()
        pyproject = source / "pyproject.toml"
        text = pyproject.read_text().replace('"felloe", ', "")
        pyproject.write_text(re.sub('"felloe"', '"scikit_build_core.build"', text))
        for number, python in enumerate(interpreters):
            raw = self.place / f"raw{number}"
            shutil.rmtree(raw, ignore_errors=True)
            self.run(python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", raw, source)
            for wheel in raw.glob("*.whl"):
                self.run("auditwheel", "repair", "-w", self.place / "wheelhouse", wheel)

    def interpreters(self) -> list[str]:
        """Those that felloe finds for these versions."""
        words = ("-c", _FIND, *self.versions)
        return output(sys.executable, *words).splitlines()

    def run(self, *command: object) -> None:
        words = list(map(str, command))
        done = subprocess.run(
            words, env=self.environ, cwd=self.place, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")


_FIND = """
import os, sys
from pathlib import Path
from felloe.python.search import find_interpreters
from felloe.release.request import choose_interpreters
found = find_interpreters((), Path(sys.executable), os.environ)
for item in choose_interpreters(sys.argv[1:], found, "").chosen:
    print(item.path)
"""


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def timed(work) -> tuple[float, float]:  # noqa: ANN001 - a function
    """Wall and CPU seconds; what runs in children counts."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


if __name__ == "__main__":
    main()
