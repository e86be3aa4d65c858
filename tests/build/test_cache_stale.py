"""What is kept of a configuration, what commands read, where headers are looked for."""

import os

import pytest

from felloe.build.tree.cleanup import find_archives, follows_branch, installs_strays, sweep
from felloe.build.tree.cmake_cache import forget_answers
from felloe.build.tree.command_input import LINK, RUN, find_directories, find_files, find_libraries
from felloe.build.tree.header_search import observe_search

CACHE = """\
# a comment
//how fast
LOUD:BOOL=ON

//one of many
NUMBER:STRING=7
//where
FOO_DIR:PATH=/opt
//given
"A:B":UNINITIALIZED=1

//the compiler
CMAKE_CXX_COMPILER:STRING=/usr/bin/c++
//no test
CMAKE_MAKE_PROGRAM:FILEPATH=/usr/bin/ninja
CMAKE_BUILD_TYPE:STRING=Release

########################
//ADVANCED property for variable: FOO_DIR
FOO_DIR-ADVANCED:INTERNAL=1
//ADVANCED property for variable: CMAKE_AR
CMAKE_AR-ADVANCED:INTERNAL=1
//Test HAVE_X
HAVE_X:INTERNAL=1
demo_BINARY_DIR:STATIC=/build
"""


def test_what_is_kept_of_cmakes_cache():
    assert forget_answers(CACHE).split("\n") == [
        "# a comment",
        "",
        "",
        "//the compiler",
        "CMAKE_CXX_COMPILER:STRING=/usr/bin/c++",
        "//no test",
        "CMAKE_MAKE_PROGRAM:FILEPATH=/usr/bin/ninja",
        "",
        "########################",
        "//ADVANCED property for variable: CMAKE_AR",
        "CMAKE_AR-ADVANCED:INTERNAL=1",
        "//Test HAVE_X",
        "HAVE_X:INTERNAL=1",
        "demo_BINARY_DIR:STATIC=/build",
        "",
    ]


@pytest.fixture
def files(tmp_path):
    for name in ("map", "two words", "lib/libfar.a", "gen.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (("LINK_FLAGS", "-Wl,--version-script={}/map -s"), ["map"]),
        (("LINK_FLAGS", "-Wl,-T,{}/map,-s"), ["map"]),
        (("LINK_LIBRARIES", '{}/lib/libfar.a "{}/two words" -lm'), ["lib/libfar.a", "two words"]),
        (("COMMAND", "cd {} && python gen.py --in={}/map"), ["gen.py", "map"]),
        (("COMMAND", "python gen.py {}/gone {}/lib"), []),
        (("COMMAND", "echo 'unfinished {}/map"), ["map"]),
        (("DEFINES", "-DX={}/map"), []),
    ],
)
def test_files_that_commands_name(files, command, names):
    name, text = command
    found = find_files([(name, text.replace("{}", str(files)))], LINK | RUN)
    assert sorted(found) == [f"{files}/{name}" for name in names]


def test_directories_of_headers():
    text = '-I/a -isystem /b -I"/c d" -DX=-I/no -idirafter/e/../f -iquote'
    commands = [("INCLUDES", text), ("LINK_FLAGS", "-I/g")]
    assert list(find_directories(commands)) == ["/a", "/b", "/c d", "/f", "/"]


def test_libraries_by_their_short_names():
    commands = [("LINK_PATH", "-L/a/ -L."), ("LINK_LIBRARIES", "-lz -lz /x/liby.a -l")]
    paths = {f"{place}/libz.{end}" for place in ("/a", "/usr/lib") for end in ("so", "a")}
    assert find_libraries(commands, ["/usr/lib"]) == paths


def test_a_header_in_front(tmp_path):
    for name in ("near/other.h", "far/deep/x.h", "far/y.h"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    places = [str(tmp_path / name) for name in ("near", "far", "gone")]
    search = observe_search(places, [f"{tmp_path}/far/deep/x.h", f"{tmp_path}/far/y.h", "/z.h"])
    assert search.names == ("deep/x.h", "y.h")
    assert search.find_new() == []
    (tmp_path / "near" / "deep").mkdir()
    (tmp_path / "near" / "x.h").touch()
    (tmp_path / "near" / "deep" / "z.h").touch()
    assert search.find_new() == []
    (tmp_path / "near" / "deep" / "x.h").touch()
    (tmp_path / "near" / "y.h").touch()
    assert search.find_new() == [f"{tmp_path}/near/deep/x.h", f"{tmp_path}/near/y.h"]


def fill(tree, *names):
    for name in names:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("")


def names_in(tree):
    return sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir())


def test_a_swept_tree_holds_what_compilers_made(tmp_path):
    kept = (".ninja_deps", ".ninja_log", "CMakeFiles/a.dir/x.o", "build.ninja")
    kept += ("_deps/z-src/z.c", "_deps/z-subbuild/CMakeLists.txt", "sub/CMakeFiles/b.dir/y.o")
    gone = ("CMakeCache.txt", "config.h", "gen.dir/x", "CMakeFiles/3.25/C.cmake", "_deps/z-build/x")
    gone += ("_deps/p-src/p.c", "_deps/p-subbuild/CMakeLists.txt")
    fill(tmp_path, *kept, *gone)
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "_deps/p-subbuild/CMakeLists.txt").write_text('PATCH_COMMAND "sed"')
    sweep(tmp_path)
    assert names_in(tmp_path) == sorted(kept)


def test_what_was_fetched(tmp_path):
    note = tmp_path / "_deps/z-subbuild/z-populate-prefix/src/z-populate-stamp/z-urlinfo.txt"
    other = tmp_path / "CMakeFiles/fc-stamp/y/y-urlinfo.txt"
    fill(tmp_path, str(note), str(other), "_deps/z-src/.git/HEAD")
    note.write_text("method=url\nurl(s)=https://example.org/z.tar.gz;/tmp/z.tar.gz\nhash=\n")
    other.write_text("url(s)=file:///y.zip\n")
    assert find_archives(tmp_path) == ["/tmp/z.tar.gz", "/y.zip"]
    assert not follows_branch(tmp_path)
    (tmp_path / "_deps/z-src/.git/HEAD").write_text("ref: refs/heads/main\n")
    assert follows_branch(tmp_path)


def test_directories_that_are_installed(tmp_path):
    fill(tmp_path, "gen/made.h", "_deps/z-src/z.h", "sub/cmake_install.cmake")
    (tmp_path / "cmake_install.cmake").write_text(
        f'file(INSTALL DESTINATION "x" TYPE DIRECTORY FILES "/src/include")\n'
        f'file(INSTALL DESTINATION "x" TYPE DIRECTORY FILES "{tmp_path}/_deps/z-src")\n'
        f'include("{tmp_path}/sub/cmake_install.cmake")\n'
    )
    (tmp_path / "sub" / "cmake_install.cmake").write_text(
        f'file(INSTALL DESTINATION "x" TYPE DIRECTORY FILES\n    "{os.sep}y"\n'
        f'    "{tmp_path}/gen" REGEX "a.*")\n'
    )
    assert not installs_strays(tmp_path, frozenset(["gen/made.h"]))
    assert installs_strays(tmp_path, frozenset())
