"""How audit, check and repair grow with a wheel: files and bytes, CPU seconds and memory.

    python benchmarks/scale.py [--files 10 1000 100000] [--megabytes 10 300 3000] [--plot FILE.svg]

One series of wheels holds ever more small files, the other one file that is ever larger, at last
of 3 GB, for which zip files need ZIP64. Each holds a small ELF module as well.
Every command is a process of its own; its CPU seconds and its largest memory are shown, and with
--plot drawn over the size, on axes where a straight line of slope one is linear.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from multiprocessing import Process
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("audit", "check", "repair")
NAME = "scale-1.0-cp312-cp312-linux_x86_64.whl"
BLOCK = hashlib.shake_256(b"scale").digest(1 << 20)
MEGABYTE = 1_000_000
LARGE = 2000
"""Megabytes from which on a member's size takes ZIP64."""


class Point(NamedTuple):
    """One command on one wheel."""

    series: str
    size: int
    command: str
    cpu: float
    """Seconds, user and system."""
    memory: float
    """Largest resident set, MiB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, nargs="*", default=[10, 1000, 10_000, 100_000])
    parser.add_argument("--megabytes", type=int, nargs="*", default=[10, 100, 1000, 3000])
    parser.add_argument("--plot", type=Path, help="where to draw the figures, as SVG")
    parser.add_argument("--room", type=Path, help="a directory with room for twice the largest")
    options = parser.parse_args()
    points = []
    print(f"{'':10} {'size':>8} {'command':8} {'CPU s':>8} {'peak MiB':>9}")
    with tempfile.TemporaryDirectory(dir=options.room) as scratch:
        module = compile_module(Path(scratch))
        series = {"files": options.files, "megabytes": options.megabytes}
        for name, sizes in series.items():
            for size in sizes:
                for point in measure(Path(scratch), module, name, size):
                    points.append(point)
                    print(f"{name:10} {size:8} {point.command:8} {point.cpu:8.2f}", end=" ")
                    print(f"{point.memory:9.0f}", flush=True)
    if options.plot:
        options.plot.write_text(draw(points), encoding="utf-8")


def compile_module(place: Path) -> bytes:
    path = place / "module.so"
    source = "void *PyInit__core(void) { return 0; }"
    command = ["cc", "-shared", "-fPIC", "-s", "-xc", "-", "-o", path]
    subprocess.run(command, input=source, text=True, check=True)
    return path.read_bytes()


def measure(place: Path, module: bytes, series: str, size: int) -> Iterator[Point]:
    wheel = place / NAME
    # In a process of its own: the memory of this one counts as that of its children.
    writer = Process(target=write_wheel, args=(wheel, module, series, size))
    writer.start()
    writer.join()
    if writer.exitcode:
        sys.exit("the wheel could not be written")
    for command in COMMANDS:
        yield Point(series, size, command, *run_command(command, wheel, place / "out"))
    for made in (place / "out").glob("*.whl"):
        made.unlink()


def many_files(count: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    for number in range(count):
        yield f"scale/d{number % 100}/f{number}.py", iter([f"x = {number}\n".encode() * 20])


def one_file(length: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    whole, rest = divmod(length, len(BLOCK))
    yield "scale/data.bin", iter([*[BLOCK] * whole, BLOCK[:rest]])


def write_wheel(path: Path, module: bytes, series: str, size: int) -> None:
    """Members are stored, as an engine hands them over."""
    parts = many_files(size) if series == "files" else one_file(size * MEGABYTE)
    info = "scale-1.0.dist-info"
    texts = {
        "scale/_core.cpython-312-x86_64-linux-gnu.so": module,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: scale\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: scale\nRoot-Is-Purelib: false\n"
        b"Tag: cp312-cp312-linux_x86_64\n",
    }
    rows, is_large = [], series == "megabytes" and size >= LARGE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, blocks in [*parts, *((name, iter([data])) for name, data in texts.items())]:
            digest, length = hashlib.sha256(), 0
            with archive.open(name, "w", force_zip64=is_large) as file:
                for block in blocks:
                    file.write(block)
                    digest.update(block)
                    length += len(block)
            code = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={code},{length}\n")
        archive.writestr(f"{info}/RECORD", "".join(rows) + f"{info}/RECORD,,\n")


def run_command(command: str, wheel: Path, out: Path) -> tuple[float, float]:
    out.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "felloe", command, wheel]
    words += ["-w", out] if command == "repair" else []
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit(f"felloe {command} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def draw(points: list[Point]) -> str:
    """Four panels: CPU and memory, over files and megabytes; logarithmic axes."""
    panels = [
        panel([p for p in points if p.series == series], field, 360 * column, 240 * row)
        for column, series in enumerate(("files", "megabytes"))
        for row, field in enumerate(("cpu", "memory"))
    ]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 490" font-family="sans-serif"'
    return f'{head} font-size="11">{"".join(panels)}</svg>\n'


COLOURS = {"audit": "#0072b2", "check": "#009e73", "repair": "#d55e00"}
UNITS = {"cpu": "CPU s", "memory": "peak MiB"}


def panel(points: list[Point], field: str, left: int, top: int) -> str:
    xs = [math.log10(point.size) for point in points]
    ys = [math.log10(max(getattr(point, field), 1e-2)) for point in points]
    low, high = math.floor(min(ys)), math.ceil(max(ys))
    first, last = math.floor(min(xs)), math.ceil(max(xs))

    def place(x: float, y: float) -> str:
        across = left + 50 + 270 * (x - first) / (last - first)
        return f"{across:.1f},{top + 200 - 170 * (y - low) / (high - low):.1f}"

    parts = [f'<text x="{left + 50}" y="{top + 20}">{UNITS[field]} over {points[0].series}</text>']
    for x in range(first, last + 1):
        start, end = place(x, low), place(x, high)
        parts.append(f'<path d="M{start} L{end}" stroke="#ddd"/>')
        across, down = start.split(",")
        parts.append(f'<text x="{across}" y="{float(down) + 14}">{10**x:,}</text>')
    for y in range(low, high + 1):
        start, end = place(first, y), place(last, y)
        parts.append(f'<path d="M{start} L{end}" stroke="#ddd"/>')
        across, down = start.split(",")
        label = f"{10.0**y:g}"
        parts.append(f'<text x="{float(across) - 5}" y="{down}" text-anchor="end">{label}</text>')
    for column, (command, colour) in enumerate(COLOURS.items()):
        line = [place(x, y) for x, y, p in zip(xs, ys, points) if p.command == command]
        drawn = f'stroke="{colour}" stroke-width="2" fill="none"'
        parts.append(f'<path d="M{" L".join(line)}" {drawn}/>')
        at = f'x="{left + 205 + 40 * column}" y="{top + 20}"'
        parts.append(f'<text {at} fill="{colour}">{command}</text>')
    return "".join(parts)


if __name__ == "__main__":
    main()
