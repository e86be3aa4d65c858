"""``felloe ci``: what is decided, and files that the services' own rules accept."""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml

from felloe.cli.main import main
from felloe.config.project import Project
from felloe.errors import FelloeError
from felloe.project.ci.option import CI_OPTIONS, read_ci_options
from felloe.project.ci.pipeline import KNOWN_PYTHONS, choose_builders
from felloe.project.ci.platform import PLATFORMS
from felloe.project.ci.service import SERVICES, render_service

TOOLS = Path(sys.executable).parent
SCHEMAS = {
    "github": ("vendor.github-workflows",),
    "gitlab": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "travis": ("vendor.travis",),
}
VARIANTS = {
    "default": ({}, ""),
    "abi3": ({}, "cp312"),
    "any-python": ({}, "py3"),
    "zig": ({"linux": "zig"}, "cp310"),
    "one": ({"platforms": ["manylinux_x86_64"], "python": ["3.12"], "publish": []}, ""),
    "free": ({"python": ["3.14", "3.14t"], "test-requires": ["pytest>=8", "numpy"]}, "cp312"),
    "pure": ({"python": ["3.9", "3.13"]}, None),
    "own-test": ({"test-command": "python {project}/check.py --all", "publish": ["pypi"]}, ""),
}


def make_project(options=None, api="", name="fast-primes", **project):
    table = {"name": name, "requires-python": ">=3.10", **project}
    wheel = {"cmake": False} if api is None else {"py-api": api}  # None: nothing is compiled
    tool = {"felloe": {"ci": options or {}}, "scikit-build": {"wheel": wheel}}
    groups = {"test": ["pytest"]}
    return Project(Path(), {"project": table, "tool": tool, "dependency-groups": groups})


def render(service, options=None, api="", *, has_tests=True, **project):
    return render_service(service, make_project(options, api, **project), has_tests=has_tests)[1]


def load(text):
    """As YAML 1.2 reads it: `on` is a word."""
    return {("on" if key is True else key): value for key, value in yaml.safe_load(text).items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every variant for every service, as files."""
    place = tmp_path_factory.mktemp("ci")
    files = {}
    for service, (variant, (options, api)) in product(SERVICES, VARIANTS.items()):
        path, text = render_service(service, make_project(options, api), has_tests=True)
        file = place / variant / service / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
        files[service, variant] = file
    return files


def of_service(written, service):
    return [path for (name, _), path in written.items() if name == service]


@pytest.mark.parametrize("service", SCHEMAS)
def test_files_follow_the_schema_of_the_service(written, service):
    command = [TOOLS / "check-jsonschema", "--builtin-schema", *SCHEMAS[service]]
    done = subprocess.run(
        [*command, *of_service(written, service)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_the_schema_check_can_fail(written, tmp_path):
    broken = tmp_path / "broken.yml"
    text = written["github", "default"].read_text()
    broken.write_text(text.replace("runs-on: ubuntu-24.04", "run-on: ubuntu-24.04", 1))
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", broken]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_appveyor_defines_every_job_once(written):
    for path in of_service(written, "appveyor"):
        file = load(path.read_text())
        names = [job["job_name"] for job in file["environment"]["matrix"]]
        only = [part["matrix"]["only"][0]["job_name"] for part in file["for"]]
        assert names == only
        assert len(set(names)) == len(names)
        known = {"matrix", "environment", "build_script", "artifacts", "deploy_script"}
        assert {key for part in file["for"] for key in part} <= known


def audit_workflow(*files):
    command = [TOOLS / "zizmor", "--offline", "--no-progress", "--persona", "auditor"]
    done = subprocess.run(
        [*command, "--format", "json", *files], check=False, capture_output=True, text=True
    )
    return {finding["ident"] for finding in json.loads(done.stdout)}


def test_workflows_have_no_security_findings(written):
    """But for jobs without a title, which need none."""
    assert audit_workflow(*of_service(written, "github")) <= {"anonymous-definition"}


def test_the_security_check_can_fail(written, tmp_path):
    text = written["github", "default"].read_text()
    loose = tmp_path / "loose.yml"
    loose.write_text(re.sub(r"@[0-9a-f]{40} # (v\d)[.\d]*", r"@\1", text))
    assert "unpinned-uses" in audit_workflow(loose)


def scripts_of(value, shells=("sh", "run", "script", "SCRIPT", "install")):
    """The texts of more than one line that a POSIX shell runs."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and key in shells and "LASTEXITCODE" not in inner:
                yield inner
            else:
                yield from scripts_of(inner, shells)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, str) and "\n" in inner and "LASTEXITCODE" not in inner:
                yield inner
            else:
                yield from scripts_of(inner, shells)


@pytest.mark.parametrize("service", SERVICES)
def test_shellcheck_has_nothing_to_say(written, service, tmp_path):
    scripts = dict.fromkeys(
        script
        for path in of_service(written, service)
        for script in scripts_of(load(path.read_text()))
    )
    assert len(scripts) >= 5
    for number, script in enumerate(scripts):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\n{script}\n")
    # SC2043: a loop over one Python is a loop, for the next one.
    words = ("-S", "warning", "-e", "SC2043")
    command = [TOOLS / "shellcheck", *words, *sorted(tmp_path.iterdir())]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class TestWorkflow:
    def test_actions_are_pinned_and_say_their_version(self, written):
        for path in of_service(written, "github"):
            uses = re.findall(r"uses: (.*)", path.read_text())
            assert uses
            for action in uses:
                assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)

    def test_only_publishing_jobs_can_prove_who_they_are(self, written):
        for path in of_service(written, "github"):
            file = load(path.read_text())
            assert file["permissions"] == {"contents": "read"}
            for name, job in file["jobs"].items():
                assert ("permissions" in job) == (name in ("testpypi", "pypi"))
                if name in ("testpypi", "pypi"):
                    assert job["permissions"] == {"id-token": "write"}
                    assert job["environment"]["name"] == name
                    assert "refs/tags/v" in job["if"]
                    assert job["steps"][-1]["with"]["attestations"] is True
                    assert not any("run" in step for step in job["steps"])

    def test_testpypi_comes_first(self):
        jobs = load(render("github"))["jobs"]
        assert jobs["pypi"]["needs"] == "testpypi"
        assert jobs["testpypi"]["needs"] == "check"
        assert jobs["check"]["needs"] == ["sdist", "linux", "native"]
        assert "testpypi" not in load(render("github", {"publish": ["pypi"]}))["jobs"]
        assert load(render("github", {"publish": ["pypi"]}))["jobs"]["pypi"]["needs"] == "check"

    def test_a_stable_abi_wheel_is_built_once_and_tested_everywhere(self):
        jobs = load(render("github", api="cp311"))["jobs"]
        script = jobs["linux"]["steps"][2]["env"]["SCRIPT"]
        build, test = re.findall(r"for python in (.*); do", script)
        assert build == "cp310-cp310 cp311-cp311"
        assert (
            test.split()[-1] == f"cp{KNOWN_PYTHONS[-1].replace('.', '')}-" + test.split()[-1][-5:]
        )
        assert jobs["native"]["strategy"]["matrix"]["python"] == ["3.10", "3.11"]
        assert jobs["newer"]["strategy"]["matrix"]["python"] == list(KNOWN_PYTHONS[3:])
        assert "newer" in jobs["check"]["needs"]

    def test_32_bit_containers_say_so(self):
        rows = load(render("github"))["jobs"]["linux"]["strategy"]["matrix"]["include"]
        personalities = {row["platform"]: row["personality"] for row in rows}
        assert personalities.pop("manylinux_i686") == "linux32"
        assert set(personalities.values()) == {"env"}
        assert {row["docker"] for row in rows} == {"linux/amd64", "linux/386", "linux/arm64"}

    def test_zig_needs_no_containers(self):
        text = render("github", {"linux": "zig", "manylinux": "manylinux2014"})
        jobs = load(text)["jobs"]
        assert "linux" not in jobs
        assert "docker" not in text
        rows = {row["platform"]: row for row in jobs["native"]["strategy"]["matrix"]["include"]}
        assert rows["manylinux_aarch64"]["target"] == "manylinux2014_aarch64"
        assert rows["manylinux_aarch64"]["toolchain"] == "zig"
        assert rows["windows_amd64"]["toolchain"] == "host"

    def test_windows_on_arm_has_no_old_pythons(self):
        options = {"platforms": ["windows_arm64", "windows_amd64"], "python": ["3.10", "3.11"]}
        matrix = load(render("github", options))["jobs"]["native"]["strategy"]["matrix"]
        assert matrix["exclude"] == [{"platform": "windows_arm64", "python": "3.10"}]
        only = {"platforms": ["windows_arm64", "windows_amd64"], "python": ["3.10"]}
        matrix = load(render("github", only))["jobs"]["native"]["strategy"]["matrix"]
        assert matrix["platform"] == ["windows_amd64"]

    def test_a_wheel_for_all_is_built_once_and_tested_elsewhere(self):
        options = {"platforms": ["manylinux_x86_64", "macos_arm64"], "python": ["3.10", "3.13"]}
        jobs = load(render("github", options, api=None))["jobs"]
        assert "linux" not in jobs, "nothing is compiled, so no image is needed"
        matrix = jobs["native"]["strategy"]["matrix"]
        assert (matrix["platform"], matrix["python"]) == (["manylinux_x86_64"], ["3.10"])
        newer = jobs["newer"]["strategy"]["matrix"]
        assert newer["platform"] == ["manylinux_x86_64", "macos_arm64"]
        assert newer["python"] == ["3.10", "3.13"]
        assert newer["exclude"] == [{"platform": "manylinux_x86_64", "python": "3.10"}]
        assert jobs["newer"]["steps"][2]["with"]["pattern"] == "wheels-*"

    def test_a_wheel_for_all_is_for_one_platform_by_default(self):
        jobs = load(render("github", api=None))["jobs"]
        assert jobs["native"]["strategy"]["matrix"]["platform"] == ["manylinux_x86_64"]
        assert jobs["newer"]["strategy"]["matrix"]["platform"] == ["manylinux_x86_64"]
        only = load(render("github", {"python": ["3.13"]}, api=None))["jobs"]
        assert "newer" not in only

    def test_felloe_is_released_with_itself(self):
        jobs = load(render("github", api=None, name="felloe"))["jobs"]
        assert "pip install build .\n" in jobs["sdist"]["steps"][2]["run"]
        assert "pip install dist/*.whl\n" in jobs["check"]["steps"][2]["run"]

    def test_a_project_without_tests_is_only_built(self):
        text = render("github", has_tests=False)
        assert "pip wheel" in text
        assert "pytest" not in text


def test_gitlab_proves_who_it_is_where_it_publishes():
    file = load(render("gitlab"))
    holders = {name for name, job in file.items() if isinstance(job, dict) and "id_tokens" in job}
    assert holders == {"attest", "testpypi", "pypi"}
    assert file["stages"][-2:] == ["testpypi", "pypi"]
    assert file["pypi"]["dependencies"] == ["attest"]


@pytest.mark.parametrize("service", ["appveyor", "travis"])
def test_without_trusted_publishing_the_file_says_which_tokens(service):
    text = render(service)
    assert "TESTPYPI_TOKEN and PYPI_TOKEN" in text
    assert text.index('"$TESTPYPI_TOKEN"') < text.index('"$PYPI_TOKEN"')
    assert "TOKEN" not in render(service, {"publish": []}).replace("TWINE_USERNAME=__token__", "")


@pytest.mark.parametrize(
    ("pythons", "api", "builders"),
    [
        (["3.10", "3.11"], "", ["3.10", "3.11"]),
        (["3.11", "3.10", "3.10"], "", ["3.10", "3.11"]),
        (["3.10", "3.11", "3.12", "3.13"], "cp311", ["3.10", "3.11"]),
        (["3.12", "3.13"], "cp39", ["3.12"]),
        (["3.9", "3.10"], "cp312", ["3.9", "3.10"]),
        (["3.10", "3.11"], "py3", ["3.10"]),
        (["3.10", "3.11"], "py2.py3", ["3.10"]),
        (["3.13", "3.14", "3.14t"], "cp312", ["3.13", "3.14t"]),
        (["3.14", "3.15", "3.15t"], "cp315.cp315t", ["3.14", "3.15t"]),
        (["3.14t", "3.15", "3.15t", "3.16t"], "cp315t", ["3.14t", "3.15", "3.15t"]),
    ],
)
def test_who_has_to_build(pythons, api, builders):
    assert choose_builders(pythons, api) == tuple(builders)


@pytest.mark.parametrize(
    ("requires", "first", "last"),
    [
        (">=3.9", "3.9", KNOWN_PYTHONS[-1]),
        (">=3.10.2", "3.10", KNOWN_PYTHONS[-1]),
        (">=3.11,<3.13", "3.11", "3.12"),
        (None, "3.9", KNOWN_PYTHONS[-1]),
    ],
)
def test_pythons_are_those_that_the_project_allows(requires, first, last):
    project = make_project()
    del project.table["project"]["requires-python"]
    if requires:
        project.table["project"]["requires-python"] = requires
    text = render_service("github", project, has_tests=True)[1]
    pythons = load(text)["jobs"]["native"]["strategy"]["matrix"]["python"]
    assert (pythons[0], pythons[-1]) == (first, last)


@pytest.mark.parametrize(
    ("service", "options", "project", "reason"),
    [
        ("github", {"pythn": ["3.12"]}, {}, "unknown key; the nearest known one is 'python'"),
        ("github", {"python": ["2.7"]}, {}, "tool.felloe.ci.python: '2.7' is not versions"),
        ("github", {"python": 3.12}, {}, "takes a list of strings, not 3.12"),
        ("github", {"platforms": ["solaris"]}, {}, "tool.felloe.ci.platforms: 'solaris'"),
        ("github", {"branch": "a b"}, {}, "tool.felloe.ci.branch"),
        ("github", {"test-command": "a\nb"}, {}, "tool.felloe.ci.test-command"),
        ("github", {"test-requires": ["$(x)"]}, {}, "tool.felloe.ci.test-requires"),
        ("travis", {"platforms": ["macos_arm64"]}, {}, "macos_arm64 cannot be built here"),
        (
            "github",
            {"linux": "zig", "platforms": ["musllinux_x86_64"]},
            {},
            "cannot be built here without containers",
        ),
        ("github", {}, {"requires-python": ">=3.99"}, "allows none of"),
        ("github", {}, {"requires-python": "yes"}, "is not valid"),
        ("github", {}, {"name": "a b; rm"}, "no valid project.name"),
        ("github", {}, {"name": 3}, "no valid project.name"),
        ("github", [], {}, "must be a table"),
    ],
)
def test_what_cannot_be_is_refused(service, options, project, reason):
    built = make_project(options or {}, **project)
    if options == []:
        built.table["tool"]["felloe"]["ci"] = [1]
    with pytest.raises(FelloeError, match=re.escape(reason)):
        render_service(service, built, has_tests=True)


def test_all_problems_are_told_at_once():
    with pytest.raises(FelloeError) as caught:
        read_ci_options({"linx": "zig", "branch": 3})
    assert len(caught.value.message.splitlines()) == 2
    assert all(option.key in caught.value.hint for option in CI_OPTIONS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_can_be_had_somewhere(platform):
    assert platform in render("github", {"platforms": [platform]})


@pytest.fixture
def project(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "primes"\nversion = "1"\n')
    return tmp_path


def test_the_file_is_written_compared_and_written_again(project, capsys):
    place = project / ".github" / "workflows" / "wheels.yml"
    assert main(["ci", "github", str(project), "--check"]) == 1
    assert "is missing" in capsys.readouterr().err
    assert main(["ci", "github", str(project)]) == 0
    assert main(["ci", "github", str(project), "--check"]) == 0
    first = place.read_text()
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.felloe.ci]\nbranch = "trunk"\n')
    assert main(["ci", "github", str(project), "--check"]) == 1
    error = capsys.readouterr().err
    assert "is not up to date" in error
    assert "felloe ci github" in error
    assert place.read_text() == first
    assert main(["ci", "github", str(project)]) == 0
    assert "trunk" in place.read_text()


def test_line_ends_of_the_checkout_do_not_matter(project):
    main(["ci", "gitlab", str(project)])
    place = project / ".gitlab-ci.yml"
    place.write_bytes(place.read_bytes().replace(b"\n", b"\r\n"))
    assert main(["ci", "gitlab", str(project), "--check"]) == 0


def test_what_somebody_else_wrote_is_left_alone(project, capsys):
    (project / ".travis.yml").write_text("language: python\n")
    assert main(["ci", "travis", str(project)]) == 2
    assert "left as it is" in capsys.readouterr().err
    assert (project / ".travis.yml").read_text() == "language: python\n"


def test_the_output_is_a_choice(project, capsys):
    assert main(["ci", "appveyor", str(project), "--output", str(project / "x" / "y.yml")]) == 0
    written = (project / "x" / "y.yml").read_text()
    capsys.readouterr()
    assert main(["ci", "appveyor", str(project), "--output", "-"]) == 0
    assert capsys.readouterr().out == written
    assert not (project / "appveyor.yml").exists()


def test_a_directory_without_a_project_is_told(tmp_path, capsys):
    assert main(["ci", "github", str(tmp_path)]) == 1
    assert "cannot be read" in capsys.readouterr().err
