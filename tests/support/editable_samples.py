"""An editable install in an environment of its own."""

from __future__ import annotations

import os
import re
import shutil
import sys

from support.interpreters import need_python
from support.paths import PROJECTS
from support.process import run

PATHS = {"PATH": os.environ["PATH"]}
CODE = "import frontend_tiny; print(frontend_tiny.answer())"


class Desk:
    """A project in a path with a space, an environment to install it in, a cache of its own."""

    def __init__(self, place, version, environ, make_venv):
        self.place, self.cache = place, place / "cache"
        self.project = place / "my project"
        shutil.copytree(PROJECTS / "frontend_tiny", self.project)
        self.environ = {**environ, "FELLOE_CACHE": "1", "FELLOE_CACHE_DIR": str(self.cache)}
        self.environ["FELLOE_COMPILER_LAUNCHER"] = "none"
        self.make_venv = make_venv
        self.python = make_venv(place / "venv", need_python(version), "pip")

    def install(self, frontend, *config, env=None, check=True, python=None):
        """Install, and leave nothing of what the installer made besides."""
        rooms = {"TMPDIR": self.place / "tmp", "UV_CACHE_DIR": self.place / "uv"}
        rooms["PIP_CACHE_DIR"] = self.place / "pip"
        for room in rooms.values():
            room.mkdir()
        python = python or self.python
        words = {
            "pip": (python, "-m", "pip", "install", "-v"),
            "uv": ("uv", "pip", "install", "-v", "--python", python),
        }[frontend]
        words = (*words, "--no-deps", *(w for item in config for w in ("-C", item)))
        environ = {**self.environ, **{k: str(v) for k, v in rooms.items()}, **(env or {})}
        done = run(*words, "-e", self.project, env=environ, cwd=self.place, check=check)
        for room in rooms.values():
            shutil.rmtree(room)
        return done

    def ask(self, *, check=True, env=None):
        """What the module answers in a new process, and all that is printed."""
        environ = {**self.user_environ(), **(env or {})}
        return run(self.python, "-c", CODE, cwd=self.place, env=environ, check=check)

    def answer(self):
        """(the answer, the steps of ninja that it took)."""
        *said, last = self.ask().stdout.splitlines()
        return int(last), [line.split()[1] for line in said if re.match(r"\[\d+/\d+\] ", line)]

    def user_environ(self):
        """The user's: not that of the installation, and without cmake and ninja."""
        return {"PATH": "/usr/sbin", "HOME": str(self.place), "CFLAGS": "-DANSWER=99"}

    def edit(self, old, new, file="tiny.c"):
        path = self.project / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def felloe(self, *words):
        return run(sys.executable, "-m", "felloe", *words, env=self.environ).stdout

    @property
    def room(self):
        (room,) = (self.cache / "v1" / "editables").iterdir()
        return room
