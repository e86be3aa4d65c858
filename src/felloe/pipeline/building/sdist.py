"""The story of an sdist: have it built, check it, write it normalized."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.archive.place import prepare_directory
from felloe.archive.sdist import finish_sdist
from felloe.pipeline.building.build import Build


def build_sdist(build: Build, directory: Path) -> Path:
    """Build an sdist, checked and byte for byte reproducible."""
    prepare_directory(directory)
    with TemporaryDirectory(prefix="felloe-") as scratch:
        made = build.engine.build("sdist", Path(scratch), build.engine_config)
        return finish_sdist(made, directory, build.settings.epoch)
