"""The command newton-basins, and the pictures it writes."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from newton_basins.__main__ import main
from newton_basins.png import encode_png, rgb

if TYPE_CHECKING:
    from pathlib import Path


def decode_png(data: bytes) -> np.ndarray:
    """Read back what `encode_png` writes: rows without filters, with or without a palette."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks: dict[bytes, bytes] = {}
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        chunks[kind] = data[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, position + 8 + length)
        assert checksum == zlib.crc32(kind + chunks[kind])
        position += 12 + length
    width, height, depth, colour_type = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert depth == 8
    raw = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not raw[:, 0].any()
    if colour_type == 3:
        return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[raw[:, 1:]]
    return raw[:, 1:].reshape(height, width, 3)


def test_colours() -> None:
    """The corners of the cube of colours, and some grey."""
    hsv = np.array([[0, 1, 1], [1 / 3, 1, 1], [2 / 3, 1, 1], [1 / 6, 1, 1], [0.4, 0, 0.6]])
    expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [153, 153, 153]]
    assert rgb(hsv).tolist() == expected


@pytest.mark.parametrize("colours", [3, 256, 2000])
def test_png_holds_the_pixels(colours: int) -> None:
    """With few colours as with many."""
    rng = np.random.default_rng(1)
    palette = rng.integers(0, 256, (colours, 3), dtype=np.uint8)
    pixels = palette[rng.integers(0, colours, (60, 70))]
    assert np.array_equal(decode_png(encode_png(pixels)), pixels)


def test_command_draws(tmp_path: Path) -> None:
    """A picture of the size asked for, with the positive imaginary axis upwards."""
    out = tmp_path / "out.png"
    options = ["--coefs=1 0 0 -1", "--size=40x30", "--saturation=1", "--hue=0", "--itmax=1000"]
    assert main([str(out), *options, "--region", "-2", "2", "-1.5", "1.5"]) == 0
    pixels = decode_png(out.read_bytes())
    assert pixels.shape == (30, 40, 3)
    # The roots, in order: 1 is red, the one with positive imaginary part green, the third blue.
    assert pixels[15, 30].argmax() == 0
    assert pixels[6, 15].argmax() == 1
    assert pixels[24, 15].argmax() == 2


def test_command_runs_as_a_module(tmp_path: Path) -> None:
    """As `python -m newton_basins`, which is what the script does."""
    out = tmp_path / "out.png"
    command = [sys.executable, "-m", "newton_basins", str(out), "--size", "8x8"]
    assert subprocess.run(command, check=False).returncode == 0
    assert decode_png(out.read_bytes()).shape == (8, 8, 3)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--size", "800"], "'800' is not of the form 800x600"),
        (["--size", "0x5"], "imw must be at least 1"),
        (["--size", "9" * 10 + "x1"], "is not of the form 800x600"),
        (["--itmax", "9" * 10], "at most 9 digits"),
        (["--coefs", "1 two"], "'1 two' must be numbers with spaces"),
        (["--coefs", "7"], "the polynomial is constant"),
        (["--region", "1", "2", "nan", "3"], "imaginary bounds"),
        (["--itmax", "0"], "number of steps"),
        (["--tol", "-1"], "tolerance"),
        (["--threads", "-1"], "threads must be 0"),
        (["--saturation", "2"], "2 is not between 0 and 1"),
        (["--contrast", "0"], "0 is not a positive number"),
    ],
)
def test_bad_use_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    """In one line, with the status 2, and without a file."""
    out = tmp_path / "out.png"
    try:
        status = main([str(out), *arguments])
    except SystemExit as stop:
        status = stop.code  # argparse leaves this way
    assert status == 2
    last_line = capsys.readouterr().err.splitlines()[-1]
    assert last_line.startswith("newton-basins: error: ")
    assert text in last_line
    assert not out.exists()


def test_unwritable_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the status 1 and the system's own words."""
    assert main([str(tmp_path / "missing" / "out.png"), "--size", "4x4"]) == 1
    assert "No such file or directory" in capsys.readouterr().err
