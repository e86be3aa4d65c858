def draw(
    path: str,
    width: int,
    height: int,
    coefficients: list[complex],
    region: tuple[float, float, float, float],
    steps: int,
    tolerance: float,
) -> None: ...
