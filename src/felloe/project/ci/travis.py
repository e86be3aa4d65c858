"""Travis CI, which has Linux machines of two architectures, and Windows."""

from __future__ import annotations

from felloe.project.ci.layout import Layout, render_heading, render_tokens
from felloe.project.ci.pipeline import Pipeline
from felloe.project.ci.script import VENV, render_check, render_docker, render_job, stop_at_failure
from felloe.project.ci.target import Target

PATH = ".travis.yml"

# macOS ended there in March 2025.
RUNNERS = {"linux-x86_64": "amd64", "linux-aarch64": "arm64", "windows-amd64": "amd64"}
"""The architectures of the machines."""

_PREPARE = ("sudo apt-get install -y python3-venv", *VENV)


def render(pipeline: Pipeline) -> str:
    """Return the file ``.travis.yml``."""
    remark = "hidden variables of the repository"
    remarks = render_tokens(pipeline.indexes, remark) if pipeline.indexes else []
    words = {"branch": pipeline.branch, "names": ", ".join(t.tag for t in pipeline.targets)}
    jobs = [_render_job(pipeline, target, number) for number, target in enumerate(pipeline.targets)]
    check = [f"- {line}" for line in (*_PREPARE, *render_check(pipeline))]
    publish = [f"- {line}" for line in (*_PREPARE, "python -m pip install twine")]
    for index in pipeline.indexes:
        upload = f"python -m twine upload --repository {index} --skip-existing dist/*"
        publish.append(f'- TWINE_PASSWORD="${index.upper()}_TOKEN" {upload}')
    parts = [_HEAD.fill(heading=render_heading("travis", remarks), **words), *jobs]
    parts.append(_CHECK.fill(check=check, **words))
    return "".join(parts) + (_PUBLISH.fill(publish=publish) if pipeline.indexes else "")


def _render_job(pipeline: Pipeline, target: Target, number: int) -> str:
    where = [f"arch: {RUNNERS[target.machine]}"]
    script = (*_PREPARE, *render_job(pipeline, target))
    if target.system == "windows":
        where = ["os: windows", "install: choco install -y python313"]
        path = 'export PATH="/c/Python313:/c/Python313/Scripts:$PATH"'
        script = (path, *render_job(pipeline, target))
    elif pipeline.is_contained(target):
        where += ["services: docker"]
        script = render_docker(pipeline, target)
    if number:  # the first job's sdist is published
        script = (*script, "rm dist/*.tar.gz")
    return _JOB.fill(name=target.tag, where=where, script=stop_at_failure(script))


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
          paths: [dist]
      script:
        - |
          §script
""")

_CHECK = Layout("""\
    - stage: check
      name: check
      workspaces:
        use: [§names]
        create:
          name: dist
          paths: [dist]
      script:
        §check
""")

_PUBLISH = Layout("""\
    - stage: publish
      name: publish
      workspaces:
        use: dist
      script:
        §publish
""")
