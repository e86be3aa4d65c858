"""Public Linux wheels by name and hash, and how they come here: pip fetches them.

Set WHEEL_CACHE to a directory to keep them.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def read_list(name):
    lines = Path(__file__).with_name(name).read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


CHOSEN = read_list("public_wheels.txt")
"""Of every kind. File name -> SHA-256 in hex."""
POPULAR = read_list("popular_wheels.txt")
"""What most people install, as it was in autumn 2026."""
HASHES = {**CHOSEN, **POPULAR}


def fetch(names, once):
    """The paths of wheels of one of the lists; test processes share what is fetched."""

    def fill(place):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda wheel: download(wheel, place), names))

    kept = os.environ.get("WHEEL_CACHE")
    if kept:
        place = Path(kept)
        place.mkdir(parents=True, exist_ok=True)
        fill(place)
    else:
        place = once(f"linux-wheels-{len(names)}", fill)
    return [place / name for name in names]


def download(wheel, place):
    """Have pip fetch exactly this file."""
    path = place / wheel
    if not path.exists():
        name, version, *_, python, abi, platforms = wheel[: -len(".whl")].split("-")
        requirement = place / f"{wheel}.txt"
        requirement.write_text(f"{name}=={version} --hash=sha256:{HASHES[wheel]}\n")
        implementation, number = re.fullmatch(r"([a-z]+)(\d+)", python).groups()
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", place]
        command += ["--only-binary=:all:", "-r", requirement, "--implementation", implementation]
        command += ["--abi", abi, "--python-version", "3.11" if number == "3" else number]
        for platform in platforms.split("."):
            command += ["--platform", platform]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{wheel}: {done.stderr}"
        requirement.unlink()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == HASHES[wheel]
