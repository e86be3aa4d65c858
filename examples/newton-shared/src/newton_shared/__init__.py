"""Pictures of Newton basins, written by libpng."""

from __future__ import annotations

import os
from collections.abc import Sequence

from newton_shared import _core

__all__ = ["draw"]


def draw(  # noqa: PLR0913 - a picture has these parameters
    path: str | os.PathLike[str],
    width: int,
    height: int,
    coefficients: Sequence[complex],
    *,
    region: tuple[float, float, float, float] = (-2.0, 2.0, -1.5, 1.5),
    steps: int = 40,
    tolerance: float = 1e-6,
) -> None:
    """Write the basins of a polynomial to a PNG file.

    ``coefficients`` go from the highest power down; ``region`` is (least real, greatest real,
    least imaginary, greatest imaginary part). Raises ValueError for arguments that make no sense
    and OSError for a file that cannot be written.
    """
    _core.draw(os.fspath(path), width, height, list(coefficients), region, steps, tolerance)
