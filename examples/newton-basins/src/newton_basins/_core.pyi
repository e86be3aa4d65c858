import numpy as np
from numpy.typing import ArrayLike, NDArray

def compute(
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
) -> NDArray[np.float64]: ...
def roots(coefs: ArrayLike) -> NDArray[np.complex128]: ...
