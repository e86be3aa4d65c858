"""The hooks as a frontend meets them: what passes through, what is said, what is promised."""

# ruff: noqa: PLR0913, PLR0917 - what a test needs are its arguments

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from support.process import run

import felloe

FATAL = 'message(FATAL_ERROR "nothing may be configured here")\n'
NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false"}
METADATA_HOOKS = ("prepare_metadata_for_build_wheel", "prepare_metadata_for_build_editable")


@pytest.fixture
def out(tmp_path):
    place = tmp_path / "out"
    place.mkdir()
    return place


@pytest.fixture
def prepared(tmp_path):
    place = tmp_path / "prepared"
    place.mkdir()
    return place


@pytest.fixture
def with_table(copy_project):
    """A copy of frontend_tiny with more in its [tool.scikit-build], and files replaced."""

    def make(more="", files=None, requires='["felloe"]'):
        project = copy_project("frontend_tiny", files)
        path = project / "pyproject.toml"
        path.write_text(path.read_text().replace('["felloe"]', requires) + more)
        return project

    return make


def read(wheel, name):
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


# What metadata promises.


@pytest.mark.parametrize("name", [*METADATA_HOOKS, "build_wheel", "build_editable", "build_sdist"])
def test_a_project_without_its_table_is_one_message(name, with_table, hook, out):
    project = with_table()
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace("[project", "[other"))
    said = hook(project, name, out, check=False).output
    assert f"felloe: error: {path} has no [project] table\nfelloe: hint: add one" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", METADATA_HOOKS)
def test_metadata_is_prepared_without_cmake(name, with_table, hook, prepared):
    project = with_table(files={"CMakeLists.txt": FATAL})
    assert hook(project, name, prepared, env=NO_COMPILER).value == "frontend_tiny-1.2.3.dist-info"
    metadata = (prepared / "frontend_tiny-1.2.3.dist-info" / "METADATA").read_text()
    assert "Name: frontend-tiny\nVersion: 1.2.3\n" in metadata


def test_metadata_is_the_wheels(with_table, hook, prepared, out):
    """Byte for byte, and a frontend may hand the directory back."""
    project = with_table()
    dist_info = hook(project, METADATA_HOOKS[0], prepared).value
    before = (prepared / dist_info / "METADATA").read_bytes()
    wheel = out / hook(project, "build_wheel", out, None, prepared / dist_info).value
    assert read(wheel, f"{dist_info}/METADATA") == before
    assert (prepared / dist_info / "METADATA").read_bytes() == before
    for name in ("entry_points.txt",):
        assert read(wheel, f"{dist_info}/{name}") == (prepared / dist_info / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_metadata_that_changed_meanwhile_is_an_error(kind, with_table, hook, prepared, out):
    project = with_table("wheel.cmake = false\n")
    dist_info = hook(project, f"prepare_metadata_for_build_{kind}", prepared).value
    metadata = prepared / dist_info / "METADATA"
    metadata.write_text(metadata.read_text().replace("A module", "Another module"))
    done = hook(project, f"build_{kind}", out, None, prepared / dist_info, check=False)
    assert done.exit_code == 1
    assert "felloe: error: the METADATA of frontend_tiny-1.2.3-" in done.output
    assert "differs from what was prepared for it" in done.output
    assert "felloe: hint: " in done.output
    assert "Traceback" not in done.output
    assert not list(out.iterdir())


FALLBACK = """
[[tool.scikit-build.overrides]]
if.failed = true
wheel.cmake = false
"""


@pytest.mark.parametrize(("more", "offered"), [(FALLBACK, False), ("", True)])
def test_metadata_hooks_are_those_of_the_engine(more, offered, with_table, engine_python):
    """A wheel that falls back to pure Python cannot be promised before it is built."""
    project = with_table(more)
    code = "import json, sys, felloe; print([hasattr(felloe, name) for name in sys.argv[1:]])"
    done = run(engine_python, "-c", code, *METADATA_HOOKS, "build_wheel", cwd=project)
    assert done.stdout.strip() == str([offered, offered, True])


@pytest.mark.slow
def test_pip_builds_a_fallback(with_table, engine_python, clean_environ, out):
    project = with_table(FALLBACK, {"CMakeLists.txt": FATAL})
    options = ("--no-build-isolation", "--no-deps", "-w", out)
    run(engine_python, "-m", "pip", "wheel", *options, project, env=clean_environ)
    (wheel,) = out.iterdir()
    assert wheel.name == "frontend_tiny-1.2.3-py3-none-any.whl"


# What passes through to the engine.


@pytest.mark.parametrize(
    ("config", "env", "answer"),
    [
        ({"cmake.define.ANSWER": "7"}, {}, 7),
        ({"cmake.args": ["-DANSWER=8", "-DUSE_GETENTROPY=ON"]}, {}, 8),
        ({"felloe.platform": "linux"}, {"SKBUILD_CMAKE_DEFINE": "ANSWER=9"}, 9),
        ({"felloe": {"platform": "linux"}}, {"CMAKE_ARGS": "-DANSWER=10"}, 10),
    ],
)
def test_settings_reach_the_engine(config, env, answer, with_table, hook, answer_of, out):
    wheel = out / hook(with_table(), "build_wheel", out, config, env=env).value
    assert answer_of(wheel) == answer
    assert ("-linux_" in wheel.name) is any(key.startswith("felloe") for key in config)
    assert ("-manylinux_2_26_" in wheel.name) is ("cmake.args" in config)


def test_the_root_of_make_install_is_not_the_wheels(with_table, hook, answer_of, out, tmp_path):
    """``make install DESTDIR=…`` hands the variable to the frontend that it runs."""
    root = tmp_path / "root"
    wheel = out / hook(with_table(), "build_wheel", out, env={"DESTDIR": str(root)}).value
    assert answer_of(wheel) == 42
    assert not root.exists()


@pytest.mark.tools("uv")
def test_a_safe_path_is_whole(with_table, engine_python, clean_environ, tmp_path):
    """Where nothing stands before PYTHONPATH, its first directory may be the engine's."""
    if sys.version_info < (3, 11):
        pytest.skip("Python has no safe path")
    (place,) = engine_python.parents[1].glob("lib/*/site-packages")
    bare = run("uv", "venv", "-q", "--python", sys.executable, tmp_path / "bare")
    assert bare.returncode == 0
    path = os.pathsep.join([str(place), str(Path(felloe.__file__).parents[1])])
    environ = {**clean_environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": path}
    code = "import felloe; print(felloe.get_requires_for_build_sdist())"
    python = tmp_path / "bare" / "bin" / "python"
    assert run(python, "-c", code, cwd=with_table(), env=environ).stdout == "[]\n"


def test_a_frontends_own_options_reach_both(
    with_table, engine_python, clean_environ, out, tmp_path
):
    """`build` hands over a list for a key that is given twice."""
    keys = ("felloe.platform=linux", "wheel.py-api=cp39", f"build-dir={tmp_path}/objects")
    keys += ("cmake.args=-DANSWER=1", "cmake.args=-DUSE_GETENTROPY=ON")
    options = [word for key in keys for word in ("-C", key)]
    command = (engine_python, "-m", "build", "--wheel", "--no-isolation", "-o", out, *options)
    run(*command, with_table(), env=clean_environ)
    (wheel,) = out.iterdir()
    assert wheel.name.startswith("frontend_tiny-1.2.3-cp39-abi3-linux_")
    assert b"getentropy" in read(wheel, "frontend_tiny/_tiny.abi3.so")
    cache = (tmp_path / "objects" / "CMakeCache.txt").read_text()
    assert "\nANSWER:STRING=1\n" in cache


@pytest.mark.parametrize("name", [*METADATA_HOOKS, "build_wheel", "build_sdist"])
def test_a_key_that_the_engine_does_not_know(name, with_table, hook, out):
    """Is the engine's to refuse, in its words and with its exit code."""
    config = {"felloe.platform": "linux", "wheel.nonsense": "1"}
    done = hook(with_table(), name, out, config, check=False)
    assert done.exit_code == 7
    assert "wheel.nonsense" in done.output
    assert "felloe" not in done.output
    assert "Traceback" not in done.output


def test_a_key_that_felloe_does_not_know(with_table, hook, out):
    """All of them at once, before anything is started."""
    config = {"felloe.platfrom": "linux", "felloe.on-violation": "explode"}
    done = hook(with_table(), "build_wheel", out, config, check=False)
    assert done.exit_code == 1
    assert "-C felloe.platfrom: unknown key; the nearest known one is 'platform'" in done.output
    assert "-C felloe.on-violation: 'explode' is not" in done.output
    assert "scikit-build-core 1" not in done.output
    assert "Traceback" not in done.output


def test_cmake_and_ninja_are_asked_for_where_the_system_has_none(with_table, hook):
    """By the engine; what it says is handed on as it is."""
    project, nothing = with_table(), {"PATH": "/nonexistent"}
    asked = hook(project, "get_requires_for_build_wheel", env=nothing).value
    assert {word.partition(">")[0] for word in asked} == {"cmake", "ninja"}
    more = hook(project, "get_requires_for_build_wheel", {"build.requires": ["six"]}, env=nothing)
    assert set(more.value) == {*asked, "six"}
    assert hook(project, "get_requires_for_build_sdist", env=nothing).value == []


@pytest.mark.parametrize(("oldest", "accepted"), [("0.7", True), ("0.10", False)])
def test_a_projects_own_requirement_stays_meaningful(oldest, accepted, with_table, hook, prepared):
    """cmake.minimum-version was refused for a project that asks for 0.8 or later."""
    project = with_table(
        'cmake.minimum-version = "3.15"\n', requires=f'["felloe", "scikit-build-core>={oldest}"]'
    )
    path = project / "pyproject.toml"
    pinned = 'minimum-version = "build-system.requires"'
    path.write_text(path.read_text().replace('minimum-version = "0.10"', pinned, 1))
    done = hook(project, METADATA_HOOKS[0], prepared, check=False)
    assert (done.exit_code == 0) is accepted, done.output
    assert accepted or "minimum-version" in done.output


@pytest.mark.slow
def test_one_line_moves_a_project(copy_project, engine_python, clean_environ, out):
    """The same wheel as the engine's, but for its tags and who made it."""
    project = copy_project("frontend_tiny")
    environ = {**clean_environ, "SOURCE_DATE_EPOCH": "1600000000"}
    path, made = project / "pyproject.toml", []
    moved = path.read_text()
    for backend in ("scikit_build_core.build", "felloe"):
        path.write_text(moved.replace('build-backend = "felloe"', f'build-backend = "{backend}"'))
        place = out / backend
        command = (engine_python, "-m", "build", "--wheel", "-n", "-x", "-o", place)
        run(*command, project, env=environ)
        made += place.iterdir()
    theirs, ours = made
    assert theirs.name.rsplit("-", 1)[0] == ours.name.rsplit("-", 1)[0]
    with zipfile.ZipFile(theirs) as one, zipfile.ZipFile(ours) as two:
        assert sorted(one.namelist()) == sorted(two.namelist())
        differing = {name for name in one.namelist() if one.read(name) != two.read(name)}
        headers = [archive.read("frontend_tiny-1.2.3.dist-info/WHEEL") for archive in (one, two)]
    assert differing == {f"frontend_tiny-1.2.3.dist-info/{name}" for name in ("RECORD", "WHEEL")}
    changing = (b"Tag: ", b"Generator: ")
    kept = [[x for x in text.splitlines() if x and not x.startswith(changing)] for text in headers]
    assert kept[0] == kept[1]
    assert kept[0]


# What is seen and heard.

SLOW = """
message(STATUS "the first words")
execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 2)
message(STATUS "the last words")
"""


# A shell's background jobs ignore Ctrl-C, and those that they start.
START = """
import signal, sys, felloe
signal.signal(signal.SIGINT, signal.default_int_handler)
felloe.build_wheel(sys.argv[1])
"""


def start_slow_build(project, python, environ, out):
    lists = project / "CMakeLists.txt"
    lists.write_text(lists.read_text() + SLOW)
    return subprocess.Popen(
        [python, "-c", START, out],
        cwd=project,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_output_is_live(with_table, engine_python, clean_environ, out):
    """A frontend sees what CMake says while CMake is still at work."""
    heard = {}
    with start_slow_build(with_table(), engine_python, clean_environ, out) as process:
        for line in process.stdout:
            heard[line.strip()] = time.monotonic()
    assert process.returncode == 0
    assert heard["-- the last words"] - heard["-- the first words"] > 1.5
    lines = list(heard)
    # In the order of events, ours after the engine's.
    assert lines.index("-- the last words") < len(lines) - 1
    assert lines[-1].startswith("felloe: tagged ")


def test_a_killed_build_leaves_no_wheel(with_table, engine_python, clean_environ, out):
    with start_slow_build(with_table(), engine_python, clean_environ, out) as process:
        while "the first words" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.read()
    assert process.returncode
    assert not list(out.iterdir())


# An engine that needs a moment to remove its build directory.
TIDY_ENGINE = """
import pathlib, time
def build_wheel(directory, config_settings=None, metadata_directory=None):
    try:
        print("at work", flush=True)
        time.sleep(60)
    finally:
        time.sleep(1)
        pathlib.Path(r"{place}").touch()
"""


@pytest.mark.slow
def test_an_interrupted_engine_may_tidy_up(with_table, engine_python, clean_environ, tmp_path):
    """Ctrl-C reaches every process of the terminal; felloe's is the last to end."""
    package, tidied = tmp_path / "path" / "scikit_build_core", tmp_path / "tidied"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "build.py").write_text(TIDY_ENGINE.format(place=tidied))
    environ = {**clean_environ, "PYTHONPATH": str(package.parent)}
    with start_slow_build(with_table(), engine_python, environ, tmp_path) as process:
        while "at work" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
    assert process.returncode
    assert tidied.exists()


def test_any_directory_will_do(copy_project, hook, answer_of, tmp_path):
    """Spaces and letters beyond ASCII, where the locale knows none."""
    project = copy_project("frontend_tiny", to="gr\u00f6\u00dfer 1")
    out, scratch = tmp_path / "\u00e4 out", tmp_path / "\u00e4 scratch"
    out.mkdir()
    scratch.mkdir()
    environ = {"LC_ALL": "C", "TMPDIR": str(scratch), "PYTHONSAFEPATH": "1"}
    wheel = out / hook(project, "build_wheel", out, env=environ).value
    assert answer_of(wheel) == 42
    assert not list(scratch.iterdir())
    assert [path.name for path in out.iterdir()] == [wheel.name]


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("tiny.c", "#error not for this machine\n", "error: #error not for this machine"),
        ("CMakeLists.txt", FATAL, "nothing may be configured here"),
    ],
)
def test_a_failing_build_ends_with_its_own_words(path, text, said, with_table, hook, out):
    done = hook(with_table(files={path: text}), "build_wheel", out, check=False)
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output
    assert "felloe: " not in done.output
    assert not list(out.iterdir())


@pytest.mark.parametrize("epoch", ["1600000000", "", None])
def test_source_date_epoch_is_the_time_of_everything(epoch, with_table, hook, out):
    project = with_table()
    source = project / "tiny.c"
    macro = 'const char frontend_built[] = "built " __DATE__;\n'
    source.write_text(source.read_text() + macro)
    environ = {} if epoch is None else {"SOURCE_DATE_EPOCH": epoch}
    wheel = out / hook(project, "build_wheel", out, env=environ).value
    day, compiled = {
        "1600000000": ((2020, 9, 13, 12, 26, 40), b"built Sep 13 2020"),
        None: ((2020, 1, 1, 0, 0, 0), b"built Jan  1 2020"),
    }[epoch or None]
    with zipfile.ZipFile(wheel) as archive:
        assert {item.date_time for item in archive.infolist()} == {day}
        (module,) = (name for name in archive.namelist() if name.endswith(".so"))
        assert compiled in archive.read(module)


def test_a_hook_leaves_the_frontends_surroundings_alone(with_table, engine_python, out):
    """Directory, environment, path and streams: a frontend may call hooks in its own process."""
    code = """
import json, os, sys
os.umask(0o27)
before = os.getcwd(), dict(os.environ), sys.argv[:]
import felloe
path = sys.path[:]
felloe.build_wheel(sys.argv[1], {"wheel.cmake": "false"})
assert before == (os.getcwd(), dict(os.environ), sys.argv[:])
assert path == sys.path
assert os.umask(0) == 0o27
"""
    run(engine_python, "-c", code, out, cwd=with_table(), env={**os.environ, "LANG": "C"})
    assert json.dumps([path.name for path in out.iterdir()]).count(".whl") == 1
