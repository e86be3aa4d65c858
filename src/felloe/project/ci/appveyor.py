"""AppVeyor: one job for each platform, which uploads what it built."""

from __future__ import annotations

from felloe.project.ci.layout import Layout, render_heading
from felloe.project.ci.pipeline import Pipeline
from felloe.project.ci.platform import MACOS_FLOOR, Platform, policy_of
from felloe.project.ci.script import (
    OWN_PYTHON,
    SDIST,
    render_docker,
    render_managed,
    render_powershell,
    render_subshell,
)

PATH = "appveyor.yml"

RUNNERS = {
    "manylinux_x86_64": "Ubuntu2204",
    "manylinux_i686": "Ubuntu2204",
    "musllinux_x86_64": "Ubuntu2204",
    "macos_x86_64": "macos-monterey",
    "windows_amd64": "Visual Studio 2022",
}
"""The images of the machines."""


def render(pipeline: Pipeline) -> str:
    """The file ``appveyor.yml``."""
    jobs = []
    for platform in pipeline.platforms:
        jobs += [f"- job_name: {platform.name}"]
        jobs += [f"  APPVEYOR_BUILD_WORKER_IMAGE: {RUNNERS[platform.name]}"]
    parts = [_HEAD.fill(heading=_heading(pipeline), jobs=jobs, branch=pipeline.branch)]
    parts += [_render_job(platform, pipeline) for platform in pipeline.platforms]
    return "\n".join(parts)


def _heading(pipeline: Pipeline) -> list[str]:
    remarks = []
    if pipeline.indexes:
        tokens = " and ".join(f"{index.upper()}_TOKEN" for index in pipeline.indexes)
        remarks = [
            "",
            "A tag v… publishes. The indexes have no trusted publishing for this service, so it",
            f"needs their tokens as encrypted variables of the project: {tokens}.",
            "Every job uploads its own files: build a tag again if one of them failed, for files",
            "that are there already are left as they are.",
        ]
    return render_heading("appveyor", *remarks)


_HEAD = Layout("""\
§heading
version: "{build}"

branches:
  only:
    - §branch
    - /^v\\d/

environment:
  matrix:
    §jobs

matrix:
  fast_finish: true

for:
""")

_JOB = Layout("""\
  - matrix:
      only:
        - job_name: §name
    §settings
    build_script:
      §build
    artifacts:
      - path: wheels/*.whl
      - path: sdist/*.tar.gz
    §deploy
""")


def _render_job(platform: Platform, pipeline: Pipeline) -> str:
    settings: list[str] = []
    if platform.system == "windows":
        shell, script = "ps", render_powershell(pipeline)
        sdist = tuple(f"{line}; Check" for line in _windows_sdist())
        path = ['$env:PATH = "C:\\Python312-x64;C:\\Python312-x64\\Scripts;$env:PATH"']
        check = script[:1]
        script = (*path, *check, *sdist, *script[1:])
    else:
        shell, script = "sh", render_managed(pipeline)
        if platform.system == "macos":
            settings = _environment(MACOSX_DEPLOYMENT_TARGET=MACOS_FLOOR)
        elif pipeline.zig:
            target = policy_of(platform, pipeline.manylinux)
            settings = _environment(FELLOE_TOOLCHAIN="zig", FELLOE_TARGET=target)
        else:
            script = render_docker(platform, pipeline)
        script = render_subshell((*OWN_PYTHON, *SDIST, *script))
    build = [f"- {shell}: |", *(f"    {line}" for line in script)]
    deploy = _render_deploy(platform, pipeline, shell)
    return _JOB.fill(name=platform.name, settings=settings, build=build, deploy=deploy)


def _windows_sdist() -> tuple[str, ...]:
    return (*SDIST[:-1], SDIST[-1].replace("sdist/*", "(Get-Item sdist\\*).FullName"))


def _environment(**values: str) -> list[str]:
    return ["environment:", *(f'  {key}: "{value}"' for key, value in values.items())]


def _render_deploy(platform: Platform, pipeline: Pipeline, shell: str) -> list[str]:
    """Upload on a tag; the first job's files include the sdist."""
    if not pipeline.indexes:
        return []
    files = "wheels/*.whl"
    if platform == pipeline.platforms[0]:
        files += " sdist/*.tar.gz"
    lines = ["python -m pip install twine"]
    for index in pipeline.indexes:
        variable = f"{index.upper()}_TOKEN"
        upload = f"python -m twine upload --repository {index} --skip-existing {files}"
        if shell == "ps":
            lines += [f"$env:TWINE_PASSWORD = $env:{variable}", f"{upload}; Check"]
        else:
            lines += [f'TWINE_PASSWORD="${variable}" {upload}']
    if shell == "ps":
        head = ["if ($env:APPVEYOR_REPO_TAG -eq 'true') {", '  $env:TWINE_USERNAME = "__token__"']
        body = [*head, *(f"  {line}" for line in lines), "}"]
    else:
        path, login = OWN_PYTHON[-1], "export TWINE_USERNAME=__token__"
        body = ['if [ "$APPVEYOR_REPO_TAG" = true ]; then']
        body += [f"  {line}" for line in render_subshell((path, login, *lines))]
        body += ["fi"]
    return ["deploy_script:", f"  - {shell}: |", *(f"      {line}" for line in body)]
