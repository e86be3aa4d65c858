"""Editable installs rebuild on import."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.editable_samples import CODE, PATHS, Desk
from support.process import run

pytestmark = pytest.mark.network


@pytest.fixture
def desk(tmp_path, environ, make_venv):
    return lambda version="3.11": Desk(tmp_path, version, environ, make_venv)


@pytest.mark.parametrize(
    ("frontend", "version"),
    [
        ("uv", "3.9"),
        *(
            pytest.param(*other, marks=pytest.mark.exhaustive)
            for other in (("uv", "3.13"), ("pip", "3.9"), ("pip", "3.13"))
        ),
    ],
)
def test_what_changed_is_rebuilt(desk, frontend, version):
    desk = desk(version)
    desk.install(frontend, "editable.rebuild=true")
    assert desk.answer() == (42, [])
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    assert desk.answer() == (43, ["Building", "Linking"])
    assert desk.answer() == (43, [])
    desk.edit("=${ANSWER}", "=6", "CMakeLists.txt")
    assert desk.answer() == (7, ["Building", "Linking"])
    assert desk.answer() == (7, [])
    # A file that was put back is older than what was made from the one that it replaces.
    kept = desk.project.parent / "kept.c"
    shutil.copy2(desk.project / "tiny.c", kept)
    desk.edit("(ANSWER + 1)", "(ANSWER + 2)")
    assert desk.answer()[0] == 8
    shutil.copy2(kept, desk.project / "tiny.c")
    assert desk.answer()[0] == 7


def test_what_ninja_does_not_know_is_rebuilt(desk):
    """A script that a command names, and a header in front of another."""
    desk = desk()
    with (desk.project / "CMakeLists.txt").open("a") as file:
        file.write(
            "include_directories(near far)\n"
            "add_custom_command(OUTPUT made.h COMMAND sh\n"
            '  "${CMAKE_CURRENT_SOURCE_DIR}/make.sh" VERBATIM)\n'
            "target_sources(_tiny PRIVATE made.h)\n"
            'target_include_directories(_tiny PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")\n'
        )
    for place in ("near", "far"):
        (desk.project / place).mkdir()
    (desk.project / "far" / "number.h").write_text("#define NUMBER 10\n")
    (desk.project / "make.sh").write_text("echo '#define MADE 1' > made.h\n")
    desk.edit(
        "#include <Python.h>", '#include <Python.h>\n#include "number.h"\n#include "made.h"\n'
    )
    desk.edit("(ANSWER)", "(NUMBER + MADE)")
    desk.install("uv", "editable.rebuild=true")
    assert desk.answer() == (11, [])
    desk.edit("MADE 1", "MADE 2", "make.sh")
    assert desk.answer()[0] == 12
    assert desk.answer() == (12, [])
    (desk.project / "near" / "number.h").write_text("#define NUMBER 20\n")
    desk.edit("MADE 2", "MADE 3", "make.sh")
    assert desk.answer()[0] == 23


def test_inplace(desk):
    desk = desk("3.13")
    config = ("editable.mode=inplace", "cmake.define.INPLACE=ON", "editable.rebuild=true")
    desk.install("uv", *config)
    assert desk.answer() == (42, [])
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    assert desk.answer() == (43, ["Building", "Linking"])
    assert desk.answer() == (43, [])
    desk.edit("=${ANSWER}", "=6", "CMakeLists.txt")
    assert desk.answer()[0] == 7
    (module,) = desk.project.glob("src/frontend_tiny/_tiny.*.so")
    module.unlink()
    assert desk.answer() == (7, ["Linking"])
    assert (desk.project / "compile_commands.json").is_file()


@pytest.mark.parametrize("mode", ["redirect", "inplace"])
def test_without_rebuild(desk, mode):
    desk = desk()
    desk.install("uv", f"editable.mode={mode}", f"cmake.define.INPLACE={mode == 'inplace':d}")
    shutil.rmtree(desk.cache)
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    assert desk.answer() == (42, [])
    desk.install("uv", f"editable.mode={mode}", f"cmake.define.INPLACE={mode == 'inplace':d}")
    assert desk.answer() == (43, [])


def test_a_compile_error_is_an_import_error(desk):
    desk = desk()
    desk.install("uv", "editable.rebuild=true")
    desk.edit("(ANSWER);", "(ANSWER;")
    code = f"""
for attempt in range(2):
    try:
        {CODE}
    except ImportError as error:
        print("caught", error)
"""
    done = run(desk.python, "-c", code, cwd=desk.place, env=desk.user_environ())
    first, second = done.stdout.split("caught ")[1:]
    # The second is the same error: nothing has changed, and the old module is not what was meant.
    assert second == first
    assert done.stdout.count("FAILED: ") == 1 + 2
    assert "tiny.c:15:" in first
    assert str(desk.project) in first
    (command,) = re.findall(r"to repeat it, run (.+)", first)
    again = run("sh", "-c", command, check=False)
    assert again.returncode
    assert "error: expected" in again.stdout
    desk.edit("(ANSWER;", "(ANSWER + 1);")
    assert desk.answer() == (43, ["Building", "Linking"])
    desk.edit("project(", "prject(", "CMakeLists.txt")
    assert "CMake Error at CMakeLists.txt:2" in desk.ask(check=False).stdout
    desk.edit("prject(", "project(", "CMakeLists.txt")
    assert desk.answer()[0] == 43


def test_what_was_not_installed_is_not_up_to_date(desk):
    desk = desk()
    wanted = desk.project / "wanted"
    wanted.touch()
    with (desk.project / "CMakeLists.txt").open("a") as file:
        file.write(f'install(CODE "file(READ \\"{wanted}\\" text)")\n')
    desk.install("uv", "editable.rebuild=true")
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    wanted.unlink()
    for _ in range(2):
        failed = desk.ask(check=False)
        assert failed.returncode
        assert "cmake --install failed with exit code 1" in failed.stdout
    wanted.touch()
    assert desk.answer() == (43, [])


def test_processes_at_once(desk):
    desk = desk()
    desk.install("uv", "editable.rebuild=true")
    desk.edit("(ANSWER)", "(ANSWER + 0)")
    for answer in (43, 44):
        desk.edit(f"(ANSWER + {answer - 43})", f"(ANSWER + {answer - 42})")
        processes = [
            subprocess.Popen(
                [desk.python, "-c", CODE],
                cwd=desk.place,
                env=desk.user_environ(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for _ in range(8)
        ]
        said = [process.communicate()[0] for process in processes]
        assert [int(text.splitlines()[-1]) for text in said] == [answer] * 8
        assert sum(text.count("Building C object") for text in said) == 1


def test_killed_amid_a_rebuild(desk):
    """A compiler that outlives it is waited for; half an object is newer than its source."""
    desk = desk()
    slow = desk.place / "slow"
    slow.write_text(
        "#!/bin/sh\n"
        f'test -e "{desk.place}/halt" || exec "$@"\n'
        'for word; do case $word in *.o) echo half > "$word"; esac; done\n'
        f'touch "{desk.place}/halted"; sleep 2\n'
    )
    slow.chmod(0o755)
    desk.install("uv", "editable.rebuild=true", f"cmake.define.CMAKE_C_COMPILER_LAUNCHER={slow}")
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    (desk.place / "halt").touch()
    process = subprocess.Popen(
        [desk.python, "-c", CODE],
        cwd=desk.place,
        env=desk.user_environ() | PATHS,
        start_new_session=True,
    )
    while not (desk.place / "halted").exists():
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (desk.place / "halt").unlink()
    assert desk.answer()[0] == 43


def test_a_compiler_cache_that_the_user_names(desk):
    """Its server is started by the first compiler, and stays: it must hold nothing of ours."""
    desk = desk()
    address = f"/tmp/felloe-{os.getpid()}.sock"  # its path has to be short
    server = {"SCCACHE_SERVER_UDS": address, "SCCACHE_DIR": str(desk.place / "objects")}
    launcher = {"CMAKE_C_COMPILER_LAUNCHER": shutil.which("sccache")}
    try:
        desk.install("uv", "editable.rebuild=true", env={**server, **launcher})
        run("sccache", "--stop-server", env={**desk.environ, **server}, check=False)
        limited = ("timeout", "50", desk.python, "-c", CODE)
        desk.edit("(ANSWER)", "(ANSWER + 0)")
        for number in range(2):  # the first starts another server
            desk.edit(f"+ {number})", f"+ {number + 1})")
            answer = run(*limited, env={**desk.environ, **server}).stdout
            assert answer.endswith(f"{43 + number}\n")
    finally:
        run("sccache", "--stop-server", env={**desk.environ, **server}, check=False)
        Path(address).unlink(missing_ok=True)


def test_a_step_of_the_build_imports_the_project(desk):
    """It must not wait for the build that it is part of. Without isolation, it finds the hook."""
    desk = desk()
    desk.python = desk.make_venv(
        desk.place / "own", desk.python, "pip", "felloe", "scikit-build-core"
    )
    (desk.project / "step.py").write_text(
        "try:\n    import frontend_tiny\nexcept ImportError as error:\n    print('step:', error)\n"
    )
    with (desk.project / "CMakeLists.txt").open("a") as file:
        file.write(
            "add_custom_command(TARGET _tiny POST_BUILD COMMAND ${Python_EXECUTABLE}\n"
            '  "${CMAKE_CURRENT_SOURCE_DIR}/step.py")\n'
        )
    options = ("--no-deps", "--no-build-isolation", "-C", "editable.rebuild=true")
    install = (desk.python, "-m", "pip", "install", *options, "-e", desk.project)
    run(*install, env=desk.environ, cwd=desk.place)
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    answer = run("timeout", "50", desk.python, "-c", CODE, env=desk.user_environ() | PATHS).stdout
    assert answer.splitlines()[-1] == "43"
    assert "step:" in answer


def test_commands_that_run_at_each_build(desk):
    """Nobody knows what they read, so there is no import without a build."""
    desk = desk()
    with (desk.project / "CMakeLists.txt").open("a") as file:
        file.write(
            "add_custom_target(always ALL COMMAND ${CMAKE_COMMAND} -E copy_if_different\n"
            '  "${CMAKE_CURRENT_SOURCE_DIR}/number" "${CMAKE_CURRENT_BINARY_DIR}/number.h"\n'
            "  BYPRODUCTS number.h)\n"
            "add_dependencies(_tiny always)\n"
            'target_include_directories(_tiny PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")\n'
        )
    desk.edit("#include <Python.h>", '#include <Python.h>\n#include "number.h"\n')
    desk.edit("(ANSWER)", "(NUMBER)")
    (desk.project / "number").write_text("#define NUMBER 5\n")
    desk.install("uv", "editable.rebuild=true")
    assert desk.answer()[0] == 5
    module = next(desk.room.glob("build/install/*/frontend_tiny/_tiny.*"))
    before = module.stat()
    assert desk.answer()[0] == 5
    assert module.stat().st_ino == before.st_ino  # nothing is replaced by its equal
    (desk.project / "number").write_text("#define NUMBER 6\n")
    assert desk.answer()[0] == 6


def test_the_cache_keeps_what_imports_need(desk):
    desk = desk()
    desk.install("uv", "editable.rebuild=true")
    assert desk.answer() == (42, [])
    assert "removed 0 entries" in desk.felloe("cache", "prune", "--limit", "0GB")
    rows = json.loads(desk.felloe("cache", "info", "--json"))["entries"]
    assert {row["kind"]: row["needed"] for row in rows} == {"environments": True, "editables": True}
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    assert desk.answer()[0] == 43
    # Another environment of the user's, made with other settings, has a room of its own.
    other = desk.make_venv(desk.place / "other", desk.python, "pip")
    desk.install("uv", "editable.rebuild=true", "cmake.define.ANSWER=1", python=other)
    assert run(other, "-c", CODE, cwd=desk.place).stdout == "2\n"
    assert desk.answer() == (43, [])
    shutil.rmtree(desk.place / "other")
    assert "removed 1 entries" in desk.felloe("cache", "prune", "--limit", "0GB")
    desk.edit("(ANSWER + 1)", "(ANSWER + 2)")
    assert desk.answer()[0] == 44
    said = desk.felloe("cache", "clear")
    assert f"pip install -e '{desk.project}'" in said
    failed = desk.ask(check=False)
    assert failed.returncode
    assert f"pip install -e '{desk.project}'" in failed.stdout
    desk.install("uv", "editable.rebuild=true")
    assert desk.answer()[0] == 44
    run(desk.python, "-m", "pip", "uninstall", "-y", "frontend-tiny")
    assert "removed 2 entries" in desk.felloe("cache", "prune", "--limit", "0GB")


def test_a_project_that_is_gone_needs_nothing(desk):
    desk = desk()
    desk.install("uv", "editable.rebuild=true")
    shutil.rmtree(desk.project)
    assert "removed 2 entries" in desk.felloe("cache", "prune", "--limit", "0GB")


def test_compile_commands(desk):
    desk = desk()
    link = desk.project / "compile_commands.json"
    done = desk.install("uv")
    assert not os.path.lexists(link)  # it would be seen by git, and by an sdist
    (said,) = re.findall(r"compile commands, for editors: (.+)", done.stdout)
    (command,) = json.loads(Path(said).read_text())
    assert command["file"] == str(desk.project / "tiny.c")
    run("git", "init", "-q", desk.project)
    (desk.project / ".gitignore").write_text("/compile_commands.json\n")
    desk.install("uv")
    desk.install("uv")
    assert link.readlink() == desk.room / "build" / "compile_commands.json"
    link.unlink()
    link.write_text("mine")
    desk.install("uv", "editable.mode=inplace", "cmake.define.INPLACE=ON")
    assert link.read_text() == "mine"


def test_without_the_cache(desk):
    """As the engine alone does it, and it is said what is missing."""
    desk = desk()
    refused = desk.install("uv", "editable.rebuild=true", env={"FELLOE_CACHE": "0"}, check=False)
    assert refused.returncode
    assert "set `cache` to true" in refused.stdout
    chosen = ("editable.rebuild=true", f"build-dir={desk.place / 'chosen'}")
    done = desk.install("uv", *chosen, env={"FELLOE_CACHE": "0"})
    assert "felloe: warning: editable.rebuild" in done.stdout
    desk.install("uv", *chosen)
    assert desk.answer() == (42, [])
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    assert desk.answer() == (43, ["Building", "Linking"])
    assert not (desk.room / "build").exists()


@pytest.mark.parametrize("engine", ["0.10.7", "0.12.2", "1.0.3"])
def test_older_engines(desk, engine):
    desk = desk()
    desk.edit('["felloe"]', f'["felloe", "scikit-build-core=={engine}"]', "pyproject.toml")
    desk.install("uv", "editable.rebuild=true")
    assert desk.answer()[0] == 42
    desk.edit("(ANSWER)", "(ANSWER + 1)")
    assert desk.answer() == (43, ["Building", "Linking"])
    assert desk.answer() == (43, [])
