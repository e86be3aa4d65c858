"""`compute` and `roots` against numpy."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from newton_basins import compute, roots

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

REGION = (-2.0, 2.0, -1.5, 1.5)
CUBE_ROOTS = np.exp(2j * np.pi * np.arange(3) / 3)


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
    "coefs",
    [
        pytest.param([1, 0, 0, -1], id="three roots"),
        pytest.param([1, 0, 0, 0, 15, 0, 0, 0, -16], id="degree 8"),
        pytest.param([2j, 1 - 3j, 0.5, 4], id="complex coefficients"),
        pytest.param([1, -1, -1, 1], id="a double root"),
        pytest.param([3, 1], id="degree 1"),
        pytest.param([0, 0, 1, 0, 1], id="leading zeros"),
    ],
)
def test_picture_is_what_numpy_draws(coefs: list[complex]) -> None:
    """Points on a boundary follow the last bit; all others have the same colour."""
    drawn = compute(120, 90, coefs, *REGION, 40, 1e-6)
    expected = reference(120, 90, coefs, 40, 1e-6)
    same = np.isclose(drawn, expected, rtol=0, atol=1e-12).all(axis=-1)
    assert drawn.shape == (90, 120, 3)
    assert drawn.dtype == np.float64
    assert same.mean() > 0.998


def test_one_pixel_by_hand() -> None:
    """z^2 - 1 from z = 3 goes to 5/3, 17/15, 1.0078..: the third step comes within 0.01."""
    near = compute(1, 1, [1, 0, -1], 3, 4, 0, 1, 3, 0.01)
    far = compute(1, 1, [1, 0, -1], 3, 4, 0, 1, 2, 0.01)
    assert near.tolist() == [[[0, 1, 1 - 2 / 3]]]
    assert far.tolist() == [[[0, 0, 0]]]


def test_a_zero_derivative_is_not_near_a_root() -> None:
    """The derivative of z^3 - 1 is 0 at 0."""
    assert compute(1, 1, [1, 0, 0, -1], 0, 1, 0, 1, 50, 1e-6).tolist() == [[[0, 0, 0]]]


@pytest.mark.parametrize("threads", [0, 2, 5, 100])
def test_threads_do_not_change_the_picture(threads: int) -> None:
    """To the last bit."""
    alone = compute(200, 77, [1, 0, 0, -1], *REGION, 40, 1e-6, threads=1)
    shared = compute(200, 77, [1, 0, 0, -1], *REGION, 40, 1e-6, threads=threads)
    assert alone.tobytes() == shared.tobytes()


@pytest.mark.parametrize(
    "coefs",
    [
        (1, 0, 0, -1),
        np.array([1, 0, 0, -1]),
        np.array([1, 0, 0, -1], dtype=np.float32),
        np.array([1, 9, 0, 9, 0, 9, -1, 9], dtype=complex)[::2],
    ],
)
def test_coefficients_may_be_any_sequence(coefs: ArrayLike) -> None:
    """Lists, tuples, arrays of other types, arrays with gaps."""
    assert np.allclose(roots(coefs), CUBE_ROOTS)
    expected = compute(20, 20, [1, 0, 0, -1], *REGION, 40, 1e-6)
    assert np.array_equal(compute(20, 20, coefs, *REGION, 40, 1e-6), expected)


def test_roots_are_in_order() -> None:
    """By argument, then by modulus."""
    coefs = np.poly([3, -1, 1, 0, 2, 5j])
    assert np.allclose(roots(coefs), [0, 1, 2, 3, 5j, -1])
    assert roots([1, -2, 1]).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"imw": 0}, "imw must be at least 1, not 0"),
        ({"imh": -3}, "imh must be at least 1, not -3"),
        ({"imw": sys.maxsize}, "does not fit in memory"),
        ({"coefs": []}, "there are none"),
        ({"coefs": [5]}, "constant"),
        ({"coefs": [0, 0]}, "constant"),
        ({"coefs": [1, float("nan")]}, "coefficient 1 is not a finite number"),
        ({"coefs": [[1, 2], [3, 4]]}, "one dimension, not 2"),
        ({"crmin": float("inf")}, "real bounds"),
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
    """With a TypeError."""
    with pytest.raises(TypeError):
        compute(4, 4, ["one"], *REGION, 10, 1e-6)


def test_other_threads_run_meanwhile() -> None:
    """A thread that only sleeps a little gets on while `compute` works."""
    started = threading.Event()
    finished = threading.Event()

    def work() -> None:
        started.set()
        # Nothing converges to a root that is nearer than the last bit allows: all steps are taken.
        compute(400, 400, [1, 0, 1, 3.3], *REGION, 400, 1e-300, threads=1)
        finished.set()

    worker = threading.Thread(target=work)
    worker.start()
    started.wait()
    ticks = 0
    while not finished.is_set():
        time.sleep(0.001)
        ticks += 1
    worker.join()
    assert ticks > 5
