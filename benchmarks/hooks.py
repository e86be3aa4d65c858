"""What felloe's hooks cost over the bare engine's, in CPU seconds.

    python benchmarks/hooks.py [--runs N]

Both backends run the hooks that `pip wheel` runs, each in a process of its own
as a frontend does, on examples/newton-basins. Its objects are built once into
a persistent build tree, so that what is compared is not the compiler. Pairs
are run in turn; the table shows user + system seconds of the processes and
all their children.
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
BACKENDS = ("scikit_build_core.build", "felloe")
HOOKS = {
    "get_requires_for_build_wheel": "b.get_requires_for_build_wheel({config})",
    "prepare_metadata_for_build_wheel": "b.prepare_metadata_for_build_wheel({out!r}, {config})",
    "build_wheel": "b.build_wheel({out!r}, {config})",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        for folder in ("cpp", "examples/newton-basins"):
            shutil.copytree(ROOT / folder, base / folder)
        for name in ("CMakeLists.txt", "LICENSE"):
            shutil.copy(ROOT / name, base / name)
        print(render(measure(base, options.runs)))


def measure(base: Path, runs: int) -> dict[tuple[str, str], list[float]]:
    """Return the CPU seconds of each run by hook and backend, after a warm-up run."""
    found: dict[tuple[str, str], list[float]] = {}
    for turn in range(runs + 1):
        for hook, call in HOOKS.items():
            for backend in BACKENDS:
                seconds = time_hook(base, backend, call)
                if turn:
                    found.setdefault((hook, backend), []).append(seconds)
    return found


def time_hook(base: Path, backend: str, call: str) -> float:
    """CPU seconds of one hook in a process of its own."""
    out = Path(tempfile.mkdtemp(dir=base))
    config = {"build-dir": str(base / "tree")}
    code = f"import {backend} as b; " + call.format(out=str(out), config=config)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=base / "examples" / "newton-basins",
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    shutil.rmtree(out)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def render(found: dict[tuple[str, str], list[float]]) -> str:
    """Medians, their difference, and the median of the pairs' differences."""
    lines = [f"{'hook':34} {'engine':>8} {'felloe':>8} {'over':>8}"]
    total = 0.0
    for hook in HOOKS:
        engine, felloe = (found[hook, backend] for backend in BACKENDS)
        over = statistics.median(b - a for a, b in zip(engine, felloe))
        total += over
        medians = (statistics.median(engine), statistics.median(felloe), over)
        lines.append(f"{hook:34} " + " ".join(f"{value:8.3f}" for value in medians))
    lines.append(f"{'all three':34} {'':8} {'':8} {total:8.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
