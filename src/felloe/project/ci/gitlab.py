"""GitLab CI: hosted runners of gitlab.com, or others with the same tags."""

from __future__ import annotations

from felloe.project.ci.layout import Layout, render_heading
from felloe.project.ci.pipeline import TOOL_PYTHON, Pipeline
from felloe.project.ci.platform import IMAGE_VERSION, MACOS_FLOOR, Platform, image_of, policy_of
from felloe.project.ci.script import (
    OWN_PYTHON,
    SDIST,
    render_container,
    render_managed,
    render_powershell,
    render_variable,
)

PATH = ".gitlab-ci.yml"

RUNNERS = {
    "manylinux_x86_64": "saas-linux-small-amd64",
    "manylinux_i686": "saas-linux-small-amd64",
    "manylinux_aarch64": "saas-linux-small-arm64",
    "musllinux_x86_64": "saas-linux-small-amd64",
    "musllinux_aarch64": "saas-linux-small-arm64",
    "macos_arm64": "saas-macos-medium-m1",
    "windows_amd64": "saas-windows-medium-amd64",
}
"""The tags of the runners."""

_MACOS_IMAGE = "macos-15-xcode-16"


def render(pipeline: Pipeline) -> str:
    """The file ``.gitlab-ci.yml``."""
    stages = ["sdist", "wheels", "check", *pipeline.indexes]
    words = {"python": TOOL_PYTHON, "stages": ", ".join(stages), "branch": pipeline.branch}
    sdist = [f"- {line}" for line in SDIST]
    parts = [_HEAD.fill(heading=_heading(pipeline), sdist=sdist, **words)]
    parts += [_render_job(platform, pipeline) for platform in pipeline.platforms]
    attest = [
        "- python -m pip install pypi-attestations",
        "- python -m pypi_attestations sign dist/*",
    ]
    signing = ["id_tokens:", "  SIGSTORE_ID_TOKEN:", "    aud: sigstore"]
    publishes = bool(pipeline.indexes)
    parts.append(_CHECK.fill(**words))
    if publishes:
        parts.append(_ATTEST.fill(attest=attest, signing=signing, **words))
    for index in pipeline.indexes:
        option = "--repository testpypi --skip-existing " if index == "testpypi" else ""
        name = index.upper()
        parts.append(_PUBLISH.fill(index=index, option=option, variable=name, **words))
    return "\n".join(parts)


def _heading(pipeline: Pipeline) -> list[str]:
    remarks = []
    if pipeline.indexes:
        remarks = [
            "",
            "A tag v… publishes, without tokens. Say once to each index who publishes:",
            "this project, the file .gitlab-ci.yml and the environment pypi, at",
            "https://pypi.org/manage/account/publishing/; with testpypi for pypi, at",
            "https://test.pypi.org/manage/account/publishing/.",
        ]
    return render_heading("gitlab", *remarks)


_HEAD = Layout("""\
§heading
stages: [§stages]

workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == "§branch"
    - if: $CI_COMMIT_TAG =~ /^v/

sdist:
  stage: sdist
  image: python:§python
  script:
    §sdist
  artifacts:
    paths: [sdist/]
""")

_JOB = Layout("""\
§name:
  stage: wheels
  needs: [sdist]
  §where
  script:
    - |
      §script
  artifacts:
    paths: [wheels/]
""")


def _render_job(platform: Platform, pipeline: Pipeline) -> str:
    where = [f"tags: [{RUNNERS[platform.name]}]"]
    if platform.system == "windows":
        script = render_powershell(pipeline)
    elif platform.system == "macos":
        where += [f"image: {_MACOS_IMAGE}", *_variables(MACOSX_DEPLOYMENT_TARGET=MACOS_FLOOR)]
        script = ("set -eu", *OWN_PYTHON, *render_managed(pipeline))
    elif pipeline.zig:
        target = policy_of(platform, pipeline.manylinux)
        where += [f"image: python:{TOOL_PYTHON}"]
        where += _variables(FELLOE_TOOLCHAIN="zig", FELLOE_TARGET=target)
        script = ("set -eu", *render_managed(pipeline))
    else:
        where += [f"# {IMAGE_VERSION}", f"image: {image_of(platform, pipeline.manylinux)}"]
        script = render_container(pipeline)
        if platform.architecture == "i686":
            script = (*render_variable(script), 'linux32 bash -c "$script"')
    return _JOB.fill(name=platform.name, where=where, script=script)


def _variables(**values: str) -> list[str]:
    return ["variables:", *(f'  {key}: "{value}"' for key, value in values.items())]


_CHECK = Layout("""\
check:
  stage: check
  image: python:§python
  script:
    - python -m pip install felloe
    - mkdir dist
    - cp sdist/*.tar.gz wheels/*.whl dist
    - felloe check dist/*
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
  §signing
  script:
    §attest
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
  # Only what was checked and attested, not the files of the jobs before.
  dependencies: [attest]
  id_tokens:
    §{variable}_ID_TOKEN:
      aud: §index
  script:
    - python -m pip install twine
    - python -m twine upload --attestations §{option}dist/*
""")
