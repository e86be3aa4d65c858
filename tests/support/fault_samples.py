"""A small project, and felloe run on it under conditions that a test chooses."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import felloe
from support.paths import PROJECTS

SOURCE = Path(felloe.__file__).resolve().parents[1]
HOOKS = {"build_wheel": ".whl", "build_sdist": ".tar.gz"}
NOISE = random.Random(11).getrandbits(8 * (3 << 20)).to_bytes(3 << 20, "big")
CALL = "import sys, felloe; print('ANSWER', getattr(felloe, sys.argv[1])(sys.argv[2]))"

# Root may do anything; a root without capabilities may do what the modes of files say.
POWERLESS = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
STRANGER = 54321
"""The number of a user whom no system knows, as containers have them."""
_READING = "dac_read_search"
AS_STRANGER = (
    *("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"),
    # pytest's directories are for their owner alone; only writing is to be refused.
    *(f"--bounding-set=-all,+{_READING}", f"--inh-caps=-all,+{_READING}"),
    f"--ambient-caps=-all,+{_READING}",
)


class Done(NamedTuple):
    """A program that ended."""

    code: int
    output: str
    """Both streams."""

    @property
    def errors(self):
        return self.output.count("felloe: error: ")


def make_project(place, files=None):
    """A copy of tests/projects/plain; texts replace whole files."""
    shutil.copytree(PROJECTS / "plain", place)
    for name, text in (files or {}).items():
        (place / name).write_text(text)
    return place


def environment(environ, **changes):
    """The environment for this checkout's felloe; None takes a variable away."""
    paths = os.pathsep.join(filter(None, [str(SOURCE), environ.get("PYTHONPATH")]))
    changed = {**environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **changes}
    return {key: str(value) for key, value in changed.items() if value is not None}


def build_command(hook, out):
    return [sys.executable, "-c", CALL, hook, os.fspath(out)]


def repair_command(wheel, out):
    return [sys.executable, "-m", "felloe", "repair", "-w", os.fspath(out), os.fspath(wheel)]


def run(command, env, cwd, before=()):
    """Run it, after the words of a program that changes the conditions; no traceback is allowed."""
    done = subprocess.run(
        [*before, *command],
        cwd=cwd,
        env=env,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    output = done.stdout.decode(errors="replace")
    assert "Traceback" not in output, output
    return Done(done.returncode, output)


def left_in(directory):
    return sorted(path.name for path in Path(directory).iterdir())
