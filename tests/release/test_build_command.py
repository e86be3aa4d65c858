"""``felloe build``: a whole release, with real frontends and interpreters."""

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from unittest.mock import ANY

import pytest
from support.json_schema import validate
from support.paths import PROJECTS
from support.process import run

import felloe

pytestmark = pytest.mark.network

SCHEMA = json.loads(
    Path(felloe.__file__).with_name("release").joinpath("build.schema.json").read_text()
)
TEST = 'python -c "import frontend_tiny; assert frontend_tiny.answer() == 42"'
TABLE = f"""
[tool.felloe.build]
python = ["3.9", "3.13"]
test = '{TEST}'
"""


class Build:
    """Calls the command; answers its exit code, its document and what it said."""

    def __init__(self, environ, place):
        self.environ = environ
        self.place = place
        self.dist = place / "dist"

    def __call__(self, project, *arguments, out="dist", env=None, code=0):
        command = [
            sys.executable,
            "-m",
            "felloe",
            "build",
            project,
            "-o",
            self.place / out,
            "--json",
        ]
        done = subprocess.run(
            list(map(str, [*command, *arguments])),
            env={**self.environ, **(env or {})},
            cwd=self.place,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        document = json.loads(done.stdout) if done.stdout else None
        if document is not None:
            validate(document, SCHEMA)
            assert document["passed"] is (code == 0)
        return document, done.stderr


@pytest.fixture
def build(environ, tmp_path):
    """A cache of its own, so that nothing is warm by chance."""
    environ = {**environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environ["UV_CACHE_DIR"] = run("uv", "cache", "dir").stdout.strip()
    for name in ("CI", "FELLOE_CACHE"):
        environ.pop(name, None)
    return Build(environ, tmp_path)


def copy(place, more="", **files):
    shutil.copytree(PROJECTS / "frontend_tiny", place)
    with (place / "pyproject.toml").open("a") as file:
        file.write(more)
    for name, text in files.items():
        (place / name).write_text(text)
    return place


def statuses(document):
    return {entry["python"]["tag"]: entry["status"] for entry in document["matrix"]}


def outcomes(document):
    return {entry["python"]["tag"]: entry["test"]["status"] for entry in document["matrix"]}


def files(place):
    return sorted(path.name for path in place.iterdir() if not path.name.startswith("."))


def stamps(place):
    return {path.name: path.stat().st_mtime_ns for path in place.iterdir() if path.is_file()}


def test_a_release_is_built_tested_and_kept(build, tmp_path):
    project = copy(tmp_path / "project", TABLE)
    document, said = build(project)
    assert statuses(document) == {"cp39": "built", "cp313": "built"}
    assert outcomes(document) == {"cp39": "passed", "cp313": "passed"}
    assert document["frontend"] == "uv"
    wheel_names = [Path(wheel["file"]).name for wheel in document["wheels"]]
    assert files(build.dist) == sorted(["frontend_tiny-1.2.3.tar.gz", *wheel_names])
    assert [name.split("-")[2] for name in wheel_names] == ["cp39", "cp313"]
    assert "felloe: cp313: tests passed" in said
    run(sys.executable, "-m", "felloe", "check", *build.dist.glob("f*"), env=build.environ)

    before = stamps(build.dist)
    document, said = build(project)
    assert statuses(document) == {"cp39": "kept", "cp313": "kept"}
    assert document["sdist"]["kept"] is True
    assert outcomes(document) == {"cp39": "passed", "cp313": "passed"}
    assert "cp39: building" not in said
    assert stamps(build.dist) == before

    # What is gone, or changed since, is missing.
    next(build.dist.glob("*cp39*.whl")).unlink()
    next(build.dist.glob("*cp313*.whl")).write_bytes(b"")
    document, _ = build(project, "--python", "3.9")
    assert statuses(document) == {"cp39": "built"}
    assert document["stale"] == [name for name in wheel_names if "cp313" in name]


def test_what_a_release_made_in_the_project_is_in_no_later_sdist(build, tmp_path):
    project = copy(tmp_path / "project")
    first, _ = build(project, "--python", "3.13", out="project/dist")
    second, _ = build(project, "--python", "3.13", out="project/dist")
    assert statuses(second) == {"cp313": "kept"}
    assert second["sdist"] == {**first["sdist"], "kept": True, "seconds": ANY}


def test_a_directory_of_the_project_stays_in_the_sdist(build, tmp_path):
    project = copy(tmp_path / "project")
    document, _ = build(project, "--python", "3.13", out="project/src")
    with tarfile.open(document["sdist"]["file"]) as sdist:
        assert any(name.endswith("/src/frontend_tiny/__init__.py") for name in sdist.getnames())
    assert not (project / "src" / ".gitignore").exists()


def test_another_source_is_another_release(build, tmp_path):
    compiler = tmp_path / "cc"
    (tmp_path / "calls").mkdir()
    compiler.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/calls/$$\nexec cc "$@"\n')
    compiler.chmod(0o755)
    env = {"CC": str(compiler)}
    project = copy(tmp_path / "project")
    asked = ("--python", "3.13")
    build(project, *asked, env=env)
    assert compiled(tmp_path) == 1

    # Without what was built, the objects are still there: nothing is compiled.
    shutil.rmtree(build.dist)
    document, _ = build(project, *asked, env=env)
    assert statuses(document) == {"cp313": "built"}
    assert compiled(tmp_path) == 1

    source = project / "tiny.c"
    source.write_text(source.read_text().replace("FromLong(ANSWER)", "FromLong(ANSWER + 1)"))
    assert statuses(build(project, *asked, env=env)[0]) == {"cp313": "built"}
    assert compiled(tmp_path) == 2
    test = TEST.replace("42", "43")
    document, _ = build(project, *asked, "--test", test, env=env)
    assert (statuses(document), outcomes(document)) == ({"cp313": "kept"}, {"cp313": "passed"})

    # And on request as if there had been nothing.
    warm = next(build.dist.glob("*.whl")).read_bytes()
    assert statuses(build(project, *asked, "--fresh", env=env)[0]) == {"cp313": "built"}
    assert compiled(tmp_path) == 3
    assert next(build.dist.glob("*.whl")).read_bytes() == warm


def compiled(place):
    """How often the compiler, which writes a file for each call, has compiled the source."""
    return sum("tiny.c.o -c" in call.read_text() for call in (place / "calls").iterdir())


def test_one_abi3_wheel_is_built_and_tested_on_all(build, tmp_path):
    project = copy(tmp_path / "project")
    asked = ("--python", "3.13", "3.9", "3.11", "--test", TEST, "-C", "wheel.py-api=cp39")
    document, said = build(project, *asked)
    assert statuses(document) == {"cp39": "built", "cp311": "shared", "cp313": "shared"}
    assert set(outcomes(document).values()) == {"passed"}
    (wheel,) = document["wheels"]
    assert "-cp39-abi3-" in wheel["file"]
    assert len({entry["wheel"] for entry in document["matrix"]}) == 1
    assert "cp313: uses the wheel of cp39" in said
    assert statuses(build(project, *asked)[0]) == {
        "cp39": "kept",
        "cp311": "shared",
        "cp313": "shared",
    }


def test_one_failure_does_not_lose_the_others(build, tmp_path):
    project = copy(tmp_path / "project")
    cmake = project / "CMakeLists.txt"
    stop = 'message(FATAL_ERROR "none for 3.13, level $ENV{CMAKE_BUILD_PARALLEL_LEVEL}")'
    cmake.write_text(
        cmake.read_text() + f"if(Python_VERSION VERSION_GREATER 3.12)\n  {stop}\nendif()\n"
    )
    test = 'python -c "import sys; print(sys.version); sys.exit(sys.version_info[1] == 9)"'
    asked = ("--python", "3.9", "3.11", "3.13", "--test", test, "--jobs", "2")
    document, said = build(project, *asked, code=1)
    assert statuses(document) == {"cp39": "built", "cp311": "built", "cp313": "failed"}
    assert outcomes(document) == {"cp39": "failed", "cp311": "passed", "cp313": "skipped"}
    assert len(list(build.dist.glob("*.whl"))) == 2
    by_tag = {entry["python"]["tag"]: entry for entry in document["matrix"]}
    log = Path(by_tag["cp313"]["failure"]["log"])
    assert log == build.dist / ".felloe" / "logs" / "cp313-build.log"
    assert "none for 3.13, level 1" in log.read_text()
    assert "none for 3.13" in said
    assert str(log) in said
    assert "ended with exit code 1" in by_tag["cp39"]["test"]["failure"]["message"]
    assert Path(by_tag["cp39"]["test"]["failure"]["log"]).read_text().count("3.9.") >= 1


def test_build_and_pip_do_where_uv_is_not(build, tmp_path):
    project = copy(tmp_path / "project")
    (project / "tests").mkdir()
    (project / "tests" / "check.py").write_text(
        "import os, frontend_tiny, six\n"
        "assert 'project' not in os.getcwd() and 'project' not in frontend_tiny.__file__\n"
    )
    asked = ("--frontend", "pip", "--python", "3.9", "--test-requires", "six")
    test = ("--test", "python tests/check.py", "--test-sources", "tests/check.py", "tests")
    document, _ = build(project, *asked, *test)
    assert document["frontend"] == "pip"
    assert statuses(document) == {"cp39": "built"}
    assert outcomes(document) == {"cp39": "passed"}
    # An sdist is a project too.
    (sdist,) = build.dist.glob("*.tar.gz")
    document, _ = build(sdist, "--frontend", "pip", "--python", "3.9", out="again")
    assert files(tmp_path / "again") == files(build.dist)
    assert [w.read_bytes() for w in (tmp_path / "again").glob("*.whl")] == [
        w.read_bytes() for w in build.dist.glob("*.whl")
    ]


SLOW = 'execute_process(COMMAND "${CMAKE_COMMAND}" -E sleep 317)\n'


@pytest.fixture
def interrupts():
    """Interrupts as from a terminal: a script's background work ignores them, by inheritance."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_what_is_complete(build, tmp_path, number):
    project = copy(tmp_path / "project")
    cmake = project / "CMakeLists.txt"
    cmake.write_text(
        cmake.read_text() + f"if(Python_VERSION VERSION_GREATER 3.12)\n  {SLOW}endif()\n"
    )
    command = [sys.executable, "-m", "felloe", "build", project, "--python", "3.9", "3.13"]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        list(map(str, [*command, "--json"])),
        env={**build.environ, "TMPDIR": str(scratch)},
        cwd=tmp_path,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        end = time.monotonic() + 300
        while not (list(build.dist.glob("*.whl")) and sleepers()):
            assert time.monotonic() < end
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
    finally:
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted; finished wheels are kept" in err
    assert "Traceback" not in err
    document = json.loads(out)
    validate(document, SCHEMA)
    assert statuses(document) == {"cp39": "built", "cp313": "stopped"}
    assert not sleepers()
    assert len(files(build.dist)) == 2
    assert not [path for path in build.dist.rglob("*") if path.name.endswith(".part")]
    assert not list(scratch.glob("felloe-*"))


def sleepers():
    """Whether a process sleeps as long as nobody else does."""
    return "sleep 317" in run("ps", "-ww", "-e", "-o", "args").stdout


TESTED = ["project", "--test", "pytest", "--test-sources"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["missing"], "no such project: missing"),
        ([".", "--python", "3.1"], "3.1 is not installed; found"),
        (["--python", "3.13", "project"], "'project' is not a version or a path"),
        (["project", "-C", "x"], "write KEY=VALUE"),
        (["project", "--test", "'"], "cannot be split into words"),
        ([*TESTED, "missing"], "--test-sources missing: no such file"),
        ([*TESTED, "../project"], "leads out of the project"),
        (["project", "--target", "Not A Platform"], "'Not A Platform' is not"),
        (["project", "-C", "felloe.strp=all"], "the nearest known one is 'strip'"),
        (["project", "--jobs", "0"], "not a number of processors"),
    ],
)
def test_misuse_is_said_before_anything_is_built(build, tmp_path, arguments, text):
    project = copy(tmp_path / "project")
    place = project if arguments[0] == "." else tmp_path
    command = [sys.executable, "-m", "felloe", "build", *arguments]
    done = run(*command, env=build.environ, cwd=place, check=False)
    assert done.returncode in (1, 2)
    assert text in done.stdout
    assert "Traceback" not in done.stdout
    assert not list((place / "dist").glob("*"))


def test_an_sdist_that_fails_is_an_error_with_its_log(build, tmp_path):
    project = copy(tmp_path / "project", "[tool.felloe]\nstrip = 'everything'\n")
    document, said = build(project, "--python", "3.13", code=1)
    assert document is None
    assert "'everything' is not none, debug or all" in said.replace('"', "")
    project = copy(tmp_path / "other", "\n[tool.scikit-build.no]\nsuch = 1\n")
    document, said = build(project, "--python", "3.13", code=1)
    assert document is None
    assert "the sdist could not be built" in said
    log = Path(said.rpartition("see ")[2].strip())
    assert "tool.scikit-build.no" in log.read_text().replace("unrecognized", "")
