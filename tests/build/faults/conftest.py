"""A small project, its builds and repairs, on a machine that has a fault."""

from __future__ import annotations

import pytest
from support.fault_samples import (
    HOOKS,
    NOISE,
    build_command,
    environment,
    left_in,
    make_project,
    repair_command,
    run,
)
from support.graft_samples import Forge


@pytest.fixture
def desk(tmp_path):
    """Places for the output and for what is temporary."""
    for name in ("out", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def build(desk, clean_environ):
    """Call a hook on a project in a process of its own."""

    def call(project, out=None, hook="build_wheel", before=(), **environ):
        env = environment(clean_environ, **{"TMPDIR": desk / "tmp", **environ})
        return run(build_command(hook, out or desk / "out"), env, project, before)

    return call


@pytest.fixture(scope="session")
def sound(once, clean_environ):
    """The files that an undisturbed build makes: name to bytes."""

    def make(place):
        project = make_project(place / "project")
        for hook in HOOKS:
            done = run(build_command(hook, place), environment(clean_environ), project)
            assert done.code == 0, done.output

    place = once("sound", make)
    return {path.name: path.read_bytes() for path in place.glob("*-1.0*")}


@pytest.fixture
def is_sound(desk, sound):
    """Whether a build ended well, with the bytes of an undisturbed one."""

    def check(done, out=None):
        assert done.code == 0, done.output
        out = out or desk / "out"
        (name,) = left_in(out)
        assert f"ANSWER {name}" in done.output
        assert (out / name).read_bytes() == sound[name]
        return True

    return check


@pytest.fixture
def wheel(desk):
    """A wheel of 3 MB that gets no smaller when it is packed."""
    return Forge(desk).pack("noisy", [("noisy/data", NOISE)], tag="py3-none-any")


@pytest.fixture
def repair(desk, wheel, clean_environ):
    def call(path=wheel, out=desk / "out", before=(), **environ):
        env = environment(clean_environ, **{"TMPDIR": desk / "tmp", **environ})
        return run(repair_command(path, out), env, desk, before)

    return call
