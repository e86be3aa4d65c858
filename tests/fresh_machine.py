"""Run the README's two commands in a new Debian that has only what the README names.

    python3 tests/fresh_machine.py [SUITE...] [--cache DIRECTORY] [--ref COMMIT]

Needs root, debootstrap and git. Unpacks each suite (bookworm and trixie by default) once into the
cache, copies it, installs the packages of the README's line for Debian, clones this repository
into it and runs both commands in the copy. Prints wall and CPU seconds and the last lines of each.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ("python3 examples/demo.py", "python3 tests/run.py")
CONFIGURATION = ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
"""Files of this machine without which a copy would not find its package indexes."""
PASSED_ON = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "HTTP_PROXY", "HTTPS_PROXY")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suites", nargs="*", default=["bookworm", "trixie"])
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "felloe-tests"
    parser.add_argument("--cache", type=Path, default=cache / "roots")
    parser.add_argument("--ref", default="HEAD")
    options = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        sys.exit("tests/fresh_machine.py needs root and debootstrap: apt-get install debootstrap")
    failed = False
    for suite in options.suites:
        base = make_root(suite, options.cache)
        with tempfile.TemporaryDirectory(dir=options.cache, prefix=f"{suite}-") as place:
            root = Path(place) / "root"
            subprocess.run(["cp", "-a", base, root], check=True)
            with prepared(root):
                failed |= try_machine(suite, root, options.ref)
    return int(failed)


def make_root(suite: str, cache: Path) -> Path:
    """Return a root of a suite, unpacked once."""
    root = cache / suite
    if not (root / "etc" / "debian_version").exists():
        shutil.rmtree(root, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        command = ["debootstrap", "--variant=minbase", "--include=ca-certificates", suite]
        subprocess.run([*command, root], check=True, stdout=subprocess.DEVNULL)
    return root


@contextmanager
def prepared(root: Path) -> Iterator[None]:
    """Give a root /proc, /dev and this machine's way to its package indexes."""
    for name in CONFIGURATION:
        if Path(name).exists():
            (root / name[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, root / name[1:])
    mounted = [root / "proc", root / "dev"]
    for place in mounted:
        subprocess.run(["mount", "--bind", f"/{place.name}", place], check=True)
    try:
        yield
    finally:
        for place in mounted:
            subprocess.run(["umount", "-l", place], check=True)


def try_machine(suite: str, root: Path, ref: str) -> bool:
    """Install what the README names, clone, run both commands; return whether one failed."""
    enter(root, "apt-get -qq update && apt-get -qqy install python3 " + read_packages())
    clone = root / "felloe"
    subprocess.run(["git", "clone", "-q", "--no-local", ROOT, clone], check=True)
    subprocess.run(["git", "-C", clone, "checkout", "-q", ref], check=True)
    failed = False
    for command in COMMANDS:
        print(f"== {suite}: {command}", flush=True)
        code, wall, cpu, output = enter(root, f"cd /felloe && {command}")
        print("\n".join(output.splitlines()[-12:]))
        print(f"== {suite}: exit code {code}, {wall:.0f} s, {cpu:.0f} CPU s", flush=True)
        failed |= code != 0
    return failed


def read_packages() -> str:
    """Return the packages of the README's line for Debian."""
    found = re.search(r"apt(?:-get)? install ([\w+ .-]+)", (ROOT / "README.md").read_text())
    if found is None:
        sys.exit("README.md names no `apt install` line")
    return found[1]


def enter(root: Path, script: str) -> tuple[int, float, float, str]:
    """Run a script in a root: exit code, wall seconds, CPU seconds, output."""
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
    environ |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environ["DEBIAN_FRONTEND"] = "noninteractive"
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        ["chroot", root, "sh", "-c", script],
        env=environ,
        check=False,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(after[:2]) - sum(before[:2])
    return done.returncode, time.monotonic() - start, cpu, done.stdout


if __name__ == "__main__":
    sys.exit(main())
