"""Basins of attraction of Newton's method, drawn in C++ behind Python's stable ABI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from newton_abi3 import _core

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["compute", "roots"]


def compute(  # noqa: PLR0913, PLR0917 - the arguments of a published function
    imw: int,
    imh: int,
    coefs: ArrayLike,
    crmin: float,
    crmax: float,
    cimin: float,
    cimax: float,
    itmax: int,
    tol: float,
    *,
    threads: int = 0,
) -> NDArray[np.float64]:
    """Draw the basins of attraction of Newton's method.

    Pixel (x, y) of the `imw` by `imh` picture starts at the point
    crmin + (crmax - crmin) * x / imw + 1j * (cimin + (cimax - cimin) * y / imh) and takes at most
    `itmax` Newton steps towards a root of the polynomial whose coefficients `coefs` are given from
    the highest power down. A point within `tol` of a root after step i (counted from 0) gets the
    hue k / n of that root, the k-th of n in the order of `roots`, saturation 1 and value
    1 - i / itmax. All three are 0 for a point that comes near none.

    The result has the shape (imh, imw, 3). `threads` threads share the work, 0 stands for one for
    each processor; the picture does not depend on it. Raises ValueError for arguments that make no
    sense.
    """
    hsv = _core.compute(imw, imh, _numbers(coefs), crmin, crmax, cimin, cimax, itmax, tol, threads)
    return np.frombuffer(hsv).reshape(imh, imw, 3)


def roots(coefs: ArrayLike) -> NDArray[np.complex128]:
    """All roots of the polynomial, in the order of the hues.

    `coefs` are the coefficients from the highest power down. The roots are ordered by argument in
    [0, 2 pi), then by modulus; a multiple root appears as often as its multiplicity says.
    """
    return np.frombuffer(_core.roots(_numbers(coefs)), dtype=np.complex128)


def _numbers(coefs: ArrayLike) -> list[complex]:
    array = np.asarray(coefs, dtype=np.complex128)
    if array.ndim != 1:
        message = f"coefs must have one dimension, not {array.ndim}"
        raise ValueError(message)
    numbers: list[complex] = array.tolist()
    return numbers
