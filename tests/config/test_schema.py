"""The schema of [tool.felloe], as editors and validate-pyproject use it."""

import re
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from support.json_schema import validate
from support.paths import ROOT

from felloe.config.schema import read_schema
from felloe.config.settings import read_settings
from felloe.config.tool_table import OPTIONS
from felloe.errors import FelloeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = '[project]\nname = "x"\nversion = "1"\n'
GOOD = [
    "",
    'platform = "manylinux_2_28"\non-violation = "error"',
    'libraries.exclude = ["libz*"]\nlibraries.provided-by = {torch = ["libtorch*.so*"]}',
    'libraries.provided-by.torch = ["libtorch*.so*"]',
    'libraries.search = "a;b"',
    "cache = true",
    'cache = "auto"\ncache-limit = "2.5 TB"',
    'toolchain = "zig"\ntarget = "manylinux_2_17_x86_64"',
]
BAD = [
    'platfrom = "auto"',
    'platform = "debian"',
    "strip = true",
    "libraries.include = [3]",
    'libraries.serach = ["x"]',
    'libraries.provided-by = ["x"]',
    'cache-limit = "5 bushels"',
]


def load(text):
    return tomllib.loads(text)


def test_it_is_up_to_date():
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "render_schema.py", "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.tools("jsonschema")
def test_it_is_a_schema():
    from jsonschema import Draft7Validator

    Draft7Validator.check_schema(read_schema())


@pytest.mark.tools("jsonschema")
@pytest.mark.parametrize("text", GOOD)
def test_what_felloe_reads_is_valid(text):
    read_settings(load(text), None, {})
    validate(load(text), read_schema())


@pytest.mark.tools("jsonschema")
@pytest.mark.parametrize("text", BAD)
def test_what_felloe_refuses_is_not(text):
    from jsonschema import ValidationError as NotAsTheSchemaSays

    with pytest.raises(FelloeError):
        read_settings(load(text), None, {})
    with pytest.raises(NotAsTheSchemaSays):
        validate(load(text), read_schema())


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_every_setting_is_described(option):
    schema = read_schema()
    for part in option.key.split("."):
        schema = schema["properties"][part]
    assert option.meaning in schema["description"]


@pytest.mark.tools("validate-pyproject")
@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ('[tool.felloe.ci]\ntarget = ["win_amd64"]\nlinux = "zig"', True),
        ('[tool.felloe.build]\npython = ["3.12"]\ntest = "pytest"', True),
        ('[tool.felloe.ci]\nlinux = "podman"', False),
        ("[tool.felloe.ci]\nbranches = []", False),
        ("[tool.felloe]\nci = true", False),
    ],
)
def test_validate_pyproject_takes_it_through_the_entry_point(text, is_valid):
    from validate_pyproject.api import Validator
    from validate_pyproject.errors import ValidationError
    from validate_pyproject.plugins import PluginWrapper

    declared = load((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    ((name, value),) = declared["validate_pyproject.tool_schema"].items()
    function = EntryPoint(name, value, "validate_pyproject.tool_schema").load()
    validator = Validator([PluginWrapper(name, function)])
    if is_valid:
        validator(load(PROJECT + text))
    else:
        with pytest.raises(ValidationError, match=re.escape("tool.felloe")):
            validator(load(PROJECT + text))


def test_another_tool_is_not_ours():
    with pytest.raises(ValueError, match=re.escape("tool.black")):
        read_schema("black")
