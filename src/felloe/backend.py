"""The hooks of PEP 517 and 660.

Every hook reads the settings once, calls a function of :mod:`felloe.build` and
turns errors into a message and an exit code. A frontend starts a process for each
hook, so a hook imports only the modules that it needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe import terminal
from felloe.build.build import Build
from felloe.config.project import read_project
from felloe.config.settings import ConfigSettings, read_settings, split_config
from felloe.errors import EngineFailed, FelloeError


def get_requires_for_build_wheel(config_settings: ConfigSettings | None = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-wheel"""
    return _requires("wheel", config_settings)


def get_requires_for_build_editable(config_settings: ConfigSettings | None = None) -> list[str]:
    """https://peps.python.org/pep-0660/#get-requires-for-build-editable"""
    return _requires("editable", config_settings)


def get_requires_for_build_sdist(config_settings: ConfigSettings | None = None) -> list[str]:
    """https://peps.python.org/pep-0517/#get-requires-for-build-sdist"""
    return _requires("sdist", config_settings)


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: ConfigSettings | None = None
) -> str:
    """https://peps.python.org/pep-0517/#prepare-metadata-for-build-wheel"""
    return _prepare_metadata("wheel", metadata_directory, config_settings)


def prepare_metadata_for_build_editable(
    metadata_directory: str, config_settings: ConfigSettings | None = None
) -> str:
    """https://peps.python.org/pep-0660/#prepare-metadata-for-build-editable"""
    return _prepare_metadata("editable", metadata_directory, config_settings)


def build_wheel(
    wheel_directory: str,
    config_settings: ConfigSettings | None = None,
    metadata_directory: str | None = None,
) -> str:
    """https://peps.python.org/pep-0517/#build-wheel"""
    with _reported():
        from felloe.build import wheel
        from felloe.python.target import read_target

        build, target = _read_complete(config_settings), read_target(os.environ)
        metadata = _optional_path(metadata_directory)
        with _diagnosed(build):
            return wheel.build_wheel(build, target, Path(wheel_directory), metadata).name


def build_editable(
    wheel_directory: str,
    config_settings: ConfigSettings | None = None,
    metadata_directory: str | None = None,
) -> str:
    """https://peps.python.org/pep-0660/#build-editable"""
    with _reported():
        from felloe.build.editable import install
        from felloe.python.target import read_target

        build, target = _read_complete(config_settings), read_target(os.environ)
        metadata = _optional_path(metadata_directory)
        with _diagnosed(build):
            return install.build_editable(build, target, Path(wheel_directory), metadata).name


def build_sdist(sdist_directory: str, config_settings: ConfigSettings | None = None) -> str:
    """https://peps.python.org/pep-0517/#build-sdist"""
    with _reported():
        from felloe.build import sdist

        build = _read_complete(config_settings)
        with _diagnosed(build):
            return sdist.build_sdist(build, Path(sdist_directory)).name


def _requires(kind: str, config_settings: ConfigSettings | None) -> list[str]:
    with _reported():
        build = _read_build(config_settings)
        with _question(kind, build) as config:
            asked = build.engine.requires(kind, config)
        return [*asked, *_tools(kind, build)]


def _tools(kind: str, build: Build) -> list[str]:
    """Return the requirements of a toolchain. An editable wheel has none: it stays here."""
    if kind != "wheel" or build.settings.toolchain.is_ordinary:
        return []
    from felloe.build.toolchain.configure import find_requirements
    from felloe.python.target import read_target

    return find_requirements(build, read_target(os.environ))


def _prepare_metadata(kind: str, directory: str, config_settings: ConfigSettings | None) -> str:
    with _reported():
        build = _read_complete(config_settings)
        with _question(kind, build) as config:
            return build.engine.prepare_metadata(kind, Path(directory), config)


@contextmanager
def _question(kind: str, build: Build) -> Iterator[ConfigSettings | None]:
    """Yield the engine's config for a question, and explain a failure that the cache caused.

    With ``editable.rebuild`` the engine requires a build-dir and clears it.
    """
    if kind != "editable":
        yield build.engine_config
        return
    if build.settings.cache.use != "false":
        with TemporaryDirectory(prefix="felloe-") as scratch:
            yield {"build-dir": scratch, **(build.engine_config or {})}
        return
    try:
        yield build.engine_config
    except EngineFailed:
        from felloe.build.editable.install import explain_missing_build

        explain_missing_build(build)
        raise


@contextmanager
def _diagnosed(build: Build) -> Iterator[None]:
    """Report unknown variables, and after a failure of the engine the tools that are missing."""
    for warning in build.settings.warnings:
        terminal.report_warning(warning)
    try:
        yield
    except EngineFailed:
        from felloe.build.diagnosis import find_missing

        for finding in find_missing(build):
            terminal.report_error(FelloeError(finding.message, hint=finding.hint))
        raise


def _optional_path(directory: str | None) -> Path | None:
    return Path(directory) if directory else None


def _read_build(config_settings: ConfigSettings | None) -> Build:
    project = read_project(Path.cwd())
    ours, engine_config = split_config(config_settings)
    settings = read_settings(project.felloe, ours, os.environ)
    # CMake and compilers stamp their output with the same time as felloe.
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(settings.epoch)}
    return Build(project, settings, engine_config, environ, sys.executable)


def _read_complete(config_settings: ConfigSettings | None) -> Build:
    """Read a build, and check what every hook but the questions about requirements needs."""
    build = _read_build(config_settings)
    build.project.check_metadata()
    build.cmake_args()
    return build


@contextmanager
def _reported() -> Iterator[None]:
    """Turn errors of the user into a message and an exit code, without a traceback."""
    try:
        with terminal.warning_frontend():
            yield
    except EngineFailed as failed:  # it has said why
        raise SystemExit(failed.exit_code) from None
    except FelloeError as error:
        terminal.report_error(error)
        raise SystemExit(error.exit_code) from None
