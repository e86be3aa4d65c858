"""The extra felloe[fast]: the same wheel, packed by libdeflate."""

from __future__ import annotations

import os
import sys
import zipfile

from support.process import run


def test_a_wheel_packed_by_libdeflate(copy_project, hook, answer_of, environ, tmp_path):
    place = tmp_path / "extra"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--target", place]
    run(*pip, "deflate>=0.7", env=environ)
    project = copy_project("frontend_tiny")
    wheels = {}
    for name, path in (("plain", ""), ("fast", str(place))):
        out = tmp_path / name
        out.mkdir()
        made = hook(project, "build_wheel", out, env={"PYTHONPATH": path or os.devnull})
        wheels[name] = out / made.value
    plain, fast = wheels["plain"], wheels["fast"]
    assert plain.read_bytes() != fast.read_bytes()
    assert fast.stat().st_size <= plain.stat().st_size * 1.01
    with zipfile.ZipFile(plain) as one, zipfile.ZipFile(fast) as other:
        assert other.testzip() is None
        assert {n: one.read(n) for n in one.namelist()} == {
            n: other.read(n) for n in other.namelist()
        }
    run(sys.executable, "-m", "felloe", "audit", fast)
    assert answer_of(fast) == 42
