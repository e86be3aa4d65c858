"""The key of a build tree: a hash of everything but files that a build depends on.

A build with another key uses another tree. The old tree is kept for builds with the old key.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from felloe import __version__
from felloe.build.environment.origin import Origin
from felloe.config.project import Project
from felloe.config.settings import ConfigSettings
from felloe.python.target import Target

_UNREAD = re.compile(
    r"""
    # Terminals: colours and line breaks of the output.
      TERM | TERMCAP | TERM_\w+ | COLORTERM | COLUMNS | LINES | NO_COLOR | FORCE_COLOR
    | CLICOLOR\w* | \w+_COLORS? | CMAKE_COLOR_DIAGNOSTICS | WINDOWID | VTE_VERSION | WT_\w+
    | (ITERM|KITTY|ALACRITTY|KONSOLE|GNOME_TERMINAL|WEZTERM|VSCODE|TMUX|STARSHIP|P9K)_\w+
    | TMUX | STY | WINDOW | PAGER | LESS\w* | EDITOR | VISUAL | BROWSER
    # The login session.
    | (SSH|XDG_SESSION|GPG|SUDO|DBUS|SYSTEMD|LISTEN)_\w+ | XDG_(SEAT|VTNR|RUNTIME_DIR)
    | DISPLAY | WAYLAND_DISPLAY | XAUTHORITY | DESKTOP_\w+ | SESSION_MANAGER | KRB5CCNAME | MAIL
    | INVOCATION_ID | JOURNAL_STREAM | MANAGERPID | SECURITYSESSIONID
    # The shell: prompt, history, current directory. Programs ask the system for the last.
    | SHLVL | _ | PS\d | PROMPT\w* | HIST\w+ | PWD | OLDPWD | VIRTUAL_ENV_PROMPT | _OLD_VIRTUAL_\w+
    | CONDA_(PROMPT_MODIFIER|SHLVL)
    # Frontends, test runners, and felloe, whose settings are separate facts.
    | (PIP|UV|FELLOE|PYTEST|TOX|NOX|HATCH|_PYPROJECT_HOOKS|PEP517)_\w+ | UV | PYTHONNOUSERSITE
    | SKBUILD_EDITABLE_\w+ | PYTHON_HISTORY
    # The directory of temporary files.
    | TMPDIR | TMP | TEMP | TEMPDIR
    # The file of ccache's statistics, which felloe sets for each build.
    | CCACHE_STATSLOG
    # The number of jobs at once, and how it is passed on.
    | CMAKE_BUILD_PARALLEL_LEVEL | NINJA_STATUS | MAKELEVEL | (GNU)?MAKEFLAGS | MFLAGS""",
    re.VERBOSE,
)
"""Variables that no build reads, grouped by the reason. All others count."""
_MAKE = "MAKEFLAGS"
_PROCESSOR = 6000
"""Bytes of /proc/cpuinfo that describe at least the first processor."""


@dataclass(frozen=True)
class Facts:
    """Everything that a tree depends on, apart from the files that its steps read."""

    project: Project
    target: Target
    origin: Origin
    address: str
    """Address of the kept environment; empty for another one."""
    config: ConfigSettings | None
    environ: Mapping[str, str]

    @property
    def key(self) -> str:
        """Hash of the facts."""
        table = self.project.engine()
        facts = {
            "felloe": __version__,
            "project": os.path.realpath(self.project.root),
            "interpreter": [self.origin.base, self.origin.identity],
            "environment": self.address or list(self.origin.sites),
            "target": repr(self.target),
            "table": table,
            "config": self.config or {},
            "environ": select_variables(self.environ),
            "machine": _describe_machine(),
        }
        return _hash(facts)[:16]


def select_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may change what a build makes.

    Of make's flags they include the definitions. The others only control its jobs.
    """
    chosen = {name: value for name, value in sorted(environ.items()) if not _UNREAD.fullmatch(name)}
    flags = environ.get(_MAKE, "").split()
    defined = " ".join(word for word in flags if "=" in word and not word.startswith("-"))
    return {**chosen, _MAKE: defined} if defined else chosen


def _describe_machine() -> list[str]:
    """Return facts of the kernel and the processor, which ``-march=native`` and others use."""
    about = os.uname()
    umask = os.umask(0o022)
    os.umask(umask)
    processor = ""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        processor = file.read(_PROCESSOR)
    names = ("vendor_id", "model name", "flags", "CPU part", "Features")
    lines = [line for line in processor.splitlines() if line.startswith(names)]
    return [about.sysname, about.release, about.machine, oct(umask), *dict.fromkeys(lines)]


def _hash(facts: object) -> str:
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
