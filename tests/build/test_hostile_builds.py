"""Builds that cannot end well, through the real hooks: what is said, and what is left behind."""

import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import felloe

PYPROJECT = """
[build-system]
requires = ["felloe"]
build-backend = "felloe"

[project]
name = "demo"
version = "1.0"
"""
CMAKE = """
cmake_minimum_required(VERSION 3.15)
project(demo LANGUAGES C)
add_executable(demo demo.c)
install(TARGETS demo DESTINATION demo)
"""
PROGRAM = "int main(void) { return 0; }\n"
SOURCE = Path(felloe.__file__).resolve().parents[1]


@pytest.fixture
def project(tmp_path):
    """A sound project; ``out`` and ``tmp`` beside it, both empty."""
    root = tmp_path / "project"
    for place in (root, tmp_path / "out", tmp_path / "tmp"):
        place.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "CMakeLists.txt").write_text(CMAKE)
    (root / "demo.c").write_text(PROGRAM)
    return root


@pytest.fixture
def hook(project, clean_environ):
    """Call a hook in a child process, as a frontend does."""
    place = project.parent
    paths = os.pathsep.join(filter(None, [str(SOURCE), clean_environ.get("PYTHONPATH")]))

    def call(name="build_wheel", config=None, **environ):
        code = f"import felloe; print('ANSWER', felloe.{name}(*{['../out', config]!r}))"
        env = {**clean_environ, "TMPDIR": str(place / "tmp"), "PYTHONPATH": paths, **environ}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=project,
            env=env,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=100,
            check=False,
        )
        assert left_in(place / "tmp") == [], "temporary files are left"
        assert "felloe/" not in "".join(re.findall(r'^  File ".*', done.stdout, re.MULTILINE))
        return done

    return call


def left_in(directory):
    return sorted(path.name for path in directory.iterdir())


def errors(done):
    return done.stdout.count("felloe: error: ")


@pytest.fixture
def refused(hook, project):
    """Call a hook that must fail; answers what it printed."""

    def call(code=1, **options):
        done = hook(**options)
        assert done.returncode == code, done.stdout
        assert "ANSWER" not in done.stdout
        assert left_in(project.parent / "out") == []
        return done

    return call


def test_sound_project_is_built(hook, project):
    done = hook()
    assert done.returncode == 0, done.stdout
    (name,) = left_in(project.parent / "out")
    assert done.stdout.splitlines()[-1] == f"ANSWER {name}"
    assert zipfile.ZipFile(project.parent / "out" / name).testzip() is None


HOOKS = ["build_wheel", "build_sdist", "build_editable", "prepare_metadata_for_build_wheel"]


@pytest.mark.parametrize("name", HOOKS)
@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"[project\n", "is not TOML"),
        (b"a = '\xff'\n", "is not UTF-8"),
        (b"a = " + b"[" * 20_000, "is nested too deeply|is not TOML"),
        (b"a = " + b"9" * 5000, "is not TOML"),
        (None, "cannot be read: No such file"),
    ],
    ids=["syntax", "encoding", "nesting", "number", "missing"],
)
def test_unreadable_toml(refused, project, name, data, cause):
    path = project / "pyproject.toml"
    path.unlink() if data is None else path.write_bytes(data)
    done = refused(name=name)
    assert errors(done) == 1
    assert "Traceback" not in done.stdout
    assert re.search(f"{re.escape(str(path))} ({cause})", done.stdout)


@pytest.mark.parametrize("name", HOOKS[:2])
def test_unknown_keys_of_the_table_and_of_config_are_told_at_once(refused, project, name):
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.felloe]\nplatfrom = 'auto'\n")
    config = {"felloe.on-violaton": "error", "cmake.verbose": "true"}
    done = refused(name=name, config=config)
    assert errors(done) == 1
    for key in ("tool.felloe.platfrom", "-C felloe.on-violaton"):
        assert f"{key}: unknown key; the nearest known one is" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("value", ["soon", "1.5", "9" * 30])
def test_malformed_epoch(refused, value):
    done = refused(SOURCE_DATE_EPOCH=value)
    assert errors(done) == 1
    assert "SOURCE_DATE_EPOCH" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("name", ["build_wheel", "build_editable"])
def test_a_quote_that_does_not_end(refused, name):
    done = refused(name=name, CMAKE_ARGS='-DNAME="x')
    assert errors(done) == 1
    assert "CMAKE_ARGS cannot be split into words" in done.stdout
    assert "Traceback" not in done.stdout


def make_links(root):
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "self").symlink_to("self")
    (root / "src").mkdir()
    (root / "src" / "up").symlink_to("..", target_is_directory=True)
    (root / "gone").symlink_to("nothing")


@pytest.mark.parametrize("name", ["build_wheel", "build_sdist"])
def test_cyclic_links_end_in_an_answer_or_an_error(hook, project, name):
    make_links(project)
    done = hook(name=name)
    assert "Traceback" not in done.stdout, done.stdout
    out = left_in(project.parent / "out")
    assert len(out) == (done.returncode == 0)
    assert done.returncode == 0 or errors(done) == 1


def test_link_to_a_directory_reaches_the_sdist(hook, project):
    (project / "data").mkdir()
    (project / "data" / "x").write_text("x")
    (project / "alias").symlink_to("data", target_is_directory=True)
    done = hook(name="build_sdist")
    assert done.returncode == 0, done.stdout
    assert left_in(project.parent / "out") == ["demo-1.0.tar.gz"]


def test_compile_error_is_the_engines_to_tell(refused, project):
    (project / "demo.c").write_text("int main(void) { return felloe_undeclared; }\n")
    done = refused()
    assert "felloe_undeclared" in done.stdout
    assert errors(done) == 0
    assert "Traceback" not in done.stdout


def test_broken_cmake_is_the_engines_to_tell(refused, project):
    (project / "CMakeLists.txt").write_text(f"{CMAKE}\nmessage(FATAL_ERROR spokes)\n")
    done = refused()
    assert "spokes" in done.stdout
    assert errors(done) == 0
    assert "Traceback" not in done.stdout


def test_unknown_option_of_the_engine_has_the_engines_code(refused):
    done = refused(code=7, config={"cmake.no-such-option": "x"})
    assert "no-such-option" in done.stdout
    assert errors(done) == 0
    assert "Traceback" not in done.stdout


def test_output_of_the_engine_comes_while_it_works(project, clean_environ):
    """A build that takes a second is seen to run before it ends."""
    slow = 'execute_process(COMMAND "${CMAKE_COMMAND}" -E sleep 1.5)\nmessage(FATAL_ERROR end)\n'
    (project / "CMakeLists.txt").write_text(f"{CMAKE}\nmessage(STATUS begun)\n{slow}")
    code = "import felloe; felloe.build_wheel('../out')"
    env = {**clean_environ, "TMPDIR": str(project.parent / "tmp"), "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as child:
        seen = {}
        for line in child.stdout:
            for word in (b"begun", b"FATAL_ERROR", b"CMake Error"):
                if word in line:
                    seen.setdefault(word, time.monotonic())
    assert child.returncode == 1
    assert seen[b"CMake Error"] - seen[b"begun"] > 1


def test_place_that_takes_no_wheel(hook, project):
    place = project.parent / "out"
    place.rmdir()
    place.write_text("")
    done = hook()
    assert done.returncode == 1
    assert errors(done) == 1
    assert re.search(r"error: .*\.\./out is not a directory", done.stdout)
    assert "Traceback" not in done.stdout
    assert place.read_text() == ""


def test_place_that_is_missing_is_made(hook, project):
    """As the engine makes it: its own tests rely on that."""
    place = project.parent / "out"
    place.rmdir()
    hook()
    assert len(list(place.glob("*.whl"))) == 1


def test_a_wheel_without_binaries_is_written_with_a_note(hook, project):
    (project / "CMakeLists.txt").write_text(CMAKE.replace("install(", "# install("))
    done = hook()
    assert done.returncode == 0
    assert "has no binaries" in done.stdout
    assert len(list((project.parent / "out").glob("*.whl"))) == 1
