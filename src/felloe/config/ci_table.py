"""The table ``[tool.felloe.ci]``: what ``felloe ci`` needs beyond ``[tool.felloe.build]``."""

from __future__ import annotations

import re
from typing import Any

from felloe.config.option import Option, read_table

_INDEXES = ("testpypi", "pypi")

CI_OPTIONS = (
    Option(
        key="target",
        default=(),
        form=re.compile(
            r"(manylinux(1|2010|2014|_\d+_\d+)|musllinux_\d+_\d+)_(x86_64|i686|aarch64)"
            r"|macosx_\d+_\d+_(x86_64|arm64)|win_(amd64|arm64)"
        ),
        values="platform tags such as `manylinux_2_28_x86_64`, `macosx_11_0_arm64`, `win_amd64`",
        meaning=(
            "The platforms to build and test on, one job for each. The default is the common ones "
            "that the service has machines for; a project that compiles nothing gets one."
        ),
    ),
    Option(
        key="linux",
        default="container",
        choices=("container", "zig"),
        meaning=(
            "How Linux wheels support an old glibc: `container` builds in the images of PyPA, "
            "`zig` builds on the machine of the service with zig's compilers."
        ),
    ),
    Option(
        key="publish",
        default=_INDEXES,
        choices=_INDEXES,
        meaning=(
            "The indexes that a tag `v…` is published to, TestPyPI first. With an empty list "
            "nothing is published."
        ),
    ),
    Option(
        key="branch",
        default="main",
        form=re.compile(r"[\w./-]+"),
        values="a branch",
        meaning="The branch whose commits are built, besides tags and pull requests.",
    ),
    Option(
        key="requirement",
        default="felloe",
        form=re.compile(r"[\w.,<>=!~@:/\[\]+*-]+"),
        values="a requirement, without spaces",
        meaning="What pip installs to get felloe, such as `felloe==0.1.0` or a path.",
    ),
)


def read_ci_options(table: object) -> dict[str, Any]:
    """Return every option's value. Raises :class:`FelloeError` with all problems."""
    return read_table("ci", CI_OPTIONS, table)
