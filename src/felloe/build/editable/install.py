"""Build an editable wheel: keep the build, and add an import hook that rebuilds it.

An editable wheel never leaves the machine, so that felloe does not audit it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import felloe
from felloe import terminal
from felloe.build.build import Build
from felloe.build.cache.lock import CAN_LOCK
from felloe.build.editable.import_hook import ImportHook, add_rebuild, read_hook
from felloe.build.environment.context import BuildContext, open_context, prune_cache
from felloe.build.environment.origin import stable_site
from felloe.build.tree.run import may_have_tree, name_build_dir, name_tree, plan_job
from felloe.build.wheel import check_metadata
from felloe.config.settings import ConfigSettings
from felloe.errors import EngineFailed
from felloe.finding import Finding
from felloe.python.target import Target
from felloe.repair.finish import GENERATOR
from felloe.wheel.atomic_write import prepare_directory
from felloe.wheel.reader import StagedWheel, open_wheel
from felloe.wheel.wheel_file import retag
from felloe.wheel.writer import write_wheel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from felloe.build.editable.state import EditableState
    from felloe.build.tree.tree import Tree

_BUILD_DIR = "build-dir"
_REBUILD = "SKBUILD_EDITABLE_REBUILD"
_EXPORT = "CMAKE_EXPORT_COMPILE_COMMANDS"
_COMMANDS = "compile_commands.json"


@dataclass(frozen=True)
class _Site:
    """Directories of an editable build, locked by this process."""

    place: BuildContext
    state: EditableState
    tree: Tree
    config: ConfigSettings
    is_ours: bool
    """True if felloe has chosen the build directory, false if the project has."""


def build_editable(build: Build, target: Target, directory: Path, metadata: Path | None) -> Path:
    """Build an editable wheel, and keep the build for later imports."""
    prepare_directory(directory)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="felloe-")))
        place = stack.enter_context(open_context(build))
        site = _open_site(place, target, stack)
        made = _build(site, scratch) if site else _build_for_once(place, scratch)
        with open_wheel(made) as staged:
            check_metadata(staged, metadata)
            hook = read_hook(staged)
            if site is None and hook is not None and hook.rebuilds and place.origin.vanishes:
                _warn_of_lost_environment()
            settled = _settle(staged, hook, site) if site else staged
            editable = retag(settled, settled.name, generator=GENERATOR)
            return write_wheel(editable, directory, build.settings.epoch)


def _open_site(place: BuildContext, target: Target, stack: ExitStack) -> _Site | None:
    """Lock the state of this installation until the build ends. None if nothing is kept."""
    if place.root is None or (place.origin.vanishes and not place.address):
        return None
    from felloe.build.editable.rebuild import wait_for_state
    from felloe.build.editable.state import KIND, EditableState
    from felloe.build.tree.key import select_build_variables
    from felloe.build.tree.tree import Tree

    build, config = place.build, dict(place.build.engine_config or {})
    config = _with_compile_commands(build, config)
    path = place.root / KIND / name_tree(place, target, config)
    try:
        lock = wait_for_state(path)
        stack.callback(lock.release)
        path.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        terminal.report_note(
            Finding(f"{path} cannot be used: {cause.strerror}; building without it")
        )
        return None
    steering = select_build_variables(build.environ)
    project = os.path.realpath(build.project.root)
    state = EditableState(path, project, place.address, rebuilds=False, environ=steering)
    tree = Tree(path, project, lock)
    is_ours = may_have_tree(place, config)
    return _Site(place, state, tree, config, is_ours)


def _build(site: _Site, directory: Path) -> Path:
    """Build in a directory that later imports can use.

    The engine does not inherit the lock, because the server of a compiler cache
    could keep it. The tree of a build that was killed is deleted.
    """
    for old in site.state.path.glob("stamps-*"):
        old.unlink(missing_ok=True)
    if not site.is_ours:
        return site.place.build.engine.build("editable", directory, site.config)
    return _build_in_state(site, directory)


def _build_in_state(site: _Site, directory: Path) -> Path:
    from felloe.build.cache.entry import set_aside
    from felloe.build.tree.repeat import Blind, link_or_copy, repeat, reuse_wheel
    from felloe.build.tree.tree import mark, unmark, was_killed
    from felloe.build.watch.library import Unwatchable

    tree, build = site.tree, site.place.build
    config = {**site.config, _BUILD_DIR: name_build_dir(tree)}

    def run(environ: Mapping[str, str]) -> Path:
        engine = replace(build, environ=environ).engine
        return engine.build("editable", directory, config, str(tree.scratch))

    record, changes, wheel = reuse_wheel(tree.path)
    killed = was_killed(tree.path)
    if wheel is not None and not killed:
        return link_or_copy(wheel, directory)
    mark(tree.path)
    site.state.note_sight()
    try:
        job = plan_job(tree, site.place, run, directory)
        outcome = repeat(job, None if killed else record, changes)
        made = outcome.made
    except Unwatchable:
        made = None
    except Blind as blind:
        site.state.note_blind(str(blind))
        made = blind.made
    finally:
        unmark(tree.path)
        shutil.rmtree(tree.scratch, ignore_errors=True)
    if made is None:
        set_aside(tree.build_dir)
        made = run(build.environ)
        shutil.rmtree(tree.scratch, ignore_errors=True)
    return made


def _build_for_once(place: BuildContext, directory: Path) -> Path:
    """Build in the frontend's environment, without keeping anything."""
    build = place.build
    try:
        return build.engine.build("editable", directory, build.engine_config)
    except EngineFailed:
        explain_missing_build(build)
        raise


def explain_missing_build(build: Build) -> None:
    """Print a note after a failed build if ``editable.rebuild`` needs a kept build."""
    if build.skbuild.is_set("editable", "rebuild"):
        terminal.report_note(
            Finding(
                "editable.rebuild needs the build to be kept, and felloe does not keep it",
                hint=("set `cache` to true, or " if CAN_LOCK else "on this system, ")
                + "set build-dir and install without build isolation",
            )
        )


def _settle(staged: StagedWheel, hook: ImportHook | None, site: _Site) -> StagedWheel:
    """Write the state of the installation, and add the rebuild to the import hook."""
    from felloe.build.editable.rebuild import note_fresh
    from felloe.build.editable.state import write_state

    rebuilds = hook is not None and hook.rebuilds and bool(hook.path)
    write_state(replace(site.state, rebuilds=rebuilds))
    build_dir = Path(hook.path) if hook is not None and hook.path else site.tree.build_dir
    _offer_compile_commands(site.place.build, build_dir)
    if site.place.root is not None:
        prune_cache(site.place.root, site.place.build.settings.cache.limit)
    if hook is None or not rebuilds:
        return staged
    if not hook.prefix or Path(hook.prefix).is_absolute():
        note_fresh(site.state, hook.prefix)
    return add_rebuild(staged, hook, _constants(site))


def _constants(site: _Site) -> Mapping[str, str]:
    """Return the constants of the rebuild module, which runs where felloe is not installed."""
    origin, environment = site.place.origin, _environment(site.place)
    home = str(Path(felloe.__file__).parents[1])
    if environment and origin.owns(home):
        home = stable_site(origin, environment)
    return {
        "PROJECT": site.state.project,
        "STATE": str(site.state.path),
        "PYTHON": f"{environment}/bin/python" if environment else origin.python,
        "HOME": home,
    }


def _environment(place: BuildContext) -> str:
    if place.root is None or not place.address:
        return ""
    return str(place.root / "environments" / place.address)


def _with_compile_commands(build: Build, config: ConfigSettings) -> dict[str, object]:
    """Return the config with CMake's ``compile_commands.json`` turned on, for editors.

    The config is unchanged if the project or the user has set that variable, or
    if the project has such a file of its own.
    """
    decided = build.skbuild.is_set("cmake", "define", _EXPORT) or _EXPORT in build.environ
    root = build.project.root
    file = root / _COMMANDS
    is_theirs = file.is_file() and not file.is_symlink() and not (root / "CMakeCache.txt").exists()
    if decided or is_theirs:
        return dict(config)
    return {f"cmake.define.{_EXPORT}": "ON", **config}


def _offer_compile_commands(build: Build, build_dir: Path) -> None:
    """Link ``compile_commands.json`` into the project's directory if git ignores it there."""
    file, link = build_dir / _COMMANDS, build.project.root / _COMMANDS
    if not file.is_file() or os.path.realpath(file) == os.path.realpath(link):
        return
    is_ours = link.is_symlink() and "editables" in link.readlink().parts
    if (is_ours or not os.path.lexists(link)) and _is_ignored(link):
        with suppress(OSError):
            link.unlink(missing_ok=True)
            link.symlink_to(file)
            return
    terminal.report_progress(f"compile commands, for editors: {file}")


def _is_ignored(path: Path) -> bool:
    command = ["git", "-C", str(path.parent), "check-ignore", "-q", path.name]
    try:
        done = subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def _warn_of_lost_environment() -> None:
    terminal.report_warning(
        Finding(
            "editable.rebuild builds at import, but the installer deletes the build environment",
            hint="set `cache` to true, or install without build isolation",
        )
    )
