"""The picture that the examples compute, on whatever system."""

from __future__ import annotations

WIDTH, HEIGHT = 90, 60

COMPUTE = """
import importlib, threading
newton = importlib.import_module(arguments[0])
width, height = arguments[1:]
def compute(threads):
    region = (-2.0, 2.0, -1.5, 1.5)
    return newton.compute(width, height, [1, 0, 0, -1], *region, 40, 1e-6, threads=threads)
picture = compute(1)
assert picture.shape == (height, width, 3) and str(picture.dtype) == "float64"
assert (compute(4) == picture).all()
# What the C++ library throws has to arrive as what it is.
try:
    newton.compute(width, height, [], -2, 2, -2, 2, 40, 1e-6)
except ValueError as error:
    assert str(error), "the exception lost its words"
else:
    raise AssertionError("a polynomial without coefficients was accepted")
answer = picture.reshape(-1, 3).tolist()
"""

# For a Python without numpy: the compiled module itself, which knows only numbers and bytes.
COMPUTE_BARE = """
import importlib.util, struct
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
found = [p for p in Path(arguments[0]).glob("*/_core*") if p.name[5:] in EXTENSION_SUFFIXES]
spec = importlib.util.spec_from_file_location("newton_abi3._core", found[0])
core = importlib.util.module_from_spec(spec)
spec.loader.exec_module(core)
width, height = arguments[1:]
data = core.compute(width, height, [1, 0, 0, -1], -2.0, 2.0, -1.5, 1.5, 40, 1e-6, 4)
answer = [list(pixel) for pixel in struct.iter_unpack("3d", data)]
"""


def compute_bare(system, site):
    """The same of newton-abi3, from its compiled module alone."""
    return system.ask(COMPUTE_BARE, site, WIDTH, HEIGHT, path=(site,))


def compute(system, module, site):
    """The pixels of a module's picture, computed on a system in which it lies in ``site``."""
    return system.ask(COMPUTE, module, WIDTH, HEIGHT, path=(site, system.numpy()))
