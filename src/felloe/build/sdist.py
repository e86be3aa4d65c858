"""The story of an sdist: have it built, check it, write it normalized."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.build.build import Build
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.sdist import finish_sdist


def build_sdist(build: Build, directory: Path) -> Path:
    """Build an sdist, checked and byte for byte reproducible."""
    prepare_directory(directory)
    with TemporaryDirectory(prefix="felloe-") as scratch:
        made = build.engine.build("sdist", Path(scratch), build.engine_config)
        return finish_sdist(made, directory, build.settings.epoch)
