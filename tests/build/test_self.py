"""felloe, built by itself."""

from __future__ import annotations

import shutil
import sys
import zipfile

import pytest
from support.archive import unpack_sdist
from support.paths import ROOT
from support.process import run

import felloe

pytestmark = pytest.mark.network


@pytest.fixture(scope="session")
def place(once, clean_environ):
    """A copy of this tree, and beside it a directory for each frontend."""

    def make(place):
        tree = place / "tree"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "src", tree / "src", ignore=ignored)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, tree)
        python = sys.executable
        for name, *command in (
            ("pip", python, "-m", "pip", "wheel", "--no-deps", "-w"),
            ("build", python, "-m", "build", "-o"),
            ("uv", "uv", "build", "--python", python, "-o"),
            ("wheel", "uv", "build", "--wheel", "--python", python, "-o"),
        ):
            run(*command, place / name, tree, env=clean_environ, cwd=place)
        root = unpack_sdist(next((place / "uv").glob("*.tar.gz")), place / "unpacked")
        again = ("uv", "build", "--sdist", "--python", python, "-o", place / "again")
        run(*again, root, env=clean_environ, cwd=place)

    return once("self", make)


@pytest.fixture(scope="session")
def built(place):
    """What each frontend made: {frontend: {suffix: file}}."""
    names = ("pip", "build", "uv", "wheel", "again")
    return {name: {file.suffix: file for file in (place / name).iterdir()} for name in names}


@pytest.fixture(scope="session")
def wheel(built):
    return built["pip"][".whl"]


def test_the_wheel_is_pure_and_whole(place, wheel):
    assert wheel.name == f"felloe-{felloe.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        dist_info = f"felloe-{felloe.__version__}.dist-info"
        header = archive.read(f"{dist_info}/WHEEL").decode()
    assert f"Generator: felloe {felloe.__version__}\n" in header
    assert "Root-Is-Purelib: true\n" in header
    assert {"felloe/py.typed", "felloe/build/engine_process.py"} <= names
    assert {"felloe/audit/policy/manylinux.json", f"{dist_info}/licenses/LICENSE"} <= names
    source = place / "tree" / "src"
    expected = {
        str(path.relative_to(source))
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if not name.startswith(dist_info)} == expected


@pytest.mark.parametrize("frontend", ["build", "uv", "wheel"])
def test_every_frontend_makes_the_same_wheel(frontend, built, wheel):
    """`build` and `uv` made it from an sdist, `uv build --wheel` did not."""
    assert built[frontend][".whl"].name == wheel.name
    assert built[frontend][".whl"].read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("frontend", ["uv", "again"])
def test_every_sdist_is_the_same(frontend, built):
    """`again` was made from the unpacked one."""
    assert built[frontend][".gz"].read_bytes() == built["build"][".gz"].read_bytes()


def test_the_version_is_said_once_more_and_equally():
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert table["project"]["version"] == felloe.__version__


def test_the_installed_command(python, wheel, make_venv, tmp_path):
    """On every Python, from nothing but the wheel."""
    venv = make_venv(tmp_path / "venv", python, wheel)
    command = venv.with_name("felloe")
    done = run(command, "audit", wheel, cwd=tmp_path)
    assert wheel.name in done.stdout
    assert run(venv, "-m", "felloe", "audit", wheel, cwd=tmp_path).stdout == done.stdout
    assert run(command, "audit", cwd=tmp_path, check=False).returncode == 2


LOADED = """
import sys
import felloe
print(*(name for name in sys.modules if name.startswith(("felloe", "scikit_build_core"))))
felloe.build_wheel
print(*(name for name in sys.modules if name.startswith("scikit_build_core")), "none")
"""


def test_importing_felloe_loads_nothing_else(engine_python, tmp_path):
    """Neither its own parts nor the engine, which reads ./pyproject.toml when it is imported."""
    done = run(engine_python, "-c", LOADED, cwd=tmp_path)
    assert done.stdout.splitlines() == ["felloe", "none"]
