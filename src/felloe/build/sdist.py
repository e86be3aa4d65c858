"""Build an sdist: run the engine, check the archive, write it in a normal form."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.build.build import Build
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.sdist_writer import finish_sdist


def build_sdist(build: Build, directory: Path) -> Path:
    """Build an sdist that is checked and reproducible byte for byte."""
    prepare_directory(directory)
    with TemporaryDirectory(prefix="felloe-") as scratch:
        made = build.engine.build_sdist(Path(scratch), build.engine_config)
        return finish_sdist(made, directory, build.settings.epoch)
