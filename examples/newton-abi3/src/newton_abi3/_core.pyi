def compute(
    imw: int,
    imh: int,
    coefs: list[complex],
    crmin: float,
    crmax: float,
    cimin: float,
    cimax: float,
    itmax: int,
    tol: float,
    threads: int,
    /,
) -> bytearray: ...
def roots(coefs: list[complex], /) -> bytearray: ...
