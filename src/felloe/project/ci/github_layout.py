"""The text of a workflow for GitHub Actions, job by job."""

from __future__ import annotations

from felloe.project.ci.layout import Layout

ACTIONS = {
    "checkout": "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "setup_python": "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0",
    "upload": "actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0",
    "download": "actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1",
    "publish": "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
}
"""Pinned by commit: a tag can be moved to other code."""

HEAD = Layout("""\
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
  sdist:
    runs-on: ubuntu-24.04
    steps:
      - uses: §checkout
        with:
          persist-credentials: false
      - uses: §setup_python
        with:
          python-version: "§python"
      - run: |
          §sdist
      - uses: §upload
        with:
          name: sdist
          path: sdist/*.tar.gz
          if-no-files-found: error
""")

LINUX = Layout("""\
  linux:
    name: ${{ matrix.platform }}
    needs: sdist
    runs-on: ${{ matrix.runner }}
    strategy:
      fail-fast: false
      matrix:
        include:
          # The images are those of §version.
          §rows
    steps:
      - uses: §checkout
        with:
          persist-credentials: false
      - uses: §download
        with:
          name: sdist
          path: sdist
      - env:
          IMAGE: ${{ matrix.image }}
          DOCKER_PLATFORM: ${{ matrix.docker }}
          PERSONALITY: ${{ matrix.personality }}
          SCRIPT: |
            §script
        run: |
          docker run --rm --platform "$DOCKER_PLATFORM" -v "$PWD:/project" -w /project \\
            "$IMAGE" "$PERSONALITY" bash -c "$SCRIPT"
      - uses: §upload
        with:
          name: wheels-${{ matrix.platform }}
          path: wheels/*.whl
          if-no-files-found: error
""")

NATIVE = Layout("""\
  native:
    name: ${{ matrix.platform }}, ${{ matrix.python }}
    needs: sdist
    runs-on: ${{ matrix.runner }}
    strategy:
      fail-fast: false
      matrix:
        §matrix
    env:
      §env
    steps:
      - uses: §checkout
        with:
          persist-credentials: false
      - uses: §setup_python
        with:
          python-version: ${{ matrix.python }}
      - uses: §download
        with:
          name: sdist
          path: sdist
      - run: |
          §build
          §test
      - uses: §upload
        with:
          name: wheels-${{ matrix.platform }}-${{ matrix.python }}
          path: wheels/*.whl
          if-no-files-found: error
""")

NEWER = Layout("""\
  # Other Pythons, with the wheels that were built above.
  newer:
    name: ${{ matrix.platform }}, test with ${{ matrix.python }}
    needs: native
    runs-on: ${{ matrix.runner }}
    strategy:
      fail-fast: false
      matrix:
        §matrix
    steps:
      - uses: §checkout
        with:
          persist-credentials: false
      - uses: §setup_python
        with:
          python-version: ${{ matrix.python }}
      - uses: §download
        with:
          pattern: §pattern
          path: wheels
          merge-multiple: true
      - run: |
          §test
""")

CHECK_DIST = ("python -m pip install felloe", "felloe check dist/*")

CHECK = Layout("""\
  check:
    needs: [§jobs]
    runs-on: ubuntu-24.04
    steps:
      - uses: §setup_python
        with:
          python-version: "§python"
      - uses: §download
        with:
          pattern: "{sdist,wheels-*}"
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

PUBLISH = Layout("""\
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
