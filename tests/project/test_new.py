"""Each template: a new project, its wheel, its installation, its tests. And a moved project."""

import json
import re
import shutil
import sys
import tarfile
from pathlib import Path

import pytest
from support.paths import ROOT
from support.process import DEBUG, run

from felloe.cli.main import main
from felloe.project.new.template import BINDINGS

pytestmark = pytest.mark.network

TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}"
STABLE = "cp312-abi3" if sys.version_info >= (3, 12) else f"{TAG}-{TAG}"
TAGS = {
    "pybind11": f"{TAG}-{TAG}",
    "nanobind": STABLE,
    "c-abi3": "cp310-abi3",
    "cython": f"{TAG}-{TAG}",
    "ctypes": "py3-none",
}

if sys.version_info < (3, 10):
    pytest.skip("new projects are for Python 3.10 and later", allow_module_level=True)


@pytest.fixture
def new(tmp_path):
    """A new project."""

    def make(binding, name="fast-primes"):
        place = tmp_path / name
        assert main(["new", name, "--binding", binding, "--output-dir", str(place)]) == 0
        return place

    return make


@pytest.fixture
def fresh(environ, tmp_path):
    """As on a user's machine that has not built anything yet: caches are kept, and empty."""
    return {**environ, **DEBUG, "FELLOE_CACHE": "true", "FELLOE_CACHE_DIR": str(tmp_path / "cache")}


def assert_tested(python, project):
    """Its tests pass, run from elsewhere with the installed package."""
    done = run(python, "-m", "pytest", "-q", project / "tests", cwd=project.parent)
    assert re.search(r"^8 passed", done.stdout, re.MULTILINE), done.stdout


LARGE = "nanobind"
"""It brings a library that each project compiles."""


@pytest.mark.parametrize(
    "binding",
    [
        pytest.param(binding, marks=pytest.mark.exhaustive if binding == LARGE else [])
        for binding in BINDINGS
    ],
)
def test_the_first_wheel_works(binding, new, fresh, make_venv, tmp_path):
    project = new(binding)
    dist = tmp_path / "dist"
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", dist, ".", cwd=project, env=fresh)
    (wheel,) = dist.glob("*.whl")
    assert wheel.name.startswith(f"fast_primes-0.1.0-{TAGS[binding]}-manylinux")
    checked = run(sys.executable, "-m", "felloe", "check", "--json", wheel).stdout
    assert json.loads(checked)["accepted"], checked
    assert_tested(make_venv(tmp_path / "venv", sys.executable, wheel, "pytest"), project)
    # What was built stays out of the project.
    assert not {"build", "dist", "_skbuild"} & {path.name for path in project.iterdir()}


@pytest.mark.parametrize(
    "binding",
    [
        "ctypes",
        "c-abi3",
        *(
            pytest.param(binding, marks=pytest.mark.exhaustive)
            for binding in BINDINGS
            if binding not in ("ctypes", "c-abi3")
        ),
    ],
)
def test_uv_builds_it_by_way_of_the_sdist(binding, new, fresh, make_venv, tmp_path):
    project, dist = new(binding, "Fast.Primes"), tmp_path / "dist"
    run("uv", "build", "--no-config", "-o", dist, "--python", sys.executable, project, env=fresh)
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"CMakeLists.txt", "tests/test_fast_primes.py", "src/fast_primes/py.typed"} <= names
    (wheel,) = dist.glob("*.whl")
    assert_tested(make_venv(tmp_path / "venv", sys.executable, wheel, "pytest"), project)


@pytest.mark.parametrize("binding", ["c-abi3", "ctypes"])
def test_it_can_be_worked_on(binding, new, fresh, make_venv, tmp_path):
    """Installed in place, with the group that the project names for its tests."""
    project = new(binding)
    python = make_venv(tmp_path / "venv", sys.executable)
    install = ("uv", "pip", "install", "-q", "--python", python, "-e", ".", "--group", "test")
    run(*install, cwd=project, env=fresh)
    assert_tested(python, project)


@pytest.mark.parametrize(
    "job",
    ["manylinux_2_28_x86_64", pytest.param("macosx_11_0_arm64", marks=pytest.mark.exhaustive)],
)
def test_what_a_job_runs_does_what_it_says(job, new, fresh, make_venv, tmp_path):
    """The script of a container, or of a machine of its own, on this one."""
    project = new("ctypes")
    version = ".".join(map(str, sys.version_info[:2]))
    table = project / "pyproject.toml"
    head = "[tool.felloe.build]\n"
    table.write_text(table.read_text().replace(head, f'{head}python = ["{version}"]\n'))
    run(sys.executable, "-m", "felloe", "ci", "gitlab", project)
    import yaml

    script = yaml.safe_load((project / ".gitlab-ci.yml").read_text())[job]["script"]
    # Where the image has its interpreters.
    place = tmp_path / "python" / "cp313-cp313"
    make_venv(place, sys.executable, "pip>=25.1")
    text = "\n".join(script).replace("/opt/python/", f"{place.parent}/")
    text = text.replace(f"uv python install {version}", "true")
    (tmp_path / "script.sh").write_text(f"set -eu\n{text}\n")
    home = tmp_path / "home"
    home.mkdir()
    done = run(
        *("bash", tmp_path / "script.sh"),
        cwd=project,
        env={**fresh, "HOME": str(home)},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert len(list((project / "dist").glob("*.whl"))) == 1
    assert "All tests passed" in done.stdout


SETUP = """\
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

class CMakeExtension(Extension):
    def __init__(self, name, sourcedir=""):
        super().__init__(name, sources=[])

setup(
    name="moved", version="1.2", packages=["moved"], package_dir={"": "src"},
    ext_modules=[CMakeExtension("moved._core")],
)
"""


@pytest.mark.parametrize("old", ["scikit-build-core", "setuptools"])
def test_a_moved_project_builds(old, new, fresh, make_venv, tmp_path):
    """A project as it was before felloe, moved by the command, then built and tested."""
    project = new("pybind11", "moved")
    pyproject, cmake = project / "pyproject.toml", project / "CMakeLists.txt"
    if old == "scikit-build-core":
        text = pyproject.read_text().replace('"felloe", ', '"scikit-build-core>=0.10", ')
        pyproject.write_text(text.replace('= "felloe"', '= "scikit_build_core.build"'))
    else:
        pyproject.write_text(
            '[build-system]\nrequires = ["setuptools", "wheel", "cmake", "pybind11>=3"]\n'
            'build-backend = "setuptools.build_meta"\n'
        )
        cmake.write_text(re.sub(r"\ninstall\(.*\n", "", cmake.read_text()))
        (project / "setup.py").write_text(SETUP)
    run(sys.executable, "-m", "felloe", "migrate", project, "--apply")
    dist = tmp_path / "dist"
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", dist, project, env=fresh)
    (wheel,) = dist.glob("*.whl")
    assert f"-{TAG}-{TAG}-manylinux" in wheel.name
    assert_tested(make_venv(tmp_path / "venv", sys.executable, wheel, "pytest"), project)


def test_templates_are_in_the_wheel_and_in_the_sdist(wheelhouse, tmp_path):
    """As they lie in the sources, so that an installed felloe can write them."""
    templates = Path("src/felloe/project/new/templates")
    wanted = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / templates).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    (wheel,) = wheelhouse.glob("felloe-*.whl")
    shutil.unpack_archive(wheel, tmp_path, "zip")
    assert wanted == {
        path.relative_to(tmp_path).as_posix()
        for path in (tmp_path / "felloe" / "project" / "new" / "templates").rglob("*")
        if path.is_file()
    }
    run(sys.executable, "-m", "build", "--sdist", "-o", tmp_path / "dist", ROOT)
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/src/")[2] for name in archive.getnames()}
    assert wanted <= names


def test_uv_builds_again_after_an_edit(new, fresh):
    """uv looks at pyproject.toml alone, unless `cache-keys` names the sources."""
    project = new("ctypes")
    header = project / "src" / "primes.c"
    command = ("uv", "sync", "--no-editable", "--no-dev", "--python", sys.executable)
    run(*command, cwd=project, env=fresh)
    assert "fast-primes" not in run(*command, cwd=project, env=fresh).stdout
    header.write_text(header.read_text() + "/* edited */\n")
    assert "~ fast-primes" in run(*command, cwd=project, env=fresh).stdout
