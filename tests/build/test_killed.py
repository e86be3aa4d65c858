"""Processes that are killed at a random moment: what they leave, and what comes after them.

Ten kills of each kind here; two hundred with ``-m slow``.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import signal
import subprocess
import time

import pytest
from support.fault_samples import build_command, environment, make_project, repair_command, run

pytestmark = pytest.mark.slow

FEW = [pytest.param(5, id="5"), pytest.param(200, id="200", marks=pytest.mark.exhaustive)]
NOISE = random.Random(5).getrandbits(8 * (4 << 20)).to_bytes(4 << 20, "big")
"""What a wheel of this takes a while to be packed and written."""


@pytest.fixture
def project(tmp_path):
    place = make_project(tmp_path / "project")
    (place / "noise").write_bytes(NOISE)
    with (place / "CMakeLists.txt").open("a") as file:
        file.write("install(FILES noise DESTINATION .)\n")
    return place


class Field:
    """Runs one command again and again, with an output directory of its own each time."""

    def __init__(self, place, command, env, cwd):
        self.place, self._command, self._env, self._cwd = place, command, env, cwd
        (place / "whole").mkdir(parents=True)
        self.took = self.at = 0.0
        self.name, self.whole = "", b""

    def measure(self):
        """Run it undisturbed: what it writes, how long it takes, when it begins to finish."""
        log = self.place / "log"
        for _ in range(2):  # the second is as fast as the others will be
            began, self.at = time.monotonic(), 0.0
            with self._start("whole", log) as child:
                while child.poll() is None:
                    if not self.at and b"Created" in log.read_bytes():
                        self.at = time.monotonic() - began
                    time.sleep(0.005)
            self.took = time.monotonic() - began
            assert child.returncode == 0, log.read_text()
        (made,) = (self.place / "whole").iterdir()
        self.name, self.whole = made.name, made.read_bytes()

    def kill(self, number, moment, *, group):
        """Kill it after so many seconds; what is there then. Then run it to its end."""
        out = self.place / str(number)
        older = number % 3 == 0
        out.mkdir()
        if older:
            (out / self.name).write_bytes(b"older")
        with self._start(out.name, self.place / "log") as child:
            time.sleep(moment)
            if group:
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
        outcome = self._check(out, older=older)
        self._finish(out)
        wait_for_group(child.pid)
        shutil.rmtree(out)
        return outcome

    def _start(self, out, log):
        with log.open("wb") as file:
            return subprocess.Popen(
                self._command(self.place / out),
                cwd=self._cwd,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _check(self, out, *, older):
        """Nothing but the whole file, or what was there before, has the name of a wheel."""
        found = {path.name: path for path in out.iterdir()}
        result = found.pop(self.name, None)
        data = result.read_bytes() if result else None
        assert data in ((b"older", self.whole) if older else (None, self.whole))
        assert all(name.startswith(".") and name.endswith(".part") for name in found), found
        return "whole" if data == self.whole else "part" if found else "nothing"

    def _finish(self, out):
        done = run(self._command(out), self._env, self._cwd)
        assert done.code == 0, done.output
        assert (out / self.name).read_bytes() == self.whole
        assert {path.name for path in out.iterdir() if path.suffix == ".whl"} == {self.name}


def wait_for_group(number):
    """What a killed process has started may go on for a while."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            os.killpg(number, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("a child of a killed process does not end")


def files_of(project):
    return {path: path.stat().st_mtime_ns for path in project.rglob("*")}


@pytest.mark.parametrize("count", FEW)
def test_killed_builds(project, tmp_path, clean_environ, count):
    """Anywhere, and while the wheel is finished; the whole group, or the hook alone; with a build
    tree that is kept, and without.
    """
    (tmp_path / "tmp").mkdir()
    fields = []
    for use in ("0", "1"):
        changes = {"FELLOE_CACHE": use, "FELLOE_CACHE_DIR": tmp_path / "cache"}
        env = environment(clean_environ, TMPDIR=tmp_path / "tmp", **changes)
        command = functools.partial(build_command, "build_wheel")
        fields.append(Field(tmp_path / f"cache-{use}", command, env, project))
        fields[-1].measure()
    assert fields[0].whole == fields[1].whole
    before = files_of(project)
    moments = random.Random(count)
    outcomes = []
    for number in range(count):
        field = fields[number % 2]
        moment = moments.uniform(field.at if number % 4 < 2 else 0, field.took)
        outcomes.append(field.kill(number, moment, group=number % 8 < 4))
    assert files_of(project) == before
    assert outcomes.count("whole") < count, "nothing was killed while it worked"


@pytest.mark.parametrize("count", FEW)
def test_killed_repairs(project, tmp_path, clean_environ, count):
    env = environment(clean_environ)
    (tmp_path / "given").mkdir()
    done = run(build_command("build_wheel", tmp_path / "given"), env, project)
    assert done.code == 0, done.output
    (wheel,) = (tmp_path / "given").iterdir()
    given = wheel.read_bytes()
    command = functools.partial(repair_command, wheel)
    field = Field(tmp_path / "field", command, env, tmp_path)
    field.measure()
    moments = random.Random(count)
    outcomes = [
        field.kill(number, moments.uniform(0, field.took), group=True) for number in range(count)
    ]
    assert wheel.read_bytes() == given
    assert {"part", "nothing"} & set(outcomes), "nothing was killed while it worked"
