"""The command newton-basins: draw a picture into a PNG file."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from newton_basins import compute
from newton_basins.png import rgb, write_png

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments`, sys.argv's by default, and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    width, height = options.size
    crmin, crmax, cimin, cimax = options.region
    try:
        hsv = compute(
            width,
            height,
            options.coefs,
            crmin,
            crmax,
            cimin,
            cimax,
            options.itmax,
            options.tol,
            threads=options.threads,
        )
        write_png(options.out, _colours(hsv, options))
    except (ValueError, RuntimeError) as error:  # a polynomial or number that makes no sense
        return _fail(parser, str(error), status=2)
    except OSError as error:
        return _fail(parser, str(error), status=1)
    except MemoryError:
        return _fail(parser, "there is not enough memory for the picture", status=1)
    return 0


def _fail(parser: argparse.ArgumentParser, message: str, *, status: int) -> int:
    print(f"{parser.prog}: error: {message}", file=sys.stderr)
    return status


def _colours(hsv: NDArray[np.float64], options: argparse.Namespace) -> NDArray[np.uint8]:
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    shades = np.stack(
        [
            (hue + options.hue) % 1,
            saturation * options.saturation,
            value**options.contrast,
        ],
        axis=-1,
    )
    # Row 0 of the array is the lowest imaginary part, row 0 of a PNG file the top.
    return rgb(shades[::-1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="newton-basins",
        description="Draw the basins of attraction of Newton's method into a PNG file.",
        epilog="Each colour is a root; the darker a point, the more steps it takes to get there.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("out", type=Path, metavar="OUT.png", help="the file to write")
    add("--size", type=_size, default="800x600", metavar="WxH", help="pixels")
    add(
        "--coefs",
        type=_coefficients,
        default="1 0 0 -1",
        help="coefficients from the highest power down, such as '1 0 2+1j'",
    )
    add(
        "--region",
        type=float,
        nargs=4,
        default=[-2.0, 2.0, -1.5, 1.5],
        metavar=("CRMIN", "CRMAX", "CIMIN", "CIMAX"),
        help="bounds of the real and of the imaginary part",
    )
    add("--itmax", type=_whole_number, default=40, help="steps before a point is given up")
    add("--tol", type=float, default=1e-6, help="distance at which a root is reached")
    add("--threads", type=_whole_number, default=0, help="threads, 0 for one for each processor")
    add("--hue", type=_fraction, default=0.56, help="hue of the first root, 0 to 1")
    add("--saturation", type=_fraction, default=0.6, help="0 is grey, 1 garish")
    add("--contrast", type=_positive, default=3.0, help="how quickly further steps get darker")
    return parser


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,9})x(\d{1,9})", text)
    if match is None:
        message = f"{text!r} is not of the form 800x600"
        raise argparse.ArgumentTypeError(message)
    return int(match[1]), int(match[2])


def _whole_number(text: str) -> int:
    if re.fullmatch(r"-?\d{1,9}", text) is None:  # 9 digits fit into an int of C++
        message = f"{text!r} is not a whole number of at most 9 digits"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _coefficients(text: str) -> list[complex]:
    try:
        return [complex(word) for word in text.split()]
    except ValueError:
        message = f"{text!r} must be numbers with spaces between them, such as '1 0 2+1j'"
        raise argparse.ArgumentTypeError(message) from None


def _fraction(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        message = f"{text} is not between 0 and 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        message = f"{text} is not a positive number"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
