"""Small shared objects for other machines, compiled here by zig."""

from __future__ import annotations

import os
import sys

from support.interpreters import need_python
from support.process import run
from support.stored import directory

TARGETS = {"arm64": "aarch64-linux-gnu.2.17", "s390x": "s390x-linux-gnu.2.28"}
"""System -> zig's target."""
MACHINES = {"arm64": "aarch64", "s390x": "s390x"}
"""System -> the machine as platform tags spell it."""


def compile_for(system, made, code, *words):
    """A shared object from C; ``words`` go to the compiler."""
    made.parent.mkdir(parents=True, exist_ok=True)
    source = made.with_name(f"{made.name}.c")
    source.write_text(code)
    command = (sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[system])
    caches = {f"ZIG_{kind}_CACHE_DIR": str(directory() / "zig") for kind in ("GLOBAL", "LOCAL")}
    shared = ("-shared", "-fPIC", "-O1", f"-Wl,-soname,{made.name}", "-s")
    run(*command, *shared, source, "-o", made, *words, env={**os.environ, **caches})
    source.unlink()
    return made


def headers():
    """This machine's headers of CPython 3.11: all 64-bit Linux ones are alike."""
    code = "import sysconfig; print(sysconfig.get_path('include'))"
    return run(need_python("3.11"), "-c", code).stdout.strip()
