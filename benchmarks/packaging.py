"""Packing a wheel of about 250 MB of binaries: felloe against the bare engine.

    python benchmarks/packaging.py [--runs N] [--wheels DIR]

The project is pure packaging (`wheel.cmake = false`): the shared libraries of
the pyarrow and opencv-python-headless wheels from PyPI, copied into a Python
package, so that nothing is compiled and the time is all packing, hashing and
(felloe alone) auditing. Pairs in turn; wall and CPU seconds, the largest
process in MiB, the wheel in MB.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ("scikit_build_core.build", "felloe")
SOURCES = ("pyarrow", "opencv-python-headless")
MOST = 250_000_000
PYPROJECT = """[build-system]
requires = ["felloe"]
build-backend = "felloe"
[project]
name = "heavy"
version = "1"
[tool.scikit-build]
wheel.cmake = false
wheel.platlib = true
wheel.packages = ["heavy"]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--wheels", type=Path, help="where to keep the downloads")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch), options.wheels or Path(scratch) / "wheels")
        found: dict[str, list[tuple[float, ...]]] = {}
        for _ in range(options.runs):
            for backend in BACKENDS:
                found.setdefault(backend, []).append(time_build(project, backend))
        print(f"{'':26} {'wall s':>8} {'CPU s':>8} {'peak MiB':>9} {'wheel MB':>9}")
        for backend, runs in found.items():
            medians = [statistics.median(column) for column in zip(*runs)]
            wall, cpu, peak, size = medians
            print(f"{backend:26} {wall:8.2f} {cpu:8.2f} {peak:9.0f} {size:9.2f}")


def make_project(base: Path, wheels: Path) -> Path:
    """Write a project whose package has up to MOST bytes of real shared libraries."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, *SOURCES]
    subprocess.run(command, check=True)
    package = base / "project" / "heavy"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package.parent / "pyproject.toml").write_text(PYPROJECT)
    total = 0
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                name = Path(member.filename).name
                if ".so" in name and total + member.file_size < MOST:
                    total += member.file_size
                    # Not as modules: their Python is not what is measured.
                    (package / f"lib{name}.0").write_bytes(archive.read(member))
    print(f"{total / 1e6:.0f} MB of shared libraries in {len(list(package.iterdir())) - 1} files")
    return package.parent


def time_build(project: Path, backend: str) -> tuple[float, ...]:
    """Wall and CPU seconds, peak MiB, wheel MB of one build in a process of its own.

    A helper process waits for it, so that the peak is this build's alone.
    """
    with tempfile.TemporaryDirectory() as out:
        code = f"import {backend} as b; b.build_wheel({out!r})"
        read, write = os.pipe()
        helper = os.fork()
        if not helper:
            measure(code, project, write)
        os.waitpid(helper, 0)
        values = tuple(float(word) for word in os.read(read, 1000).split())
        os.close(read)
        os.close(write)
        (wheel,) = Path(out).glob("*.whl")
        return (*values, wheel.stat().st_size / 1e6)


def measure(code: str, project: Path, write: int) -> None:
    """Run in the helper: build, report, end."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env=environ,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    os.write(write, f"{wall} {cpu} {peak}".encode())
    os._exit(done.returncode)


if __name__ == "__main__":
    main()
