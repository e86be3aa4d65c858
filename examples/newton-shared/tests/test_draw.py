import struct

import newton_shared
import pytest


def test_a_picture_of_the_size_asked_for(tmp_path):
    path = tmp_path / "newton.png"
    newton_shared.draw(path, 40, 30, [1, 0, 0, -1])
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (40, 30)


def test_errors_of_the_library_arrive_as_python_errors(tmp_path):
    with pytest.raises(ValueError, match=r"constant|degree|coefficient"):
        newton_shared.draw(tmp_path / "newton.png", 4, 3, [1])


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match="no-such"):
        newton_shared.draw(tmp_path / "no-such" / "newton.png", 4, 3, [1, 0, -1])
