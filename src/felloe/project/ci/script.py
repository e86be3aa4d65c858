"""The commands that jobs run: on every service they install felloe and call ``felloe build``."""

from __future__ import annotations

from collections.abc import Iterable

from felloe.project.ci.pipeline import Pipeline
from felloe.project.ci.target import IMAGE_VERSION, Target

VENV = ('python3 -m venv "$HOME/tools"', 'export PATH="$HOME/tools/bin:$PATH"')
"""For machines whose Python belongs to the system, where pip installs nothing."""

_OUTPUT = "dist"


def render_install(pipeline: Pipeline) -> str:
    """Install felloe, and uv as its frontend."""
    return f"python -m pip install {pipeline.requirement} uv"


def render_check(pipeline: Pipeline) -> tuple[str, ...]:
    """Check the files of all jobs."""
    return f"python -m pip install {pipeline.requirement}", f"felloe check {_OUTPUT}/*"


def render_build(pipeline: Pipeline, target: Target, pythons: str = "") -> str:
    """Build and test the sdist and the wheels of a target; ``pythons`` replaces the versions."""
    words = pythons or " ".join(pipeline.pythons_of(target))
    line = f"felloe build --output-dir {_OUTPUT} --python {words}"
    if pipeline.zig and target.system == "linux":
        line += f" --target {target.tag} -C felloe.toolchain=zig"
    return line


def render_job(pipeline: Pipeline, target: Target) -> tuple[str, ...]:
    """Build with interpreters that uv installs, or with those of the image."""
    if pipeline.is_contained(target):
        path = 'export PATH="/opt/python/cp313-cp313/bin:$PATH"'
        return path, render_install(pipeline), render_build(pipeline, target)
    pythons = " ".join(pipeline.pythons_of(target))
    return (
        render_install(pipeline),
        f"uv python install {pythons}",
        render_build(pipeline, target),
    )


def render_docker(pipeline: Pipeline, target: Target) -> tuple[str, ...]:
    """Run the job in its image, for services that do not start images themselves."""
    script = "; ".join(render_job(pipeline, target))
    return (
        f"# {IMAGE_VERSION}",
        f'docker run --rm --platform {target.docker_platform} -v "$PWD:/project" -w /project \\',
        f"  {GIT_OPTIONS} \\",
        f"  {target.image} \\",
        f"  {target.personality} sh -ec '{script}'",
    )


GIT_OPTIONS = "-e GIT_CONFIG_COUNT=1 -e GIT_CONFIG_KEY_0=safe.directory -e 'GIT_CONFIG_VALUE_0=*'"
"""Let git read a checkout of another user: versions may come from its tags."""


def stop_at_failure(lines: Iterable[str]) -> tuple[str, ...]:
    """Stop at the first failure, without ending the shell that the service keeps."""
    return ("(", "set -eu", *lines, ")")
