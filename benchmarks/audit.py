"""What an audit costs: in process, and as a command beside auditwheel's.

    python benchmarks/audit.py DIRECTORY [--pairs N] [--runs N] [--wheel NAME]…

Downloads four wheels (220 MB) into DIRECTORY with pip, unless they are there.
--wheel restricts the second table to one of them; it may be repeated.

First table: the objects of the scipy wheel, unpacked in memory as a backend
would have them at hand, audited and judged; CPU milliseconds.

Second table: `felloe audit --json` and `auditwheel show --json`, one process
each, in pairs that take turns; CPU seconds (user + system) of the process and
its children. The ratio is of the medians; the lowest is that of the worst pair.
Needs auditwheel beside felloe in this Python's environment.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from felloe.audit.evidence import audit_members  # noqa: E402
from felloe.audit.policy.family import read_policies  # noqa: E402
from felloe.audit.verdict import judge  # noqa: E402
from felloe.binary.magic import HEAD_SIZE, find_format  # noqa: E402
from felloe.wheel.member import Member  # noqa: E402
from felloe.wheel.reader import open_wheel  # noqa: E402

WHEELS = {
    "scipy": "scipy-1.17.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    "pyarrow": "pyarrow-22.0.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "opencv": "opencv_python_headless-4.12.0.88-cp37-abi3-"
    "manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    "PyQt6-Qt6": "pyqt6_qt6-6.9.1-py3-none-manylinux_2_28_x86_64.whl",
}
IN_PROCESS_TARGET = 50
"""Milliseconds."""
TARGETS = {"scipy": 8, "pyarrow": 8, "opencv": 8, "PyQt6-Qt6": 30}
"""Wheel -> how many times less CPU than auditwheel."""
COMMANDS = {
    "felloe": [sys.executable, "-m", "felloe", "audit", "--json"],
    "auditwheel": [sys.executable, "-m", "auditwheel", "show", "--json"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--wheel", action="append", choices=WHEELS)
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    paths = {name: fetch(file, options.directory) for name, file in WHEELS.items()}
    print(
        f"CPython {platform.python_version()}, auditwheel {version('auditwheel')}, "
        f"{os.cpu_count()} cores\n"
    )
    print(measure_in_process(paths["scipy"], options.runs), flush=True)
    print(
        f"\n{'wheel':10} {'MB':>5} {'objects':>7}  {'felloe':>14}  {'auditwheel':>14}"
        f"  {'ratio':>6} {'lowest':>6} {'target':>6}"
    )
    print(f"{'':10} {'':5} {'':7}  {'min':>6}  {'median':>6}  {'min':>6}  {'median':>6}")
    with tempfile.TemporaryDirectory() as bytecode:
        environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        environ |= {"PYTHONPYCACHEPREFIX": bytecode, "PYTHONDONTWRITEBYTECODE": ""}
        for command in COMMANDS.values():  # compile both tools
            measure_process([*command, str(paths["scipy"])], environ)
        for name in options.wheel or WHEELS:
            print(measure_processes(name, paths[name], options.pairs, environ), flush=True)


def fetch(file: str, directory: Path) -> Path:
    """Return the wheel of this name, downloaded with pip if it is missing."""
    path = directory / file
    if not path.exists():
        name, number, python, abi, platforms = file[: -len(".whl")].split("-")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", directory]
        command += ["--only-binary=:all:", f"{name}=={number}", "--abi", abi]
        command += ["--python-version", "3.11" if python == "py3" else python[2:]]
        for tag in platforms.split("."):
            command += ["--platform", tag]
        subprocess.run(command, check=True)
    return path


def measure_in_process(path: Path, runs: int) -> str:
    """CPU milliseconds of audit and verdict on objects in memory."""
    policies = read_policies()
    with open_wheel(path) as staged:
        claim = staged.name
        objects = [
            Member.from_bytes(member.name, bytes(member.read()))
            for member in staged.members
            if find_format(member.head(HEAD_SIZE))
        ]
    found = []
    for _ in range(runs):
        start = time.process_time()
        judge(audit_members(objects, policies, "glibc"), claim, "glibc", policies)
        found.append((time.process_time() - start) * 1000)
    size = sum(member.size for member in objects) / 1e6
    return (
        f"in process, {len(objects)} objects of {size:.0f} MB: min {min(found):.1f} ms, "
        f"median {statistics.median(found):.1f} ms (target: below {IN_PROCESS_TARGET})"
    )


def measure_processes(name: str, path: Path, pairs: int, environ: Mapping[str, str]) -> str:
    """One row of the second table."""
    path.read_bytes()  # into the page cache
    found: dict[str, list[float]] = {tool: [] for tool in COMMANDS}
    for _ in range(pairs):
        for tool, command in COMMANDS.items():
            found[tool].append(measure_process([*command, str(path)], environ))
    ours, theirs = found["felloe"], found["auditwheel"]
    ratio = statistics.median(theirs) / statistics.median(ours)
    lowest = min(b / a for a, b in zip(ours, theirs))
    return (
        f"{name:10} {path.stat().st_size / 1e6:5.0f} {count_objects(path):7}"
        f"  {min(ours):6.2f}  {statistics.median(ours):6.2f}"
        f"  {min(theirs):6.2f}  {statistics.median(theirs):6.2f}"
        f"  {ratio:6.1f} {lowest:6.1f} {TARGETS[name]:6}"
    )


def count_objects(path: Path) -> int:
    with open_wheel(path) as staged:
        return sum(find_format(member.head(HEAD_SIZE)) is not None for member in staged.members)


def measure_process(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """CPU seconds of a process and its children. Both tools answer 0 or 1, or have failed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command,
        check=False,
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode(errors="replace"))
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
