"""Build an sdist: run the engine, check the archive, write it in a normal form."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import terminal
from felloe.build.build import Build
from felloe.finding import Finding
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.sdist_writer import finish_sdist


def build_sdist(build: Build, directory: Path) -> Path:
    """Build an sdist that is checked and reproducible byte for byte."""
    prepare_directory(directory)
    warn_of_outside_source(build)
    with TemporaryDirectory(prefix="felloe-") as scratch:
        made = build.engine.build_sdist(Path(scratch), build.engine_config)
        return finish_sdist(made, directory, build.settings.epoch)


def warn_of_outside_source(build: Build) -> None:
    """Warn if CMake's source directory is outside of the project, as the sdist lacks it."""
    named = build.skbuild.get_text("cmake", "source-dir")
    if not named or not build.compiles:
        return
    root = build.project.root.resolve()
    if root not in (root / named, *(root / named).resolve().parents, (root / named).resolve()):
        terminal.report_warning(
            Finding(
                f"the sdist cannot be built: cmake.source-dir is {named!r}, which is outside of "
                f"{root} and so not in the sdist",
                hint="move pyproject.toml to the top directory of the CMake project",
            )
        )
