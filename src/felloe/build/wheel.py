"""Build a wheel: run the engine, bundle libraries, set the tags, write the file."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.audit.policy.family import read_policies
from felloe.build.build import Build
from felloe.build.environment.context import BuildContext, open_context
from felloe.build.toolchain.launch_compiler_cache import use_compiler_cache
from felloe.build.tree.run import build_in_tree
from felloe.config.settings import ConfigSettings, Settings
from felloe.errors import FelloeError
from felloe.python.target import Target
from felloe.repair.context import RepairContext
from felloe.repair.finish import finish
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.tags import WheelName
from felloe.wheel.writer import write_wheel

_LINK_PATHS = "cmake.define.CMAKE_INSTALL_RPATH_USE_LINK_PATH"


def build_wheel(build: Build, target: Target, directory: Path, metadata: Path | None) -> Path:
    """Build a wheel that holds the libraries it needs, with tags that its files prove."""
    prepare_directory(directory)
    build, target = _configure_toolchain(build, target)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="felloe-")))
        context = stack.enter_context(open_context(build))
        context = stack.enter_context(use_compiler_cache(context, scratch))
        return _build_in(context, target, directory, metadata, scratch)


def _build_in(
    context: BuildContext, target: Target, directory: Path, metadata: Path | None, scratch: Path
) -> Path:
    """Build the wheel in an environment, with compilers that are set up."""
    build = context.build
    engine_directory = scratch / "engine"
    engine_directory.mkdir()
    config = _with_link_paths(build, target)
    made = build_in_tree("wheel", context, target, engine_directory, config)
    settings = _with_search(build.settings, made.linked)
    repair = RepairContext(settings, read_policies(), build.environ, scratch)
    with open_wheel(made.path) as staged:
        check_metadata(staged, metadata)
        claim = _claim(staged.name, target)
        fixed = _fix_zig(staged, build, target)
        finished = finish(fixed, claim, target.libc or "glibc", repair)
        return write_wheel(finished, directory, build.settings.epoch)


def _configure_toolchain(build: Build, target: Target) -> tuple[Build, Target]:
    if build.settings.toolchain.is_ordinary:
        return build, target
    from felloe.build.toolchain.configure import configure_toolchain

    return configure_toolchain(build, target)


def _fix_zig(staged: StagedWheel, build: Build, target: Target) -> StagedWheel:
    if build.settings.toolchain.kind != "zig":
        return staged
    from felloe.build.toolchain.zig_fixups import fix_objects

    return fix_objects(staged, build.settings, target)


def _with_link_paths(build: Build, target: Target) -> ConfigSettings | None:
    """Return the engine's config, with an RPATH for each directory that the linker searched.

    CMake removes these paths at install. The graft needs them to find the
    libraries and replaces them itself. It does so for Linux only.
    """
    name = _LINK_PATHS.rpartition(".")[2]
    is_set = build.skbuild.is_set("cmake", "define", name)
    if is_set or target.libc is None or build.settings.platform == "linux":
        return build.engine_config
    return {_LINK_PATHS: "ON", **(build.engine_config or {})}


def _with_search(settings: Settings, directories: tuple[str, ...]) -> Settings:
    """Return the settings with more directories in ``libraries.search``."""
    libraries = settings.libraries
    search = (*libraries.search, *directories)
    return replace(settings, libraries=replace(libraries, search=search))


def _claim(name: WheelName, target: Target) -> WheelName:
    """Return the engine's name, with the platform that the build is for.

    Engines older than 1.0 name the machine they run on when they cross compile.
    """
    if not all(platform.startswith("linux_") for platform in name.platforms):
        return name
    return name.with_tags(name.pythons, name.abis, [target.platform])


def check_metadata(staged: StagedWheel, metadata: Path | None) -> None:
    """Check that the wheel has the METADATA that was prepared for it (PEP 517)."""
    if metadata is None:
        return
    prepared = metadata / "METADATA"
    if prepared.is_file() and prepared.read_bytes() != staged.metadata("METADATA"):
        raise FelloeError(
            f"the METADATA of {staged.name.filename} differs from what was prepared for it",
            hint="make the project's dynamic metadata independent of the build",
        )
