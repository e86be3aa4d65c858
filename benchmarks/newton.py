"""How fast newton's `compute` is, next to the same picture drawn with numpy.

    python benchmarks/newton.py [--package newton_basins] [--repeat 5] [800x600 1920x1080 ...]

Both run in this process and take turns; the best of the repetitions counts. Wall time is what one
waits for, CPU time what all processors together spend. numpy drops every pixel from its arrays as
soon as the pixel has converged, and evaluates the polynomial and its derivative in one pass, as the
C++ kernel does.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpy.typing import NDArray

    Picture = NDArray[np.float64]

COEFFICIENTS = (1, 0, 0, -1)
REGION = (-2.0, 2.0, -1.5, 1.5)
STEPS = 40
TOLERANCE = 1e-6
PACKAGES = ("newton_basins", "newton_abi3")


@dataclass(frozen=True)
class Timing:
    """Seconds of the best repetition, wall and CPU each for itself."""

    wall: float
    cpu: float


def draw_with_numpy(width: int, height: int, roots: NDArray[np.complex128]) -> Picture:
    """Draw what `compute` draws; only pixels that have not converged are worked on."""
    crmin, crmax, cimin, cimax = REGION
    real = crmin + (crmax - crmin) * np.arange(width) / width
    imaginary = cimin + (cimax - cimin) * np.arange(height) / height
    z = (real[None, :] + 1j * imaginary[:, None]).ravel()
    pixel = np.arange(z.size)
    hsv = np.zeros((z.size, 3))
    with np.errstate(all="ignore"):
        for i in range(STEPS):
            z = newton_step(z)
            distance, nearest = nearest_roots(z, roots)
            near = distance <= TOLERANCE**2
            hsv[pixel[near], 0] = nearest[near] / len(roots)
            hsv[pixel[near], 1] = 1
            hsv[pixel[near], 2] = 1 - i / STEPS
            z, pixel = z[~near], pixel[~near]
            if z.size == 0:
                break
    return hsv.reshape(height, width, 3)


def newton_step(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Return z - p(z) / p'(z), by Horner's rule for both at once and in place."""
    value = np.full_like(z, COEFFICIENTS[0])
    derivative = np.zeros_like(z)
    for coefficient in COEFFICIENTS[1:]:
        derivative *= z
        derivative += value
        value *= z
        value += coefficient
    value /= derivative
    return z - value


def nearest_roots(
    z: NDArray[np.complex128], roots: NDArray[np.complex128]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the squared distance to the nearest root of every z, and that root's index."""
    distance = np.full(z.size, np.inf)
    nearest = np.zeros(z.size, dtype=np.int64)
    for index, root in enumerate(roots):
        offset = z - root
        candidate = offset.real**2 + offset.imag**2
        nearer = candidate < distance
        distance[nearer] = candidate[nearer]
        nearest[nearer] = index
    return distance, nearest


def measure(drawers: dict[str, Callable[[], Picture]], repeat: int) -> dict[str, Timing]:
    """Time all drawers in turn, `repeat` times; a warm-up comes first and is not counted."""
    walls: dict[str, list[float]] = {name: [] for name in drawers}
    cpus: dict[str, list[float]] = {name: [] for name in drawers}
    for draw in drawers.values():
        draw()
    for _ in range(repeat):
        for name, draw in drawers.items():
            wall, cpu = time.perf_counter(), time.process_time()
            draw()
            cpus[name].append(time.process_time() - cpu)
            walls[name].append(time.perf_counter() - wall)
    return {name: Timing(min(walls[name]), min(cpus[name])) for name in drawers}


def steps_taken(hsv: Picture) -> float:
    """Return the number of Newton steps behind a picture."""
    converged = hsv[..., 1] == 1
    return float(np.where(converged, (1 - hsv[..., 2]) * STEPS + 1, STEPS).sum())


def report(package: ModuleType, width: int, height: int, repeat: int) -> None:
    """Measure one size and print its table."""
    roots = package.roots(COEFFICIENTS)

    def drawer(threads: int) -> Callable[[], Picture]:
        return lambda: package.compute(
            width, height, COEFFICIENTS, *REGION, STEPS, TOLERANCE, threads=threads
        )

    drawers = {
        "numpy": lambda: draw_with_numpy(width, height, roots),
        "1 thread": drawer(1),
        "all threads": drawer(0),
    }
    expected, picture = drawers["numpy"](), drawers["1 thread"]()
    different = 1 - np.isclose(expected, picture, rtol=0, atol=1e-12).all(axis=-1).mean()
    timings = measure(drawers, repeat)
    base, steps = timings["numpy"], steps_taken(picture)

    print(f"\n{width} x {height}, {steps / 1e6:.1f} million steps; {different:.3%} pixels differ")
    print(f"{'':12}{'wall ms':>10}{'CPU ms':>10}{'Msteps/s':>10}{'wall':>9}{'CPU':>9}")
    for name, timing in timings.items():
        print(
            f"{name:12}{timing.wall * 1e3:10.1f}{timing.cpu * 1e3:10.1f}"
            f"{steps / timing.wall / 1e6:10.0f}"
            f"{base.wall / timing.wall:8.1f}x{base.cpu / timing.cpu:8.1f}x"
        )


def find_package(name: str | None) -> ModuleType:
    """Import the package called `name`, or the first of PACKAGES that is installed."""
    candidates = (name,) if name else PACKAGES
    for candidate in candidates:
        if importlib.util.find_spec(candidate) is not None:
            return importlib.import_module(candidate)
    message = f"{' or '.join(candidates)} is not installed: pip install ./examples/newton-basins"
    raise SystemExit(message)


def parse_size(text: str) -> tuple[int, int]:
    """Parse '800x600'."""
    match = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)
    if match is None:
        message = f"{text!r} is not of the form 800x600"
        raise argparse.ArgumentTypeError(message)
    return int(match[1]), int(match[2])


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=parse_size, default=[(800, 600)], metavar="WxH")
    parser.add_argument("--package", help="the package to import, newton_basins by default")
    parser.add_argument(
        "--repeat", type=int, default=5, help="repetitions, of which the best counts"
    )
    options = parser.parse_args()

    package = find_package(options.package)
    print(f"{package.__name__} from {Path(package.__file__ or '').parent}")
    print(f"numpy {np.__version__}, {os.cpu_count()} processors, best of {options.repeat}")
    for width, height in options.sizes:
        report(package, width, height, options.repeat)


if __name__ == "__main__":
    main()
