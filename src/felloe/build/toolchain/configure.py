"""Choose the target and the compilers of a build, and pass them to the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, STDOUT, run

from felloe import terminal
from felloe.build.build import Build
from felloe.build.cache.directory import cache_root
from felloe.build.toolchain.cmake import ANCHOR, ANCHOR_SOURCE
from felloe.build.toolchain.compilers import find_compilers, find_toolchain_files
from felloe.build.toolchain.libstdcxx import Libstdcxx, find_libstdcxx
from felloe.build.toolchain.plan import Request, Toolchain, plan_defines, plan_host, plan_zig
from felloe.build.toolchain.python import plan_environ
from felloe.build.toolchain.store import (
    find_stored,
    is_warm,
    make_once,
    open_root,
    open_zig,
    store_zig,
    write_files,
)
from felloe.build.toolchain.triple import describe_support, find_triple
from felloe.build.toolchain.windows import (
    MACHINES,
    ImportLibrary,
    make_stable_library,
    read_library,
)
from felloe.build.toolchain.zig import REQUIREMENT, check_version, find_wheel
from felloe.config.settings import Settings
from felloe.errors import FelloeError
from felloe.finding import Finding
from felloe.python.foreign import find_triplet, is_same, make_target
from felloe.python.header import Headers, read_headers
from felloe.python.installed import find_headers, find_installed
from felloe.python.platform import Platform, parse_platform
from felloe.python.target import Target

_OLDEST = {"glibc": "manylinux_2_17", "musl": "musllinux_1_2"}


def find_requirements(build: Build, target: Target) -> list[str]:
    """Return the requirements of the toolchain for the build environment.

    zig is required until it is in the cache, which later builds use. Raise
    :class:`FelloeError` for a target that the toolchain does not support.
    """
    platform = choose_platform(build.settings, target)
    if platform is None or build.settings.toolchain.kind != "zig":
        return []
    _check_host(target)
    find_triple(platform)
    stored = find_stored(cache_root(build.settings.cache))
    return [] if stored or find_wheel() else [REQUIREMENT]


def configure_toolchain(build: Build, target: Target) -> tuple[Build, Target]:
    """Return the build with its toolchain, and the target that the settings ask for."""
    platform = choose_platform(build.settings, target)
    if platform is None:
        return build, target
    _check_host(target)
    request = _make_request(build, target, platform)
    settings = _with_policy(build.settings, platform)
    if request.is_cross:
        # The wheel will not be installed here, so a wheel with another tag would be of no use.
        settings = replace(settings, on_violation="error")
    build = replace(build, settings=settings)
    root = cache_root(settings.cache)
    if settings.toolchain.kind == "zig":
        open_root(root)
        toolchain = _configure_zig(build, request, root)
    else:
        toolchain = plan_host(request)
    if not toolchain.files:
        return build, request.target
    open_root(root)
    place = root / "toolchains" / toolchain.name
    make_once(place, lambda part: _write(part, request, toolchain))
    return _tell_engine(build, request, toolchain, place), request.target


def _check_host(running: Target) -> None:
    """Raise on Windows: the compiler and emulator programs that felloe writes are shell scripts."""
    if running.platform.startswith("win"):
        raise FelloeError(
            "`toolchain = zig` and `target` do not work on a Windows host",
            hint="build on Linux, on macOS or in WSL, or leave both keys out",
        )


def choose_platform(settings: Settings, running: Target) -> Platform | None:
    """Return the target platform; None for the default of the running interpreter."""
    wanted = settings.toolchain.target
    if wanted != "auto":
        return parse_platform(wanted, "target")
    if settings.toolchain.kind != "zig":
        return None
    if running.libc is None:
        raise FelloeError(
            f"`toolchain = zig` needs a `target` on {running.platform}",
            hint="set it to a platform tag such as manylinux_2_17_x86_64",
        )
    return parse_platform(f"{_OLDEST[running.libc]}_{running.architecture}", "target")


def _make_request(build: Build, running: Target, platform: Platform) -> Request:
    named = build.settings.toolchain.sysroot
    root = (build.project.root / named).resolve() if named else None
    _check_sysroot(root)
    installed, headers = None, None
    if root is not None and not is_same(running, platform):
        is_linux = platform.system == "linux"
        triplet = find_triplet(running.version, platform) if is_linux else ""
        headers = find_headers(root, running.version, triplet)
        installed = find_installed(root, running.version, triplet) if is_linux else None
    _check_headers(running, platform, headers)
    return Request(
        platform=platform,
        running=running,
        target=make_target(running, platform, installed),
        headers=headers or read_headers(),
        has_own_headers=headers is not None,
        sysroot=str(root or ""),
        libraries=_make_libraries(running, platform, headers),
    )


def _make_libraries(
    running: Target, platform: Platform, headers: Headers | None
) -> tuple[ImportLibrary, ...]:
    if platform.system != "windows" or headers is None:
        return ()
    own = read_library(headers.include, running.version, running.abi_flags)
    return (make_stable_library(), own)


def _check_sysroot(root: Path | None) -> None:
    if root is not None and not root.is_dir():
        raise FelloeError(
            f"sysroot: {root} is not a directory",
            hint="set `sysroot` to the directory with the files of the target, such as usr/include",
        )


def _check_headers(running: Target, platform: Platform, headers: Headers | None) -> None:
    """Refuse headers of another pointer size, and warn if those for Windows are missing.

    The headers of a 64-bit Python are valid for all 64-bit platforms but Windows.
    """
    if is_same(running, platform) or headers is not None:
        return
    version = ".".join(map(str, running.version))
    if platform.system == "windows":
        terminal.report_warning(
            Finding(
                f"the headers of Python {version} for Windows are missing: extension modules "
                "cannot be compiled",
                hint="set `sysroot` to a directory whose `include` is that of Python for Windows",
            )
        )
    elif not platform.is_64_bit:
        raise FelloeError(
            f"{platform.tag}: the headers of this machine's Python {version} are for 64 bits",
            hint="unpack the development package of that Python for the target (Debian: "
            f"libpython{version}-dev) and set `sysroot` to the directory",
        )


def _with_policy(settings: Settings, platform: Platform) -> Settings:
    """Use the target as the wanted platform tag, unless the settings name another one."""
    is_open = settings.platform in {"auto", "pypi"} or settings.platform_origin == "AUDITWHEEL_PLAT"
    if platform.system != "linux" or not is_open:
        return settings
    return replace(settings, platform=platform.tag, platform_origin="target")


def _configure_zig(build: Build, request: Request, root: Path) -> Toolchain:
    _refuse_second_toolchain(build)
    platform, triple = request.platform, find_triple(request.platform)
    support = describe_support(platform)
    if support:
        terminal.report_warning(Finding(support))
    stdlib = _find_stdlib(request, build.settings)
    version = _store(root)
    zig = open_zig(root, version, triple.name)
    if stdlib is None and not is_warm(zig):
        terminal.report_progress(
            f"first C++ build for {platform.tag} with zig {version}: compiling zig's C++ library, "
            "which takes about a minute, once on this machine"
        )
    return plan_zig(request, zig, triple, stdlib)


def _refuse_second_toolchain(build: Build) -> None:
    for origin in (*find_toolchain_files(build), *find_compilers(build)):
        raise FelloeError(
            f"`toolchain = zig` and {origin} both choose the compilers",
            hint="remove one of them; `target` works with compilers of your own too",
        )


def _find_stdlib(request: Request, settings: Settings) -> Libstdcxx | None:
    """Return the libstdc++ of the system root; None for zig's own libc++."""
    if settings.toolchain.stdlib == "libc++":
        return None
    if request.platform.libc != "glibc":
        raise FelloeError(
            f"`stdlib = libstdc++` needs glibc, which {request.platform.tag} does not have",
            hint="remove `stdlib` for this target",
        )
    return find_libstdcxx(request.sysroot, request.triplet)


def _store(root: Path) -> str:
    """Put zig into the cache if it is not there, and return its version."""
    found = find_wheel()
    if found is not None:
        version, place = found
        check_version(version)
        store_zig(root, version, place)
        return version
    stored = find_stored(root)
    if stored is None:
        raise FelloeError(
            "`toolchain = zig` needs the ziglang package, which is not installed",
            hint=f'run pip install "{REQUIREMENT}"',
        )
    return stored


def _write(place: Path, request: Request, toolchain: Toolchain) -> None:
    write_files(place, dict(toolchain.files))
    if ANCHOR_SOURCE in toolchain.files:
        _run(place, "zig-cc", "-c", "-O2", "-fPIC", ANCHOR_SOURCE, "-o", ANCHOR)
    for library in toolchain.libraries:
        machine = MACHINES[request.platform.architecture]
        words = ("-m", machine, "-d", library.definition_name, "-l", library.file_name)
        _run(place, "zig-dlltool", *words)


def _run(place: Path, tool: str, *words: str) -> None:
    command = [str(place / tool), *words]
    done = run(command, cwd=place, check=False, stdout=PIPE, stderr=STDOUT, text=True)
    if done.returncode:
        raise FelloeError(f"{tool} {' '.join(words)} failed:\n{done.stdout.strip()}")


def _tell_engine(build: Build, request: Request, toolchain: Toolchain, place: Path) -> Build:
    names_system = any(find_toolchain_files(build))
    defines = plan_defines(request, toolchain, place, names_system=names_system)
    config = {f"cmake.define.{name}": value for name, value in defines.items()}
    environ = dict(build.environ)
    if request.is_cross:
        environ |= plan_environ(place, request.target, environ)
    return replace(
        build,
        engine_config={**config, **(build.engine_config or {})},
        environ=environ,
    )
