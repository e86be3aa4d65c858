"""AppVeyor: one job for each target, which uploads the files that it built."""

from __future__ import annotations

from felloe.project.ci.layout import Layout, render_heading, render_tokens
from felloe.project.ci.pipeline import Pipeline
from felloe.project.ci.script import VENV, render_docker, render_job, stop_at_failure
from felloe.project.ci.target import Target

PATH = "appveyor.yml"

RUNNERS = {
    "linux-x86_64": "Ubuntu2204",
    "macos-x86_64": "macos-monterey",
    "windows-amd64": "Visual Studio 2022",
}
"""The images of the machines."""

_CHECK = "felloe check dist/*"


def render(pipeline: Pipeline) -> str:
    """Return the file ``appveyor.yml``."""
    remarks = render_tokens(pipeline.indexes, "encrypted variables of the project")
    remarks += ["Every job uploads its own files. Build a tag again if one of its jobs failed."]
    heading = render_heading("appveyor", remarks if pipeline.indexes else [])
    jobs = []
    for target in pipeline.targets:
        jobs += [f"- job_name: {target.tag}"]
        jobs += [f"  APPVEYOR_BUILD_WORKER_IMAGE: {RUNNERS[target.machine]}"]
    parts = [_HEAD.fill(heading=heading, jobs=jobs, branch=pipeline.branch)]
    parts += [_render_job(pipeline, target, n) for n, target in enumerate(pipeline.targets)]
    return "\n".join(parts)


def _render_job(pipeline: Pipeline, target: Target, number: int) -> str:
    files = "dist/*.whl" if number else "dist/*.whl dist/*.tar.gz"  # the first job has the sdist
    settings: list[str] = []
    if target.system == "macos":
        floor = target.deployment_target
        settings = ["environment:", f'  MACOSX_DEPLOYMENT_TARGET: "{floor}"']
    if target.system == "windows":
        path = r"set PATH=C:\Python313-x64;C:\Python313-x64\Scripts;%PATH%"
        build = [f"- cmd: {line}" for line in (path, *render_job(pipeline, target), _CHECK)]
    else:
        script = [*VENV, *render_job(pipeline, target), _CHECK]
        if pipeline.is_contained(target):
            install = f"python -m pip install {pipeline.requirement}"
            script = [*render_docker(pipeline, target), *VENV, install, _CHECK]
        build = ["- sh: |", *(f"    {line}" for line in stop_at_failure(script))]
    deploy = _render_deploy(pipeline, target, files)
    return _JOB.fill(name=target.tag, settings=settings, build=build, deploy=deploy)


def _render_deploy(pipeline: Pipeline, target: Target, files: str) -> list[str]:
    """Upload the files of a tag."""
    if not pipeline.indexes:
        return []
    lines = ["python -m pip install twine"]
    for index in pipeline.indexes:
        upload = f"python -m twine upload --repository {index} --skip-existing {files}"
        variable = f"{index.upper()}_TOKEN"
        if target.system == "windows":
            lines += [f"set TWINE_PASSWORD=%{variable}%", upload]
        else:
            lines += [f'TWINE_PASSWORD="${variable}" {upload}']
    if target.system == "windows":
        lines = ["set TWINE_USERNAME=__token__", *lines]
        guard = 'if "%APPVEYOR_REPO_TAG%"=="true"'
        return ["deploy_script:", *(f"  - cmd: {guard} {line}" for line in lines)]
    body = stop_at_failure((VENV[-1], "export TWINE_USERNAME=__token__", *lines))
    script = ['if [ "$APPVEYOR_REPO_TAG" = true ]; then', *(f"  {line}" for line in body), "fi"]
    return ["deploy_script:", "  - sh: |", *(f"      {line}" for line in script)]


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
      - path: dist/*.whl
      - path: dist/*.tar.gz
    §deploy
""")
