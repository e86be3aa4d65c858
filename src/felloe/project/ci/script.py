"""The shell that jobs run, for every service the same."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from felloe.project.ci.pipeline import Pipeline
from felloe.project.ci.platform import IMAGE_VERSION, Platform, image_of

SDIST = (
    "python -m pip install build felloe",
    "python -m build --sdist --outdir sdist",
    "felloe check sdist/*",
)
"""Makes the sdist that all wheels are built from, so that it is known to be whole."""

BUILD = "python -m pip wheel --no-deps --wheel-dir wheels sdist/*.tar.gz"

OWN_PYTHON = (
    'python3 -m venv "$HOME/tools"',
    'PATH="$HOME/tools/bin:$PATH"',
)
"""For machines whose own Python belongs to the system, which pip leaves alone."""


def render_subshell(lines: Iterable[str]) -> tuple[str, ...]:
    """Stop at the first failure, without ending the shell that the service keeps."""
    # Not indented: the end of a here document has to be at the beginning of its line.
    return ("(", "set -eu", *lines, ")")


def render_docker(platform: Platform, pipeline: Pipeline) -> tuple[str, ...]:
    """The same as :func:`render_container`, from outside of the container.

    The script is an argument: as input it could be read by what it runs.
    """
    return (
        *render_variable(render_container(pipeline)),
        f"image={image_of(platform, pipeline.manylinux)} # {IMAGE_VERSION}",
        f'docker run --rm --platform {platform.docker_platform} -v "$PWD:/project" -w /project \\',
        f'  "$image" {personality_of(platform)} bash -c "$script"',
    )


def render_variable(script: Iterable[str]) -> tuple[str, ...]:
    """Put a script into the variable ``script``."""
    return ("script=$(cat <<'END'", *script, "END", ")")


def personality_of(platform: Platform) -> str:
    """The program to start others with: a 64-bit kernel names its own machine otherwise."""
    return "linux32" if platform.architecture == "i686" else "env"


def render_test(pipeline: Pipeline) -> tuple[str, ...]:
    """Install the built wheel into the Python on PATH, and test it outside of the source tree.

    In bash, from the project's directory.
    """
    if not pipeline.test_command:
        return ()
    # First from the files alone, or pip might prefer a release of the index.
    install = "python -m pip install"
    requires = " ".join(map(shlex.quote, pipeline.test_requires))
    return (
        f"{install} --no-index --no-deps --find-links wheels {pipeline.name}",
        f"{install} {pipeline.name} {requires}",
        'project="$PWD"',
        f'(cd "$(mktemp -d)" && {pipeline.test_command.replace("{project}", "$project")})',
    )


def render_container(pipeline: Pipeline) -> tuple[str, ...]:
    """Build and test with the interpreters of a manylinux or musllinux image, in bash.

    Each has pip and nothing else, and the container is thrown away: no
    environments are needed.
    """
    lines = ["set -eu", f"for python in {_directories(pipeline.builders)}; do"]
    lines += [_IMAGE_PYTHON, f"  {BUILD}", "done"]
    test = render_test(pipeline)
    if test:
        lines += [f"for python in {_directories(pipeline.pythons)}; do", _IMAGE_PYTHON]
        lines += [f"  {line}" for line in test]
        lines += ["done"]
    return tuple(lines)


_IMAGE_PYTHON = '  export PATH="/opt/python/$python/bin:$PATH"'


def _directories(pythons: tuple[str, ...]) -> str:
    """``3.14t`` is in ``/opt/python/cp314-cp314t``."""
    names = []
    for version in pythons:
        tag = "cp" + version.replace(".", "")
        names.append(f"{tag.rstrip('t')}-{tag}")
    return " ".join(names)


def render_managed(pipeline: Pipeline) -> tuple[str, ...]:
    """Build and test with interpreters that uv installs, in bash."""
    lines = ["python -m pip install uv"]
    for pythons, work in (
        (pipeline.builders, (BUILD,)),
        (pipeline.pythons, render_test(pipeline)),
    ):
        if work:
            lines += [f"for version in {' '.join(pythons)}; do"]
            lines += [f'  {_ENVIRONMENT} "$version" environment', "  ("]
            # The second is where Windows has it.
            lines += ['    PATH="$PWD/environment/bin:$PWD/environment/Scripts:$PATH"']
            lines += [f"    {line}" for line in work]
            lines += ["  )", "done"]
    return tuple(lines)


def render_powershell(pipeline: Pipeline) -> tuple[str, ...]:
    """The same for the PowerShell of Windows, where a failing program stops nothing by itself."""
    lines = [
        'function Check { if ($LASTEXITCODE) { throw "exit code $LASTEXITCODE" } }',
        "$base = (Get-Command python).Source",
        "$path = $env:PATH",
        "python -m pip install uv; Check",
    ]
    for pythons, work in (
        (pipeline.builders, _powershell_build()),
        (pipeline.pythons, _powershell_test(pipeline)),
    ):
        if work:
            versions = ", ".join(f"'{version}'" for version in pythons)
            environment = _ENVIRONMENT.replace("python", "& $base", 1)
            lines += [f"foreach ($version in {versions}) {{"]
            lines += [f"  {environment} $version environment; Check"]
            lines += ['  $env:PATH = "$PWD\\environment\\Scripts;$path"']
            lines += [f"  {line}" for line in work]
            lines += ["  $env:PATH = $path", "}"]
    return tuple(lines)


_ENVIRONMENT = "python -m uv venv -q --clear --seed --python"


def _powershell_build() -> tuple[str, ...]:
    command = BUILD.replace("sdist/*.tar.gz", "(Get-Item sdist\\*.tar.gz).FullName")
    return (f"{command}; Check",)


def _powershell_test(pipeline: Pipeline) -> tuple[str, ...]:
    if not pipeline.test_command:
        return ()
    requires = " ".join(f"'{word}'" for word in pipeline.test_requires)
    install = "python -m pip install"
    return (
        f"{install} --no-index --no-deps --find-links wheels {pipeline.name}; Check",
        f"{install} {pipeline.name} {requires}; Check",
        "$project = $PWD.Path",
        "Push-Location ([System.IO.Path]::GetTempPath())",
        f"{pipeline.test_command.replace('{project}', '$project')}; Check",
        "Pop-Location",
    )
