"""Travis CI, which has Linux machines of both kinds, and Windows."""

from __future__ import annotations

from felloe.project.ci.layout import Layout, render_heading
from felloe.project.ci.pipeline import Pipeline
from felloe.project.ci.platform import Platform, policy_of
from felloe.project.ci.script import (
    OWN_PYTHON,
    SDIST,
    render_docker,
    render_managed,
    render_subshell,
)

PATH = ".travis.yml"

# macOS ended there in March 2025.
RUNNERS = {
    "manylinux_x86_64": "amd64",
    "manylinux_i686": "amd64",
    "manylinux_aarch64": "arm64",
    "musllinux_x86_64": "amd64",
    "musllinux_aarch64": "arm64",
    "windows_amd64": "amd64",
}
"""The architectures of the machines."""


def render(pipeline: Pipeline) -> str:
    """The file ``.travis.yml``."""
    jobs = [_render_job(platform, pipeline) for platform in pipeline.platforms]
    spaces = ", ".join(platform.name for platform in pipeline.platforms)
    publish = []
    for index in pipeline.indexes:
        upload = f"python -m twine upload --repository {index} --skip-existing"
        publish.append(f'- TWINE_PASSWORD="${index.upper()}_TOKEN" {upload} dist/*')
    words = {"heading": _heading(pipeline), "branch": pipeline.branch, "spaces": spaces}
    last = _PUBLISH.fill(publish=publish, **words) if publish else ""
    return _HEAD.fill(**words) + "".join(jobs) + _CHECK.fill(**words) + last


def _heading(pipeline: Pipeline) -> list[str]:
    remarks = []
    if pipeline.indexes:
        tokens = " and ".join(f"{index.upper()}_TOKEN" for index in pipeline.indexes)
        remarks = [
            "",
            "A tag v… publishes. The indexes have no trusted publishing for this service, so it",
            f"needs their tokens as hidden variables of the repository: {tokens}.",
        ]
    return render_heading("travis", *remarks)


_HEAD = Layout("""\
§heading
language: shell
os: linux
dist: jammy

branches:
  only:
    - §branch
    - /^v\\d/

stages:
  - wheels
  - check
  - name: publish
    if: tag =~ ^v

env:
  global:
    - TWINE_USERNAME=__token__

jobs:
  include:
""")

_JOB = Layout("""\
    - stage: wheels
      name: §name
      §where
      workspaces:
        create:
          name: §name
          paths: [sdist, wheels]
      script:
        - |
          §script
""")


def _render_job(platform: Platform, pipeline: Pipeline) -> str:
    where = [f"arch: {RUNNERS[platform.name]}"]
    if platform.system == "windows":
        where = ["os: windows", "install: choco install -y python313"]
        first = ('export PATH="/c/Python313:/c/Python313/Scripts:$PATH"',)
        script = (*first, *SDIST, *render_managed(pipeline))
    elif pipeline.zig:
        target = policy_of(platform, pipeline.manylinux)
        where += [f"env: FELLOE_TOOLCHAIN=zig FELLOE_TARGET={target}"]
        script = (*_VENV, *OWN_PYTHON, *SDIST, *render_managed(pipeline))
    else:
        where += ["services: docker"]
        script = (*_VENV, *OWN_PYTHON, *SDIST, *render_docker(platform, pipeline))
    return _JOB.fill(name=platform.name, where=where, script=render_subshell(script))


_VENV = ("sudo apt-get install -y python3-venv",)

_CHECK = Layout("""\
    - stage: check
      name: check
      workspaces:
        use: [§spaces]
        create:
          name: dist
          paths: [dist]
      script:
        - sudo apt-get install -y python3-venv
        - python3 -m venv "$HOME/tools"
        - export PATH="$HOME/tools/bin:$PATH"
        - python -m pip install felloe
        - mkdir dist && cp sdist/*.tar.gz wheels/*.whl dist
        - felloe check dist/*
""")

_PUBLISH = Layout("""\
    - stage: publish
      name: publish
      workspaces:
        use: dist
      script:
        - sudo apt-get install -y python3-venv
        - python3 -m venv "$HOME/tools"
        - export PATH="$HOME/tools/bin:$PATH"
        - python -m pip install twine
        §publish
""")
