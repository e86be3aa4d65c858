"""The story of a wheel that is built: have the engine make it, finish it, write it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from felloe.audit.policy.family import read_policies
from felloe.build.build import Build
from felloe.build.environment.context import workplace
from felloe.build.toolchain.launch_compiler_cache import through_compiler_cache
from felloe.build.tree.run import build_in_tree
from felloe.config.settings import ConfigSettings
from felloe.errors import FelloeError
from felloe.python.target import Target
from felloe.repair.finish import finish
from felloe.repair.graft import Workshop
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.tags import WheelName
from felloe.wheel.writer import write_wheel

_LINK_PATHS = "cmake.define.CMAKE_INSTALL_RPATH_USE_LINK_PATH"


def build_wheel(build: Build, target: Target, directory: Path, metadata: Path | None) -> Path:
    """Build a wheel that holds what it needs, under tags that are proved."""
    prepare_directory(directory)
    build, target = _equip(build, target)
    with ExitStack() as stack:
        scratch = stack.enter_context(TemporaryDirectory(prefix="felloe-"))
        place = stack.enter_context(workplace(build))
        cached = through_compiler_cache(place.build, place.root, Path(scratch))
        place = replace(place, build=stack.enter_context(cached))
        workshop = Workshop(build.settings, read_policies(), place.build.environ, Path(scratch))
        config = _with_link_paths(place.build)
        made = build_in_tree("wheel", place, target, workshop.room("engine"), config)
        with open_wheel(made) as staged:
            check_metadata(staged, metadata)
            claim = _claim(staged.name, target)
            mended = _mend(staged, build, target)
            finished = finish(mended, claim, target.libc or "glibc", workshop)
            return write_wheel(finished, directory, build.settings.epoch)


def _equip(build: Build, target: Target) -> tuple[Build, Target]:
    if build.settings.toolchain.is_ordinary:
        return build, target
    from felloe.build.toolchain.configure import equip

    return equip(build, target)


def _mend(staged: StagedWheel, build: Build, target: Target) -> StagedWheel:
    if build.settings.toolchain.kind != "zig":
        return staged
    from felloe.build.toolchain.zig_fixups import mend

    return mend(staged, build.settings, target)


def _with_link_paths(build: Build) -> ConfigSettings | None:
    """The engine's config, with the order to keep the linker's search paths.

    CMake removes them at install, and with them the knowledge of where the
    libraries are; the graft needs it, and replaces the paths itself.
    """
    name = _LINK_PATHS.rpartition(".")[2]
    decided = build.project.engine("cmake", "define", name) is not None
    if decided or build.settings.platform == "linux":
        return build.engine_config
    return {_LINK_PATHS: "ON", **(build.engine_config or {})}


def _claim(name: WheelName, target: Target) -> WheelName:
    """What the engine's tag says, for the platform that the build is for.

    Engines older than 1.0 name the machine they run on when cross compiling.
    """
    if not all(platform.startswith("linux_") for platform in name.platforms):
        return name
    return name.with_tags(name.pythons, name.abis, [target.platform])


def check_metadata(staged: StagedWheel, metadata: Path | None) -> None:
    """PEP 517: a wheel built after its metadata must carry the same."""
    if metadata is None:
        return
    prepared = metadata / "METADATA"
    if prepared.is_file() and prepared.read_bytes() != staged.metadata("METADATA"):
        raise FelloeError(
            f"the METADATA of {staged.name.filename} differs from what was prepared for it",
            hint="make the project's dynamic metadata independent of the build",
        )
