"""The hooks of PEP 517 and 660.

Every hook reads the facts once, tells the story of :mod:`felloe.pipeline` and
turns our errors into a message and an exit code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from felloe import console, pipeline
from felloe.engine import Engine
from felloe.errors import EngineFailed, FelloeError
from felloe.pipeline import Build
from felloe.project import read_project
from felloe.settings import ConfigSettings, read_settings, split_config
from felloe.target import read_target


def get_requires_for_build_wheel(config_settings: ConfigSettings | None = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-wheel"""
    with _reported():
        build = _read_build(config_settings)
        return build.engine.requires("wheel", build.engine_config)


def get_requires_for_build_editable(config_settings: ConfigSettings | None = None) -> list[str]:
    """https://peps.python.org/pep-0660/#get-requires-for-build-editable"""
    with _reported():
        build = _read_build(config_settings)
        return build.engine.requires("editable", build.engine_config)


def get_requires_for_build_sdist(config_settings: ConfigSettings | None = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-sdist"""
    with _reported():
        build = _read_build(config_settings)
        return build.engine.requires("sdist", build.engine_config)


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: ConfigSettings | None = None
) -> str:
    """https://peps.python.org/pep-0517/#prepare-metadata-for-build-wheel"""
    with _reported():
        build = _read_build(config_settings)
        directory = Path(metadata_directory)
        return build.engine.prepare_metadata("wheel", directory, build.engine_config)


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: ConfigSettings | None = None
) -> str:
    """https://peps.python.org/pep-0660/#prepare-metadata-for-build-editable"""
    with _reported():
        build = _read_build(config_settings)
        directory = Path(metadata_directory)
        return build.engine.prepare_metadata("editable", directory, build.engine_config)


def build_wheel(
    wheel_directory: str,
    config_settings: ConfigSettings | None = None,
    metadata_directory: str | None = None,
) -> str:
    """https://peps.python.org/pep-0517/#build-wheel"""
    with _reported():
        build, target = _read_build(config_settings), read_target(os.environ)
        metadata = Path(metadata_directory) if metadata_directory else None
        return pipeline.build_wheel(build, target, Path(wheel_directory), metadata).name


def build_editable(
    wheel_directory: str,
    config_settings: ConfigSettings | None = None,
    metadata_directory: str | None = None,
) -> str:
    """https://peps.python.org/pep-0660/#build-editable"""
    with _reported():
        build = _read_build(config_settings)
        metadata = Path(metadata_directory) if metadata_directory else None
        return pipeline.build_editable(build, Path(wheel_directory), metadata).name


def build_sdist(sdist_directory: str, config_settings: ConfigSettings | None = None) -> str:
    """https://peps.python.org/pep-0517/#build-sdist"""
    with _reported():
        build = _read_build(config_settings)
        return pipeline.build_sdist(build, Path(sdist_directory)).name


def _read_build(config_settings: ConfigSettings | None) -> Build:
    project = read_project(Path.cwd())
    ours, engine_config = split_config(config_settings)
    settings = read_settings(project.felloe, ours, os.environ)
    # CMake and compilers stamp what they make with the same time as we do.
    environ = {"SOURCE_DATE_EPOCH": str(settings.epoch), **os.environ}
    return Build(Engine(project.root, sys.executable, environ), engine_config, settings)


@contextmanager
def _reported() -> Iterator[None]:
    """A user's mistake is a message and an exit code, not a traceback."""
    try:
        yield
    except EngineFailed as failed:  # it has said why
        raise SystemExit(failed.exit_code) from None
    except FelloeError as error:
        console.report_error(error)
        raise SystemExit(error.exit_code) from None
