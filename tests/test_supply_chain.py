"""What felloe depends on and how it is released: what the documents say is so."""

from __future__ import annotations

import re
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.paths import ROOT

from felloe.build.toolchain.zig import REQUIREMENT
from felloe.cli.main import main

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
DEPENDENCIES = [
    Requirement(text)
    for texts in (PROJECT["project"]["dependencies"], *EXTRAS.values())
    for text in texts
]
NOT_INSTALLED = {"oracles", "the tool for it"}
"""Why something is not asked for: only tests do, or the user does."""
RELEASE = ROOT / ".github" / "workflows" / "release.yml"


def borrowed():
    """The rows of "What is borrowed": where from -> why."""
    text = (ROOT / "docs" / "design.md").read_text()
    table = text.partition("## What is borrowed")[2].partition("\n\n#")[0]
    rows = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| ")]
    return {source.strip(): why.strip() for _, source, why in rows[1:]}


@pytest.mark.parametrize("requirement", DEPENDENCIES, ids=lambda item: item.name)
def test_every_dependency_has_a_bound_and_a_reason(requirement):
    """A lower bound: an upper one of a backend could be lifted by none of its users."""
    operators = {specifier.operator for specifier in requirement.specifier}
    assert operators == {">="}
    reasons = [why for source, why in borrowed().items() if requirement.name in source]
    assert len(reasons) == 1
    assert len(reasons[0]) > 10


def test_what_is_borrowed_is_a_dependency():
    names = {canonicalize_name(requirement.name) for requirement in DEPENDENCIES} | {"zig"}
    own = {source for source, why in borrowed().items() if why not in NOT_INSTALLED}
    assert {canonicalize_name(re.split(r"[ ,(]", source)[0]) for source in own} == names


@pytest.mark.parametrize("requirement", DEPENDENCIES, ids=lambda item: item.name)
def test_every_dependency_is_used(requirement):
    module = requirement.name.replace("-", "_")
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    if requirement.name == "scikit-build-core":  # it is called, not imported
        assert any(f'"{module}.build"' in source for source in sources)
    else:
        used = re.compile(rf'^\s*(from|import) {module}\b|import_module\("{module}\b', re.MULTILINE)
        assert any(used.search(source) for source in sources)


def test_what_a_build_asks_for_later_is_of_one_series():
    """zig is fetched by the frontend, as a build requirement, for who chose it."""
    operators = {specifier.operator for specifier in Requirement(REQUIREMENT).specifier}
    assert operators == {">=", "<"}


def test_building_felloe_takes_nothing_that_running_it_does_not():
    assert set(PROJECT["build-system"]["requires"]) <= set(PROJECT["project"]["dependencies"])


def test_release_workflow_is_what_felloe_writes():
    assert main(["ci", "github", str(ROOT), "--check", "--output", str(RELEASE)]) == 0


@pytest.mark.tools("yaml")
def test_release_is_audited_attested_and_without_tokens():
    """pip-audit passes over what it cannot find, unless it is strict."""
    text = RELEASE.read_text()
    assert re.search(r'"pip-audit>=[\d.]+" --strict', PROJECT["tool"]["felloe"]["build"]["test"][0])
    import yaml

    jobs = yaml.safe_load(text)["jobs"]
    for index in ("testpypi", "pypi"):
        publish = jobs[index]["steps"][-1]
        assert publish["uses"].startswith("pypa/gh-action-pypi-publish@")
        assert publish["with"]["attestations"] is True
    assert "secrets." not in text
    assert "password" not in text


def test_security_policy_says_what_the_tests_say():
    """Its links lead somewhere."""
    text = (ROOT / "SECURITY.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (ROOT / target).exists(), target
