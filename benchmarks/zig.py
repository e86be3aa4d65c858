"""What zig's compilers cost and give, next to the host's.

    python benchmarks/zig.py DIRECTORY [--runs N] [--cold]

Builds examples/newton-basins in copies below DIRECTORY, by the hooks in processes of their own and
without a cache of build trees, with the compilers that CMake finds and with zig for manylinux_2_17.
Needs felloe's build requirements, pybind11 and ziglang in this Python's environment.

Shows user + system seconds of a build of everything and its children (--cold: zig's first one too,
which compiles libc++ into a fresh cache), sizes of the modules, and how long each needs for the
same picture: the best of the repetitions, in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = "import json, sys, felloe; felloe.build_wheel(sys.argv[1], json.loads(sys.argv[2]))"
DRAW = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import newton_basins
best = []
for _ in range(5):
    start = time.process_time()
    newton_basins.compute(3000, 2000, [1, 0, 0, -1], -2.0, 2.0, -1.5, 1.5, 60, 1e-6)
    best.append(time.process_time() - start)
print(min(best))
"""
CONFIGS = {
    "host": {},
    "zig": {
        "felloe.toolchain": "zig",
        "felloe.target": f"manylinux_2_17_{platform.machine()}",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    place = options.directory.resolve()
    copy_sources(place / "source")
    if options.cold:
        shutil.rmtree(place / "cache", ignore_errors=True)
    first = time_build(place, "zig")
    print(f"zig's first build: {first:.1f} CPU s" if options.cold else "")
    costs: dict[str, list[float]] = {name: [] for name in CONFIGS}
    for _ in range(options.runs):
        for name in CONFIGS:
            costs[name].append(time_build(place, name))
    speeds: dict[str, list[float]] = {name: [] for name in CONFIGS}
    for _ in range(options.runs):
        for name in CONFIGS:
            speeds[name].append(time_picture(place / name))
    print(render(place, costs, speeds))


def copy_sources(place: Path) -> None:
    """Copy the example from the repository, without built files."""
    shutil.rmtree(place, ignore_errors=True)
    for folder in ("cpp", "examples/newton-basins"):
        shutil.copytree(ROOT / folder, place / folder)
    for name in ("CMakeLists.txt", "LICENSE"):
        shutil.copy(ROOT / name, place / name)


def time_build(place: Path, name: str) -> float:
    """CPU seconds of one build of everything; the wheel is unpacked into a directory."""
    target = place / name
    shutil.rmtree(target, ignore_errors=True)
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "FELLOE_CACHE": "false",
        "FELLOE_CACHE_DIR": str(place / "cache"),
        "FELLOE_COMPILER_LAUNCHER": "none",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = (sys.executable, "-c", BUILD, str(target), json.dumps(CONFIGS[name]))
    subprocess.run(
        command,
        check=True,
        cwd=place / "source" / "examples" / "newton-basins",
        env=environ,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_picture(site: Path) -> float:
    """CPU seconds of one picture, in a process of its own."""
    command = (sys.executable, "-c", DRAW, str(site))
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def render(place: Path, costs: dict[str, list[float]], speeds: dict[str, list[float]]) -> str:
    """Return the table."""
    lines = ["| | build, CPU s | module, KB | picture, CPU s | tag |", "|---|---|---|---|---|"]
    for name in CONFIGS:
        (module,) = (place / name / "newton_basins").glob("_core*.so")
        (wheel,) = (place / name).glob("*.whl")
        lines.append(
            f"| {name} | {statistics.median(costs[name]):.2f} | {module.stat().st_size / 1e3:.0f} "
            f"| {min(speeds[name]):.3f} | {wheel.stem.rpartition('-')[2].split('.')[-1]} |"
        )
    ratio = statistics.median(costs["zig"]) / statistics.median(costs["host"])
    speed = min(speeds["host"]) / min(speeds["zig"])
    lines.append(
        f"\nzig's build costs {ratio:.2f} of the host's, its kernel is {speed:.2f} as fast"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
