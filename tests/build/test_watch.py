"""The preload library sees what strace sees, and notices what it cannot see."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from felloe.build.watch.library import find_library
from felloe.build.watch.log import Log
from felloe.build.watch.trace import parse_trace

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="files are watched on Linux"
)
CALLS = "open,openat,stat,lstat,newfstatat,statx,access,faccessat,faccessat2,readlink,execve"
CALL = re.compile(r'(?:\w+)\((?:AT_FDCWD, )?"(?P<path>/[^"]+)".*(?P<result> = \S+)')
LOADER = re.compile(
    r"/lib/(tls|x86_64|aarch64|haswell)|^(/proc|/dev|/sys)/|/ld\.so\.|/glibc-hwcaps|\.so[.\d]*$|/locale|/gconv|/charset\.alias"
    r"|/nsswitch\.conf$|/etc/(passwd|group|localtime)$|/terminfo"
)
"""What libc opens inside itself: libraries (logged where they were found), words of messages,
names of users. None of it is put into what a build makes."""

COMMANDS = {
    "compile": "cc -I{0}/near -c {0}/a.c -o {0}/a.o",
    "link": "cc -shared {0}/b.o -o {0}/b.so",
    "configure": "cmake -S {0} -B {0}/build",
    "python": '{python} -c \'import json, os; os.listdir("{0}"); open("{0}/a.c").read()\'',
    "shell": "for f in {0}/*.c; do test -e $f.no || cat $f; done; . {0}/env.sh",
    "git": "git -C {0} describe --always",
    "pkg-config": "pkg-config --exists zlib",
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return find_library(tmp_path_factory.mktemp("cache"), os.environ)


@pytest.fixture
def watch(library, tmp_path):
    """Run a shell's command; what was watched."""

    def run(command, env=None):
        with closing(Log()) as log:
            environ = {**os.environ, **(env or {}), **log.plan_environ(library, env or {})}
            subprocess.run(["sh", "-c", command], env=environ, check=False, capture_output=True)
            return parse_trace(log.read(), str(tmp_path))

    return run


@pytest.fixture
def project(tmp_path):
    (tmp_path / "near").mkdir()
    (tmp_path / "a.c").write_text('#if __has_include("maybe.h")\n#endif\n#include <stddef.h>\n')
    (tmp_path / "b.c").write_text("int b;\n")
    (tmp_path / "env.sh").write_text("A=1\n")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.15...3.31)\nproject(p LANGUAGES C)\n"
        "file(GLOB all near/*.c)\nfind_file(A a.h)\n"
    )
    subprocess.run(["cc", "-c", "b.c", "-fPIC"], cwd=tmp_path, check=True)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
    for words in (["init", "-q"], ["add", "a.c"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def all_paths(trace):
    return {
        os.path.normpath(path)
        for step in trace.steps.values()
        for paths in (step.reads, step.links, step.lists, step.writes, step.makes)
        for path in paths
    }


def traced_paths(command, place):
    """The absolute paths of strace's calls."""
    log = place / "strace"
    words = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-s", "4096", "-o", str(log)]
    subprocess.run([*words, "sh", "-c", command], check=False, capture_output=True)
    matches = map(CALL.search, log.read_text(errors="replace").splitlines())
    paths = {os.path.normpath(match["path"]) for match in matches if match}
    return {path for path in paths if not LOADER.search(path)}


@pytest.mark.tools("strace")
@pytest.mark.parametrize("name", COMMANDS)
def test_what_strace_sees_is_seen(watch, project, name):
    command = COMMANDS[name].format(project, python=sys.executable)
    trace = watch(command)
    shutil.rmtree(project / "build", ignore_errors=True)
    expected = {
        path
        for path in traced_paths(command, project)
        # Names that are made up anew each time.
        if not re.search(r"/cc\w{6}\b|TryCompile|/tmp\w{8}|\.lock$|/build/", path)
    }
    assert not trace.blind
    assert len(expected) > 5
    seen = all_paths(trace)
    # Functions such as realpath() look at each part of a path: the whole is what is noted.
    seen |= {str(parent) for path in seen for parent in Path(path).parents}
    ends = {os.path.realpath(path) for path in seen}
    missing = {path for path in expected - seen if os.path.realpath(path) not in ends}
    assert {path for path in missing if not Path(path).is_dir()} == set()


def compile_program(place, text, *options):
    source = place / "program.c"
    source.write_text(text)
    subprocess.run(["cc", *options, str(source), "-o", str(place / "program")], check=True)
    return str(place / "program")


def test_a_static_program(watch, tmp_path):
    program = compile_program(tmp_path, "int main(void) { return 0; }", "-static")
    assert watch(program).blind == f"{program} cannot be watched"
    assert not watch("true").blind


def test_a_cleared_environment(watch):
    assert "cannot be watched" in watch("env -i /bin/true").blind
    assert not watch("env A=1 /bin/true").blind


def test_a_program_that_is_not_there(watch):
    assert not watch("no-such-program; /no/such/program").blind


def test_a_program_that_a_shell_looks_for_is_missing_before_it_is_found(watch, tmp_path):
    """dash tries to execute each place on PATH."""
    trace = watch("exec true", env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    (step,) = trace.steps.values()
    assert f"{tmp_path}/true" in step.reads
    assert f"{tmp_path}/true" not in step.found


def test_a_connection(watch, tmp_path):
    address = str(tmp_path / "s")
    code = "import socket; s = socket.socket({}); s.connect({!r})"
    with socket.socket(socket.AF_UNIX) as server, socket.socket() as other:
        server.bind(address)
        server.listen()
        other.bind(("127.0.0.1", 0))
        other.listen()
        local = code.format("socket.AF_UNIX", address)
        assert watch(f'{sys.executable} -c "{local}"').blind == f"{address} was connected to"
        distant = code.format("", other.getsockname())
        assert watch(f'{sys.executable} -c "{distant}"').blind == "the network was used"


def test_threads_forks_and_closed_descriptors(watch, tmp_path):
    """Each event arrives, whichever process or thread it is of."""
    for number in range(40):
        (tmp_path / str(number)).touch()
    (tmp_path / "many.py").write_text(
        "import os, subprocess, sys, threading\n"
        "os.closerange(3, 256)\n"
        "def read(numbers):\n"
        "    for number in numbers:\n"
        f"        open(f'{tmp_path}/{{number}}').close()\n"
        "threads = [threading.Thread(target=read, args=[range(n, 20, 4)]) for n in range(4)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "if os.fork() == 0:\n"
        "    read(range(20, 30))\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        f"subprocess.run(['cat', *(f'{tmp_path}/{{n}}' for n in range(30, 40))], check=True)\n"
    )
    trace = watch(f"{sys.executable} -I {tmp_path}/many.py")
    assert not trace.blind
    assert {f"{tmp_path}/{number}" for number in range(40)} <= all_paths(trace)


def test_another_preload_stays(watch, tmp_path):
    source = tmp_path / "other.c"
    source.write_text(
        "#include <stdlib.h>\n__attribute__((constructor)) void f(void) "
        '{ setenv("OTHER", "there", 1); }\n'
    )
    other = str(tmp_path / "other.so")
    subprocess.run(["cc", "-shared", "-fPIC", str(source), "-o", other], check=True)
    trace = watch(f'test "$OTHER" = there && : > {tmp_path}/seen', env={"LD_PRELOAD": other})
    assert f"{tmp_path}/seen" in all_paths(trace)


def test_directories_that_libc_walks(watch, tmp_path):
    """Functions that open directories inside libc."""
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "e" / "f").touch()
    program = compile_program(
        tmp_path,
        "#define _GNU_SOURCE\n#include <ftw.h>\n#include <glob.h>\n#include <dirent.h>\n"
        "#include <stdlib.h>\n"
        "static int visit(const char *p, const struct stat *s, int k, struct FTW *f) "
        "{ return 0; }\n"
        "int main(int n, char **v) { glob_t g; struct dirent **l; char way = v[2][0];\n"
        "  if (way == 'n') return nftw(v[1], visit, 4, 0);\n"
        "  if (way == 'g') { chdir(v[1]); return glob(\"*/*\", 0, 0, &g); }\n"
        "  return scandir(v[1], &l, 0, alphasort) < 0; }\n",
        "-w",
    )
    for way in "ngs":
        lists = {
            os.path.normpath(path)
            for step in watch(f"{program} {tmp_path}/d {way}").steps.values()
            for path in step.lists
        }
        assert f"{tmp_path}/d" in lists
        assert (f"{tmp_path}/d/e" in lists) == (way != "s")


@pytest.mark.tools("musl-gcc")
def test_musl(tmp_path):
    """The same source is a library for programs of musl."""
    watch_source = Path(sys.modules[find_library.__module__].__file__).with_name("watch.c")
    made, program = tmp_path / "musl.so", tmp_path / "program"
    options = ["-fPIC", "-shared", "-std=gnu11", "-fvisibility=hidden", "-fno-builtin"]
    subprocess.run(["musl-gcc", *options, str(watch_source), "-o", str(made)], check=True)
    text = tmp_path / "program.c"
    text.write_text(
        "#include <stdio.h>\n#include <unistd.h>\n#include <stdlib.h>\n"
        'int main(int n, char **v) { fopen(v[1], "r"); access(v[2], 0);\n'
        "  return n > 3 ? 0 : execl(v[0], v[0], v[1], v[2], v[1], (char *)0); }\n"
    )
    subprocess.run(["musl-gcc", str(text), "-o", str(program)], check=True)
    with closing(Log()) as log:
        environ = {**os.environ, **log.plan_environ(made, {})}
        words = [str(program), str(text), str(tmp_path / "missing")]
        subprocess.run(words, env=environ, check=True)
        trace = parse_trace(log.read(), str(tmp_path))
    assert not trace.blind
    assert {str(text), str(tmp_path / "missing"), str(program)} <= all_paths(trace)
