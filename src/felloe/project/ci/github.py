"""GitHub Actions: one workflow from the sdist to the index."""

from __future__ import annotations

from collections.abc import Iterator

from felloe.project.ci.github_layout import (
    ACTIONS,
    CHECK,
    CHECK_DIST,
    HEAD,
    LINUX,
    NATIVE,
    NEWER,
    PUBLISH,
)
from felloe.project.ci.layout import render_heading
from felloe.project.ci.pipeline import TOOL_PYTHON, Pipeline
from felloe.project.ci.platform import IMAGE_VERSION, MACOS_FLOOR, Platform, image_of, policy_of
from felloe.project.ci.script import BUILD, SDIST, personality_of, render_container, render_test

PATH = ".github/workflows/wheels.yml"

RUNNERS = {
    "manylinux_x86_64": "ubuntu-24.04",
    "manylinux_i686": "ubuntu-24.04",
    "manylinux_aarch64": "ubuntu-24.04-arm",
    "musllinux_x86_64": "ubuntu-24.04",
    "musllinux_aarch64": "ubuntu-24.04-arm",
    "macos_arm64": "macos-15",
    "macos_x86_64": "macos-15-intel",
    "windows_amd64": "windows-2025",
    "windows_arm64": "windows-11-arm",
}


# The first Python for Windows on ARM that actions/setup-python has.
_OLDEST_WINDOWS_ARM = 11


def render(pipeline: Pipeline) -> str:
    """The workflow file."""
    containers = () if pipeline.zig or pipeline.pure else pipeline.of_system("linux")
    native = tuple(item for item in pipeline.platforms if item not in containers)
    native = tuple(item for item in native if any(_has(item, it) for it in pipeline.builders))
    test = render_test(pipeline)
    jobs = ["sdist"]
    sdist = _own(SDIST, pipeline, ".")
    parts = [HEAD.fill(heading=_heading(pipeline), branch=pipeline.branch, sdist=sdist, **_USED)]
    if containers:
        jobs.append("linux")
        parts.append(_render_linux(pipeline, containers))
    if native:
        jobs.append("native")
        builds = native[:1] if pipeline.pure else native
        matrix = _matrix(builds, pipeline.builders, pipeline)
        environment = [f"{key}: {value}" for key, value in _environment(pipeline)]
        words = {"matrix": matrix, "env": environment, "build": BUILD, "test": test}
        parts.append(NATIVE.fill(**words, **_USED))
    if native and test:
        newer = _render_newer(native, test, pipeline)
        jobs += ["newer"] * bool(newer)
        parts += newer
    check = _own(CHECK_DIST, pipeline, "dist/*.whl")
    parts.append(CHECK.fill(jobs=", ".join(jobs), check=check, **_USED))
    previous = "check"
    for index in pipeline.indexes:
        parts.append(_render_publish(index, previous, pipeline.name))
        previous = index
    return "\n".join(parts)


def _render_newer(
    native: tuple[Platform, ...], test: tuple[str, ...], pipeline: Pipeline
) -> list[str]:
    """The job for the Pythons, and of a wheel for all platforms for those, that did not build."""
    pythons = tuple(python for python in pipeline.pythons if python not in pipeline.builders)
    pattern = "wheels-${{ matrix.platform }}-*"
    built: tuple[tuple[str, str], ...] = ()
    if pipeline.pure and len(native) > 1:
        pythons, built = pipeline.pythons, ((native[0].name, pipeline.builders[0]),)
    if pipeline.pure:
        pattern = "wheels-*"
    if not pythons:
        return []
    matrix = _matrix(native, pythons, pipeline, built)
    return [NEWER.fill(matrix=matrix, test=test, pattern=pattern, **_USED)]


def _own(script: tuple[str, ...], pipeline: Pipeline, place: str) -> tuple[str, ...]:
    """felloe's own pipeline works with what it is about to release, not with what it has."""
    ours = pipeline.name == "felloe"
    return (script[0].replace(" felloe", f" {place}"), *script[1:]) if ours else script


def _heading(pipeline: Pipeline) -> list[str]:
    remarks = []
    if pipeline.indexes:
        remarks = [
            "",
            "A tag v… publishes, without tokens. Say once to each index who publishes:",
            "this repository, the name of this file and the environment pypi, at",
            "https://pypi.org/manage/account/publishing/; with testpypi for pypi, at",
            "https://test.pypi.org/manage/account/publishing/.",
        ]
    return render_heading("github", *remarks)


_USED = {**ACTIONS, "python": TOOL_PYTHON}


def _render_linux(pipeline: Pipeline, platforms: tuple[Platform, ...]) -> str:
    rows = []
    for item in platforms:
        rows += [
            f"- platform: {item.name}",
            f"  runner: {RUNNERS[item.name]}",
            f"  docker: {item.docker_platform}",
            f"  image: {image_of(item, pipeline.manylinux)}",
            f"  personality: {personality_of(item)}",
        ]
    script = render_container(pipeline)
    return LINUX.fill(rows=rows, script=script, version=IMAGE_VERSION, **_USED)


def _matrix(
    platforms: tuple[Platform, ...],
    pythons: tuple[str, ...],
    pipeline: Pipeline,
    built: tuple[tuple[str, str], ...] = (),
) -> Iterator[str]:
    """Every platform with every Python, but for what the service does not have or has built."""
    lacking = [
        f'- {{platform: {item.name}, python: "{python}"}}'
        for item in platforms
        for python in pythons
        if not _has(item, python) or (item.name, python) in built
    ]
    yield f"platform: [{', '.join(item.name for item in platforms)}]"
    yield f"python: [{', '.join(_quote(python) for python in pythons)}]"
    yield "include:"
    for item in platforms:
        words = f"platform: {item.name}, runner: {RUNNERS[item.name]}"
        if pipeline.zig:
            linux = item.system == "linux"
            target = policy_of(item, pipeline.manylinux) if linux else "auto"
            words += f", toolchain: {'zig' if linux else 'host'}, target: {target}"
        yield f"  - {{{words}}}"
    if lacking:
        yield "exclude:"
        yield from (f"  {line}" for line in lacking)


def _has(platform: Platform, python: str) -> bool:
    """Whether the service has that Python there."""
    minor = int(python[2:].rstrip("t"))
    return platform.name != "windows_arm64" or minor >= _OLDEST_WINDOWS_ARM


def _quote(python: str) -> str:
    """A version as YAML: 3.10 without quotes would be a number, and 3.1."""
    return f'"{python}"'


def _environment(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    if pipeline.of_system("macos"):
        yield "MACOSX_DEPLOYMENT_TARGET", f'"{MACOS_FLOOR}"'
    if pipeline.zig:
        yield "FELLOE_TOOLCHAIN", "${{ matrix.toolchain }}"
        yield "FELLOE_TARGET", "${{ matrix.target }}"
    yield "PIP_DISABLE_PIP_VERSION_CHECK", '"1"'


def _render_publish(index: str, previous: str, name: str) -> str:
    test = index == "testpypi"
    host = "test.pypi.org" if test else "pypi.org"
    options = ["repository-url: https://test.pypi.org/legacy/", "skip-existing: true"]
    return PUBLISH.fill(
        index=index,
        previous=previous,
        page=f"https://{host}/p/{name}",
        options=options if test else [],
        **_USED,
    )
