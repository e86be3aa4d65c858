"""GitLab CI: hosted runners of gitlab.com, or others with the same tags."""

from __future__ import annotations

from felloe.project.ci.layout import TRUSTED, Layout, render_heading
from felloe.project.ci.pipeline import TOOL_PYTHON, Pipeline
from felloe.project.ci.script import VENV, render_check, render_job
from felloe.project.ci.target import IMAGE_VERSION, Target

PATH = ".gitlab-ci.yml"

RUNNERS = {
    "linux-x86_64": "saas-linux-small-amd64",
    "linux-aarch64": "saas-linux-small-arm64",
    "macos-arm64": "saas-macos-medium-m1",
    "windows-amd64": "saas-windows-medium-amd64",
}
"""The tags of the runners."""

_MACOS_IMAGE = "macos-15-xcode-16"


def render(pipeline: Pipeline) -> str:
    """Return the file ``.gitlab-ci.yml``."""
    heading = render_heading("gitlab", TRUSTED if pipeline.indexes else ())
    stages = ", ".join(["wheels", "check", *pipeline.indexes])
    words = {"python": TOOL_PYTHON, "stages": stages, "branch": pipeline.branch}
    parts = [_HEAD.fill(heading=heading, **words)]
    for number, target in enumerate(pipeline.targets):
        files = "dist/*.whl" if number else "dist/"
        where = [f"tags: [{RUNNERS[target.machine]}]", *_render_machine(pipeline, target)]
        script = [f"- {line}" for line in _render_script(pipeline, target)]
        parts.append(_JOB.fill(name=target.tag, where=where, script=script, files=files))
    check = [f"- {line}" for line in render_check(pipeline)]
    parts.append(_CHECK.fill(check=check, **words))
    if pipeline.indexes:
        parts.append(_ATTEST.fill(**words))
    for index in pipeline.indexes:
        option = "--repository testpypi --skip-existing " if index == "testpypi" else ""
        parts.append(_PUBLISH.fill(index=index, option=option, variable=index.upper(), **words))
    return "\n".join(parts)


def _render_machine(pipeline: Pipeline, target: Target) -> list[str]:
    if target.system == "windows":
        return []
    if target.system == "macos":
        floor = f'MACOSX_DEPLOYMENT_TARGET: "{target.deployment_target}"'
        return [f"image: {_MACOS_IMAGE}", "variables:", f"  {floor}"]
    if pipeline.is_contained(target):
        return [f"# {IMAGE_VERSION}", f"image: {target.image}"]
    return [f"image: python:{TOOL_PYTHON}"]


def _render_script(pipeline: Pipeline, target: Target) -> tuple[str, ...]:
    lines = render_job(pipeline, target)
    if target.system == "macos":
        return (*VENV, *lines)
    if target.personality == "linux32":
        return (*lines[:-1], f"linux32 {lines[-1]}")
    return lines


_HEAD = Layout("""\
§heading
stages: [§stages]

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == "§branch"
    - if: $CI_COMMIT_TAG =~ /^v/
""")

_JOB = Layout("""\
§name:
  stage: wheels
  §where
  script:
    §script
  artifacts:
    paths: [§files]
""")

_CHECK = Layout("""\
check:
  stage: check
  image: python:§python
  script:
    §check
  artifacts:
    paths: [dist/]
""")

_ATTEST = Layout("""\
attest:
  stage: check
  needs: [check]
  image: python:§python
  rules:
    - if: $CI_COMMIT_TAG =~ /^v/
  id_tokens:
    SIGSTORE_ID_TOKEN:
      aud: sigstore
  script:
    - python -m pip install pypi-attestations
    - python -m pypi_attestations sign dist/*
  artifacts:
    paths: [dist/]
""")

_PUBLISH = Layout("""\
§index:
  stage: §index
  image: python:§python
  rules:
    - if: $CI_COMMIT_TAG =~ /^v/
  environment: §index
  # The files that were checked and attested, not those of the jobs before.
  dependencies: [attest]
  id_tokens:
    §{variable}_ID_TOKEN:
      aud: §index
  script:
    - python -m pip install twine
    - python -m twine upload --attestations §{option}dist/*
""")
