"""The table ``[tool.felloe.ci]``: its keys, what they mean, and how they are read."""

from __future__ import annotations

import re
from typing import Any

from felloe.config.option import Option, read_table
from felloe.project.ci.platform import PLATFORMS

_INDEXES = ("testpypi", "pypi")

CI_OPTIONS = (
    Option(
        key="python",
        default=(),
        form=re.compile(r"3\.\d+t?"),
        values="versions of CPython such as `3.13`, or `3.14t` for the free-threaded one",
        meaning=(
            "What to build for and test with. The default is every version that the project's "
            "`requires-python` allows. A wheel for the stable ABI is built once, and tested on "
            "all of them."
        ),
    ),
    Option(
        key="platforms",
        default=(),
        choices=tuple(PLATFORMS),
        meaning=(
            "Where to build and test; the default is the common ones that the service has, and the "
            "first of them for a project that compiles nothing."
        ),
    ),
    Option(
        key="linux",
        default="container",
        choices=("container", "zig"),
        meaning=(
            "How Linux wheels reach an old glibc: in the images of PyPA, or on the service's own "
            "system with zig's compilers, where nothing is downloaded but a wheel."
        ),
    ),
    Option(
        key="manylinux",
        default="manylinux_2_28",
        choices=("manylinux2014", "manylinux_2_28", "manylinux_2_34"),
        meaning="The policy of the manylinux wheels.",
    ),
    Option(
        key="test-command",
        default="",
        form=re.compile(r"[^\r\n]+"),
        values="a line of shell; `{project}` is the project's directory",
        meaning=(
            "How an installed wheel is tested, outside of the source tree, in an environment of "
            'its own. The default is `python -m pytest "{project}/tests"` where there is a folder '
            "`tests`, else nothing; `true` does nothing."
        ),
    ),
    Option(
        key="test-requires",
        default=(),
        form=re.compile(r"[A-Za-z0-9][\w.,<>=!~@:/\[\]+*-]*"),
        values="requirements, without spaces",
        is_verbatim=True,
        meaning=(
            "What the tests need beside the wheel. The default is the dependency group `test` "
            "(PEP 735) if the project has one, else pytest."
        ),
    ),
    Option(
        key="publish",
        default=_INDEXES,
        choices=_INDEXES,
        meaning=(
            "The indexes that a tag `v…` is published to, TestPyPI first. An empty list writes a "
            "pipeline that publishes nothing."
        ),
    ),
    Option(
        key="branch",
        default="main",
        form=re.compile(r"[\w./-]+"),
        values="a branch",
        meaning="Whose commits are built, besides tags and proposals.",
    ),
)


def read_ci_options(table: object) -> dict[str, Any]:
    """Every option's value. Raises :class:`FelloeError` that lists all problems."""
    return read_table("ci", CI_OPTIONS, table)
