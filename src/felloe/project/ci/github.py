"""GitHub Actions: a workflow that builds, checks and publishes."""

from __future__ import annotations

from felloe.project.ci.layout import TRUSTED, Layout, render_heading
from felloe.project.ci.pipeline import TOOL_PYTHON, Pipeline
from felloe.project.ci.script import (
    GIT_OPTIONS,
    render_build,
    render_check,
    render_install,
    render_job,
)
from felloe.project.ci.target import IMAGE_VERSION, Target

PATH = ".github/workflows/wheels.yml"

RUNNERS = {
    "linux-x86_64": "ubuntu-24.04",
    "linux-aarch64": "ubuntu-24.04-arm",
    "macos-arm64": "macos-15",
    "macos-x86_64": "macos-15-intel",
    "windows-amd64": "windows-2025",
    "windows-arm64": "windows-11-arm",
}

_ACTIONS = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "setup_python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "upload": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "download": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "publish": "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
}
"""Actions, pinned by commit because a tag can be moved to other code."""


def render(pipeline: Pipeline) -> str:
    """Return the workflow."""
    heading = render_heading("github", TRUSTED if pipeline.indexes else ())
    words = {"branch": pipeline.branch, "python": TOOL_PYTHON, **_ACTIONS}
    parts = [_HEAD.fill(heading=heading, rows=_rows(pipeline), **words)]
    native = [target for target in pipeline.targets if not pipeline.is_contained(target)]
    contained = [target for target in pipeline.targets if pipeline.is_contained(target)]
    if native:
        parts.append(_render_native(pipeline, native, words))
    if contained:
        script = render_job(pipeline, contained[0])
        parts.append(_CONTAINER.fill(script=script, git=GIT_OPTIONS, version=IMAGE_VERSION))
    # All jobs make the same sdist; the first one's is published.
    first = f"${{{{ matrix.target == '{pipeline.targets[0].tag}' && 'dist/*' || 'dist/*.whl' }}}}"
    files = first if len(pipeline.targets) > 1 else "dist/*"
    parts.append(_UPLOAD.fill(files=files, **words))
    parts.append(_CHECK.fill(check=render_check(pipeline), **words))
    previous = "check"
    for index in pipeline.indexes:
        parts.append(_render_publish(index, previous, pipeline.name))
        previous = index
    return "".join(parts)


def _rows(pipeline: Pipeline) -> list[str]:
    """Return the matrix: a row for each target."""
    rows = []
    for target in pipeline.targets:
        words = f"target: {target.tag}, runner: {RUNNERS[target.machine]}"
        if target.system == "macos":
            words += f', macos: "{target.deployment_target}"'
        pythons = pipeline.pythons_of(target)
        if pythons != pipeline.pythons:
            words += f', python: "{" ".join(pythons)}"'
        rows.append(f"- {{{words}}}")
        if pipeline.is_contained(target):
            rows[-1] = f"- target: {target.tag}"
            rows += [f"  runner: {RUNNERS[target.machine]}", f"  image: {target.image}"]
            rows += [f"  docker: {target.docker_platform}", f"  personality: {target.personality}"]
    return rows


def _render_native(pipeline: Pipeline, targets: list[Target], words: dict[str, str]) -> str:
    pythons, environment = " ".join(pipeline.pythons), []
    if any(pipeline.pythons_of(target) != pipeline.pythons for target in targets):
        environment.append(f"PYTHON: ${{{{ matrix.python || '{pythons}' }}}}")
        pythons = "$PYTHON"
    if any(target.system == "macos" for target in targets):
        environment.append("MACOSX_DEPLOYMENT_TARGET: ${{ matrix.macos }}")
    build = render_build(pipeline, Target("any"), pythons)
    if pipeline.zig:
        environment.append("TARGET: ${{ contains(matrix.target, 'linux') && matrix.target || '' }}")
        build = f'{build} ${{TARGET:+--target "$TARGET" -C felloe.toolchain=zig}}'
    step = ["if: ${{ !matrix.image }}"] if pipeline.in_container else []
    step += ["env:", *(f"  {line}" for line in environment)] if environment else []
    lines = (render_install(pipeline), f"uv python install {pythons}", build)
    step += ["run: |", *(f"  {line}" for line in lines)]
    marked = [f"{'  ' if number else '- '}{line}" for number, line in enumerate(step)]
    return _NATIVE.fill(step=marked, **words)


def _render_publish(index: str, previous: str, name: str) -> str:
    test = index == "testpypi"
    host = "test.pypi.org" if test else "pypi.org"
    options = ["repository-url: https://test.pypi.org/legacy/", "skip-existing: true"]
    return _PUBLISH.fill(
        index=index,
        previous=previous,
        page=f"https://{host}/p/{name}",
        options=options if test else [],
        **_ACTIONS,
    )


_HEAD = Layout("""\
§heading
name: wheels

on:
  push:
    branches: [§branch]
    tags: ["v*"]
  pull_request:
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: ${{ github.workflow }}-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

defaults:
  run:
    shell: bash

jobs:
  wheels:
    name: ${{ matrix.target }}
    runs-on: ${{ matrix.runner }}
    strategy:
      fail-fast: false
      matrix:
        include:
          §rows
    steps:
      - uses: §checkout
        with:
          persist-credentials: false
""")

_NATIVE = Layout("""\
      - uses: §setup_python
        with:
          python-version: "§python"
      §step
""")

_CONTAINER = Layout("""\
      - if: matrix.image
        env: # the images are those of §version
          IMAGE: ${{ matrix.image }}
          DOCKER_PLATFORM: ${{ matrix.docker }}
          PERSONALITY: ${{ matrix.personality }}
          SCRIPT: |
            §script
        run: |
          docker run --rm --platform "$DOCKER_PLATFORM" -v "$PWD:/project" -w /project \\
            §{git} \\
            "$IMAGE" "$PERSONALITY" sh -ec "$SCRIPT"
""")

_UPLOAD = Layout("""\
      - uses: §upload
        with:
          name: dist-${{ matrix.target }}
          path: §files
          if-no-files-found: error

""")

_CHECK = Layout("""\
  check:
    needs: wheels
    runs-on: ubuntu-24.04
    steps:
      - uses: §checkout
        with:
          persist-credentials: false
      - uses: §setup_python
        with:
          python-version: "§python"
      - uses: §download
        with:
          pattern: dist-*
          path: dist
          merge-multiple: true
      - run: |
          §check
      - uses: §upload
        with:
          name: dist
          path: dist/*
          if-no-files-found: error
""")

_PUBLISH = Layout("""\

  §index:
    needs: §previous
    if: startsWith(github.ref, 'refs/tags/v')
    runs-on: ubuntu-24.04
    environment:
      name: §index
      url: §page
    permissions:
      id-token: write # proves to the index which workflow this is
    steps:
      - uses: §download
        with:
          name: dist
          path: dist
      - uses: §publish
        with:
          attestations: true
          §options
""")
