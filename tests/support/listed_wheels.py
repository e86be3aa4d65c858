"""Public wheels that a list names, with their hashes: pip fetches exactly these.

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
    """File name -> SHA-256 in hex."""
    lines = Path(__file__).with_name(name).read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def fetch(hashes, once):
    """The paths of all wheels of a list; test processes share what is fetched."""

    def fill(place):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda wheel: download(wheel, hashes[wheel], place), hashes))

    kept = os.environ.get("WHEEL_CACHE")
    if kept:
        place = Path(kept)
        place.mkdir(parents=True, exist_ok=True)
        fill(place)
    else:
        digest = hashlib.sha256(repr(hashes).encode()).hexdigest()
        place = once(f"listed-wheels-{digest[:8]}", fill)
    return [place / wheel for wheel in hashes]


def download(wheel, digest, place):
    """Have pip fetch exactly this file."""
    path = place / wheel
    if not path.exists():
        name, version, *_, python, abi, platforms = wheel[: -len(".whl")].split("-")
        requirement = place / f"{wheel}.txt"
        requirement.write_text(f"{name}=={version} --hash=sha256:{digest}\n")
        implementation, number = re.fullmatch(r"([a-z]+)(\d+)", python).groups()
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", place]
        command += ["--only-binary=:all:", "-r", requirement, "--implementation", implementation]
        command += ["--abi", abi, "--python-version", "3.11" if number == "3" else number]
        for platform in platforms.split("."):
            command += ["--platform", platform]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{wheel}: {done.stderr}"
        requirement.unlink()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
