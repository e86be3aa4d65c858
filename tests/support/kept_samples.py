"""Builds of tests/projects/kept with a cache of its own, for the tests of what a tree is worth."""

from __future__ import annotations

import hashlib
import re
import shutil
import zipfile
from typing import Any

from support.process import run

NOTHING: list[str] = []
EVERYTHING = ["answer.c", "kept.c"]


class Project:
    """A copy of tests/projects/kept, its builds, and a cache of its own."""

    def __init__(self, root, cache, call, out):
        self.root, self.cache, self._call, self._out = root, cache, call, out

    def build(self, config=None, env=None, *, check=True, **options):
        """Build a wheel; what was compiled, and all that was printed."""
        shutil.rmtree(self._out, ignore_errors=True)
        self._out.mkdir()
        environ = {"FELLOE_CACHE": "1", "FELLOE_CACHE_DIR": str(self.cache), **(env or {})}
        answer = self._call(
            self.root, "build_wheel", self._out, config, env=environ, check=check, **options
        )
        self.wheel: Any = self._out / answer.value if answer.value else None
        return answer

    def compiled(self, config=None, env=None):
        return compiled_in(self.build(config, env).output)

    def compiled_cold(self, config=None, env=None):
        """The bytes of a wheel from a tree at the same place in which nothing was kept."""
        shutil.rmtree(self.cache / "v1" / "trees")
        assert self.compiled(config, env) == EVERYTHING
        return self.bytes

    @property
    def bytes(self):
        return hashlib.sha256(self.wheel.read_bytes()).hexdigest()

    @property
    def trees(self):
        return sorted((self.cache / "v1" / "trees").glob("kept-*"))

    def names(self):
        with zipfile.ZipFile(self.wheel) as archive:
            return archive.namelist()

    def ask(self, python):
        place = self._out / "unpacked"
        with zipfile.ZipFile(self.wheel) as archive:
            archive.extractall(place)
        code = "import kept; print(kept.ask())"
        return int(run(python, "-c", code, env={"PYTHONPATH": str(place)}).stdout)

    def edit(self, name, old, new):
        file = self.root / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


def compiled_in(output):
    return sorted(re.findall(r"Building C object \S*/(\w+\.c)\.o", output))
