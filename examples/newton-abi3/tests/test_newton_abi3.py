"""`compute` and `roots` against numpy, and the module's promise about its ABI."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from newton_abi3 import _core, compute, roots

if TYPE_CHECKING:
    from numpy.typing import NDArray

REGION = (-2.0, 2.0, -1.5, 1.5)


def reference(
    imw: int, imh: int, coefs: list[complex], itmax: int, tol: float
) -> NDArray[np.float64]:
    """What `compute` does in REGION, in numpy and one step at a time."""
    crmin, crmax, cimin, cimax = REGION
    real = crmin + (crmax - crmin) * np.arange(imw) / imw
    imaginary = cimin + (cimax - cimin) * np.arange(imh) / imh
    z = real[None, :] + 1j * imaginary[:, None]
    derivative = np.polyder(np.asarray(coefs))
    targets = roots(coefs)
    waiting = np.ones(z.shape, dtype=bool)
    hsv = np.zeros((imh, imw, 3))
    for i in range(itmax):
        with np.errstate(all="ignore"):
            z = z - np.polyval(coefs, z) / np.polyval(derivative, z)
            distances = np.abs(z[..., None] - targets)
            near = waiting & (distances.min(axis=-1) <= tol)
        hsv[near, 0] = distances[near].argmin(axis=-1) / len(targets)
        hsv[near, 1] = 1
        hsv[near, 2] = 1 - i / itmax
        waiting &= ~near
    return hsv


@pytest.mark.parametrize(
    "coefs", [[1, 0, 0, -1], [2j, 1 - 3j, 0.5, 4], [3, 1], [1, 0, 0, 0, 15, 0, 0, 0, -16]]
)
def test_picture_is_what_numpy_draws(coefs: list[complex]) -> None:
    """Points on a boundary follow the last bit; all others have the same colour."""
    drawn = compute(120, 90, coefs, *REGION, 40, 1e-6)
    same = np.isclose(drawn, reference(120, 90, coefs, 40, 1e-6), rtol=0, atol=1e-12)
    assert drawn.shape == (90, 120, 3)
    assert drawn.dtype == np.float64
    assert drawn.flags.writeable
    assert drawn.flags.aligned
    assert same.all(axis=-1).mean() > 0.998


def test_roots() -> None:
    """By argument, then by modulus."""
    assert np.allclose(roots(np.poly([3, -1, 1, 0, 2, 5j])), [0, 1, 2, 3, 5j, -1])


def test_threads_do_not_change_the_picture() -> None:
    """To the last bit."""
    one, many = (compute(99, 77, (1, 0, 0, -1), *REGION, 40, 1e-6, threads=n) for n in (1, 7))
    assert one.tobytes() == many.tobytes()


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"imw": 0}, "imw must be at least 1, not 0"),
        ({"imh": -3}, "imh must be at least 1, not -3"),
        ({"coefs": []}, "there are none"),
        ({"coefs": [5]}, "constant"),
        ({"coefs": [1, float("nan")]}, "coefficient 1 is not a finite number"),
        ({"coefs": [[1, 2], [3, 4]]}, "one dimension, not 2"),
        ({"cimax": float("nan")}, "imaginary bounds"),
        ({"itmax": 0}, "number of steps must be at least 1"),
        ({"tol": 0}, "tolerance must be a positive"),
        ({"threads": -1}, "threads must be 0 .* or more, not -1"),
    ],
)
def test_nonsense_is_refused(changed: dict[str, object], text: str) -> None:
    """With a ValueError that says which argument is wrong."""
    arguments: dict[str, object] = {
        "imw": 4,
        "imh": 4,
        "coefs": [1, 0, -1],
        "crmin": -1,
        "crmax": 1,
        "cimin": -1,
        "cimax": 1,
        "itmax": 10,
        "tol": 1e-6,
    }
    with pytest.raises(ValueError, match=text):
        compute(**{**arguments, **changed})


def test_what_is_no_number_is_refused() -> None:
    """With a TypeError, also by the module itself."""
    with pytest.raises(TypeError):
        compute("wide", 4, [1, 0, -1], *REGION, 10, 1e-6)
    with pytest.raises(TypeError):
        _core.roots(["one", 2])


def test_other_threads_run_meanwhile() -> None:
    """A thread that only sleeps a little gets on while `compute` works."""
    worker = threading.Thread(
        target=compute, args=(400, 400, [1, 0, 1, 3.3], *REGION, 400, 1e-300), kwargs={"threads": 1}
    )
    worker.start()
    ticks = 0
    while worker.is_alive():
        time.sleep(0.001)
        ticks += 1
    assert ticks > 5
