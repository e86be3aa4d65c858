"""Build trees: whose they are, what tells one from another, and which steps are repeated."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.environment_samples import install, origin_of

from felloe.build.tree.graph import read_outputs
from felloe.build.tree.identity import UNKNOWN, Changes, find_changes, take_identity
from felloe.build.tree.key import Facts, select_variables
from felloe.build.tree.plan import find_leftovers, plan_build
from felloe.build.tree.record import Record, Step, read_identities, read_steps, write_record
from felloe.build.tree.tree import borrow_tree
from felloe.build.watch.trace import Kind, parse_trace
from felloe.config.project import Project
from felloe.python.target import read_target


def test_one_process_has_a_tree(tmp_path):
    first = borrow_tree(tmp_path, "demo-1", "/demo")
    assert borrow_tree(tmp_path, "demo-1", "/demo") is None
    assert borrow_tree(tmp_path, "demo-2", "/demo") is not None
    first.lock.release()
    assert borrow_tree(tmp_path, "demo-1", "/demo") is not None


# What tells trees apart.


@pytest.fixture
def facts(tmp_path):
    project = Project(
        tmp_path, {"tool": {"scikit-build": {"cmake": {"define": {"A": {"env": "ME"}}}}}}
    )
    origin = origin_of(install(tmp_path / "venv"))
    return Facts(project, read_target({}), origin, "", {"cmake.define.B": "1"}, {"PATH": "/bin"})


@pytest.mark.parametrize(
    "other",
    [
        {"config": {"cmake.define.B": "2"}},
        {"config": None},
        {"address": "1234"},
        {"environ": {"PATH": "/bin", "CXXFLAGS": "-O1"}},
        {"environ": {"PATH": "/usr/bin"}},
        {"environ": {"PATH": "/bin", "READ_BY_A_SCRIPT": "1"}},
        {"target": replace(read_target({}), platform="linux_aarch64")},
        {"project": Project(Path("/other"), {})},
        {"project": Project(Path("/other"), {"tool": {"scikit-build": {"ninja": {}}}})},
    ],
    ids=str,
)
def test_a_key_holds_all_that_steers(facts, other):
    assert replace(facts, **other).key != facts.key


def test_a_key_holds_nothing_else(facts):
    environ = {"PATH": "/bin", "TERM": "x", "SSH_TTY": "/", "UV_INTERNAL__BUILD_DIR": "/", "_": "x"}
    assert replace(facts, environ=environ).key == facts.key


@pytest.mark.parametrize(
    "flags",
    ["", "-j", " -j8 --jobserver-auth=fifo:/tmp/GMfifo1", "ks -j8 --jobserver-auth=3,4 -O"],
)
def test_a_key_does_not_hold_how_make_shares_out_its_jobs(facts, flags):
    environ = {"PATH": "/bin", "MAKEFLAGS": flags, "MFLAGS": flags.rpartition("--")[0]}
    assert replace(facts, environ=environ).key == facts.key
    debug = {**environ, "MAKEFLAGS": f"{flags} -- DEBUG=1"}
    assert replace(facts, environ=debug).key != facts.key
    assert select_variables(debug) == {"PATH": "/bin", "MAKEFLAGS": "DEBUG=1"}


# Whether a file is what it was.


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_text("one")
    os.utime(path, (1e9, 1e9))
    return path


def compare(file, change, kind="f"):
    key = f"{kind}{file}"
    identities = {key: take_identity(key, with_content=True)}
    assert not find_changes(identities)
    change()
    return find_changes(identities)


def test_another_content_of_the_same_size_and_time(file):
    def change():
        file.write_text("two")
        os.utime(file, (1e9, 1e9))

    assert compare(file, change).content


def test_the_same_content_at_another_time(file):
    """As after a change of branches to and fro."""

    def change():
        file.unlink()
        file.write_text("one")

    key = f"f{file}"
    assert compare(file, change) == Changes(frozenset(), frozenset({key}))


def test_a_file_that_was_looked_for_appears(tmp_path):
    assert compare(tmp_path / "new", (tmp_path / "new").touch).content


def test_a_file_that_goes(file):
    assert compare(file, file.unlink).content


def test_a_link_that_leads_elsewhere(file):
    link = file.with_name("link")
    link.symlink_to(file)

    def change():
        link.unlink()
        link.symlink_to(file.name)

    assert compare(link, change, "l").content


def test_the_names_in_a_directory(file):
    assert not compare(file.parent, lambda: file.write_text("other"), "d")
    assert not compare(file.parent, (file.parent / "__pycache__").mkdir, "d")
    assert compare(file.parent, (file.parent / "new").touch, "d").content


def test_what_was_changed_while_it_was_read_is_not_what_it_was(file):
    assert find_changes({f"f{file}": UNKNOWN}).content


# Which steps are repeated.

TREE = "/tree"
STEPS = {
    "configure": Step(
        Kind.CONFIGURE,
        "cmake",
        frozenset({"f/src/CMakeLists.txt", "d/src"}),
        frozenset({f"{TREE}/build.ninja", f"{TREE}/config.h"}),
        frozenset({f"f{TREE}/made.c"}),
    ),
    "generate": Step(Kind.EDGE, "gen", frozenset({"f/src/in"}), frozenset({f"{TREE}/made.c"})),
    "made": Step(
        Kind.EDGE, "cc made", frozenset({f"f{TREE}/made.c"}), frozenset({f"{TREE}/made.o"})
    ),
    "other": Step(
        Kind.EDGE, "cc other", frozenset({"f/src/o.c", "f/opt/x.h"}), frozenset({f"{TREE}/other.o"})
    ),
    "link": Step(
        Kind.EDGE,
        "ld",
        frozenset({f"f{TREE}/made.o", f"f{TREE}/other.o"}),
        frozenset({f"{TREE}/m.so"}),
    ),
}


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ("f/src/o.c", {"configure", "generate", "made"}),
        ("f/opt/x.h", {"configure", "generate", "made"}),  # looked for, and not there before
        ("f/src/in", {"configure", "other"}),
        (f"f{TREE}/m.so", {"configure", "generate", "made", "other"}),
        ("d/src", {"other"}),  # CMake would see made.c, which was not there at first
        ("f/unrelated", {"configure", "generate", "made", "other", "link"}),
    ],
)
def test_what_is_repeated(changed, kept):
    plan = plan_build(STEPS, {changed}, TREE)
    assert plan.kept.keys() == kept
    assert plan.configures == ("configure" not in kept)
    assert plan.removed == {
        path for name, step in STEPS.items() if name not in kept for path in step.writes
    }


def test_what_two_steps_make_together_is_made_from_nothing():
    steps = {**STEPS, "strip": replace(STEPS["link"], command="strip")}
    assert plan_build(steps, {"f/src/o.c"}, TREE) is None
    assert plan_build(steps, {"f/unrelated"}, TREE) is not None


def test_a_generator_that_is_not_ninja_is_one_step():
    steps = {"build": Step(Kind.BUILD, "", frozenset({"f/src/o.c"}), frozenset())}
    assert plan_build(steps, {"f/src/o.c"}, TREE) is None


def test_what_left_the_graph(tmp_path):
    (tmp_path / "rules.ninja").write_text("rule CC\n")
    (tmp_path / "build.ninja").write_text(
        "include rules.ninja\nbuild out/a$ b.o | side: CC ../src/a$ b.c $\n    /abs/x.h\n"
        "build all: phony out/a$ b.o\n"
    )
    outputs = read_outputs(str(tmp_path))
    assert outputs == {f"{tmp_path}/{name}" for name in ("out/a b.o", "side", "all")}
    steps = {
        name: replace(STEPS["link"], writes=frozenset({f"{tmp_path}/{name}"}))
        for name in ("side", "gone")
    }
    assert find_leftovers(steps, outputs) == {"gone"}
    shutil.rmtree(tmp_path)
    assert read_outputs(str(tmp_path)) is None


def test_a_record_is_read_as_it_was_written(tmp_path):
    identities = {"f/a": None, "f/b": [1, 2, 3, 4, ""], "l/c": "-> /x", "d/\udcff": "directory"}
    write_record(tmp_path, Record(identities, STEPS, "m.whl"))
    assert read_identities(tmp_path) == Record(identities, {}, "m.whl", str(tmp_path / "build"))
    assert read_steps(tmp_path) == STEPS


# From records of processes to steps.

NINJA = [
    b"1 S+ 0 5 /usr/bin/python3\x1f/src",
    b"1 p+ 2 /usr/bin/cmake",
    b"2 S+ 1 6 /usr/bin/cmake\x1f/src\x1fcmake\x1f--build\x1f/tree",
    b"2 p+ 3 /usr/bin/ninja",
    b"3 S+ 2 7 /usr/bin/ninja\x1f/tree",
    b"3 s+ /src/seen-by-ninja",
    b"3 p+ 4 /bin/sh",
    b"4 S+ 3 8 /bin/sh\x1f/tree\x1f/bin/sh\x1f-c\x1fcc -c x.c",
]


def test_an_edge_is_known_by_its_command():
    compiler = [
        b"4 x+ 4 /usr/bin/cc",
        b"4 S+ 3 9 /usr/bin/cc\x1f/tree",
        b"4 r+ /src/x.c",
        b"4 s- /src/x.h",
        b"4 w+ /tree/x.o",
    ]
    trace = parse_trace([*NINJA, *compiler], "/tree")
    assert not trace.blind
    edge = trace.steps["edge cc -c x.c"]
    assert (edge.reads, edge.writes) == ({"/src/x.c", "/src/x.h"}, {"/tree/x.o"})
    assert edge.found == {"/src/x.c"}
    assert not any("/src/seen-by-ninja" in step.reads for step in trace.steps.values())


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([b"4 x+ 9 /opt/static"], "/opt/static cannot be watched"),
        ([b"4 c+ network"], "the network was used"),
        ([b"4 c+ /tmp/server"], "/tmp/server was connected to"),
        ([b"4 U+ chroot"], "chroot"),
        ([b"4 x+ 9 /opt/none", b"4 x- 9 /opt/none"], ""),
        ([b"4 b+ /tmp/own", b"4 c+ /tmp/own", b"4 c+ /run/nscd/socket"], ""),
    ],
    ids=["static", "network", "server", "chroot", "not executed", "own server"],
)
def test_what_cannot_be_watched(records, reason):
    assert parse_trace([*NINJA, *records], "/tree").blind == reason
