"""The table of ``felloe build``: dependency groups become requirements."""

from pathlib import Path

import pytest

from felloe.config.build_table import BuildTable, resolve_test_groups
from felloe.config.project import Project
from felloe.errors import FelloeError

GROUPS = {"test": ["pytest>=8", {"include-group": "math"}], "math": ["numpy"], "bad": [1]}


def resolve(*names, groups=GROUPS):
    project = Project(Path(), {"dependency-groups": groups})
    return resolve_test_groups(BuildTable(test_requires=("x",), test_groups=names), project)


def test_groups_become_requirements():
    assert resolve("test").test_requires == ("x", "pytest>=8", "numpy")
    assert resolve().test_requires == ("x",)


@pytest.mark.parametrize(
    ("name", "groups"), [("tests", GROUPS), ("bad", GROUPS), ("test", {}), ("test", [1])]
)
def test_a_group_that_cannot_be_read_is_named(name, groups):
    with pytest.raises(FelloeError, match=f"test-groups: {name} cannot be read") as raised:
        resolve(name, groups=groups)
    assert "[dependency-groups]" in raised.value.hint
