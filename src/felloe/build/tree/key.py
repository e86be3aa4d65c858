"""The key of a build tree: a hash of everything but files that a build depends on.

A build with another key uses another tree. The old tree is kept for builds with the old key.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from felloe import __version__
from felloe.build.environment.origin import Origin
from felloe.config.environment_variable import select_variables
from felloe.config.project import Project
from felloe.config.settings import ConfigSettings
from felloe.python.target import Target

_OWN = "FELLOE_"
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
            "environ": select_build_variables(self.environ),
            "machine": _describe_machine(),
        }
        return _hash(facts)[:16]


def select_build_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that select a tree. Settings of felloe are separate facts."""
    chosen = select_variables(environ)
    return {name: value for name, value in chosen.items() if not name.startswith(_OWN)}


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
