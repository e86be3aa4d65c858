"""Colours, and a PNG file to put them in: as much of both as a picture of basins needs."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGB, _INDEXED = 2, 3  # colour types of the PNG specification, 11.2.1
_PALETTE_SIZE = 256


def rgb(hsv: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Turn hue, saturation and value (last axis, each 0 to 1) into red, green and blue bytes."""
    hue, saturation, value = np.moveaxis(hsv, -1, 0)
    # Along the circle of hues each channel is a trapezium; the three are a third of a turn apart.
    position = (hue[..., None] * 6 + np.array([0.0, 4.0, 2.0])) % 6
    trapezium = np.clip(np.abs(position - 3) - 1, 0, 1)
    channels = value[..., None] * (1 - saturation[..., None] * (1 - trapezium))
    pixels: NDArray[np.uint8] = np.rint(channels * 255).astype(np.uint8)
    return pixels


def write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write the (height, width, 3) array of red, green and blue bytes to `path`."""
    path.write_bytes(encode_png(pixels))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return the PNG file for a (height, width, 3) array of red, green and blue bytes."""
    height, width, _ = pixels.shape
    colours, indices = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    if len(colours) <= _PALETTE_SIZE:  # a third of the bytes, and they compress better
        colour_type, palette = _INDEXED, _chunk(b"PLTE", colours.tobytes())
        rows = indices.astype(np.uint8).reshape(height, width)
    else:
        colour_type, palette = _RGB, b""
        rows = pixels.reshape(height, width * 3)
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    # Each row begins with the number of its filter; 0 leaves the row as it is.
    filtered = np.pad(rows, ((0, 0), (1, 0)))
    data = zlib.compress(filtered.tobytes(), 9)
    return b"".join(
        [_SIGNATURE, _chunk(b"IHDR", header), palette, _chunk(b"IDAT", data), _chunk(b"IEND", b"")]
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
