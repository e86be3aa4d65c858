"""The truth of tags through the whole backend: projects of CMake and C, built by its hook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import felloe

PROJECTS = Path(__file__).resolve().parent.parent / "projects"
OURS = str(Path(felloe.__file__).resolve().parent.parent)
HOOK = "import json, sys, felloe; felloe.build_wheel(sys.argv[1], json.loads(sys.argv[2]))"

CP = f"cp{sys.version_info[0]}{sys.version_info[1]}"
MANYLINUX = r"manylinux\w+(\.manylinux\w+)*"
MODULE = rf"plain\.cpython-{CP[2:]}-x86_64-linux-gnu\.so"
HINT = r"\nfelloe: hint: "
LIBC = (
    r"program-1\.0\.data/scripts/answer needs GLIBC_2\.\d\d of libc\.so\.6 \(.*__libc_start_main.*"
    r"\): allowed from manylinux_2_\d\d on\n"
    r"without these it would be manylinux_2_\d+_x86_64"
    + HINT
    + "build where the C library is older"
)
STACK = (
    rf"\n  {MODULE} needs an executable stack: allowed by no policy\n"
    r"without these it would be manylinux_2_\d+_x86_64" + HINT + r"link with -Wl,-z,noexecstack"
)


@dataclass(frozen=True)
class Build:
    """A project, how it is asked for, and what comes of it."""

    id: str
    project: str
    tag: str | None
    """A pattern of the wheel's tag; None where no wheel may be written."""
    says: tuple[str, ...] = ()
    """Patterns of what is told on the standard error, in order."""
    environ: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)


BUILDS = (
    Build("plain", "plain", f"{CP}-{CP}-{MANYLINUX}"),
    Build("stable", "stable", f"cp39-abi3-{MANYLINUX}"),
    Build(
        "stable-undeclared",
        "stable-undeclared",
        f"{CP}-{CP}-{MANYLINUX}",
        (
            (
                "note: every module of the wheel is built for the stable ABI, its tag "
                f"{CP}-{CP} names one version{HINT}declare the oldest Python it works with: "
                r"`wheel\.py-api` in \[tool\.scikit-build\], such as \"cp39\""
            ),
        ),
    ),
    Build(
        "stable-broken",
        "stable-broken",
        None,
        (
            (
                r"error: stable\.abi3\.so breaks the stable ABI of Python 3\.9 it promises:\n"
                f"  PyUnicode_AsUTF8: not in the stable ABI{HINT}"
                r"remove `wheel\.py-api` in \[tool\.scikit-build\], or drop the calls "
                r"\(Py_LIMITED_API makes the compiler refuse them\)"
            ),
        ),
    ),
    Build(
        "stable-pybind11",
        "stable-pybind11",
        None,
        (
            (
                rf"error: bound\.cpython-{CP[2:]}-x86_64-linux-gnu\.so works only with {CP}; "
                f"the tag cp39-abi3 promises every CPython from 3.9 on{HINT}"
                "pybind11 has no limited API, so its modules work with one Python version each; "
                r"remove `wheel\.py-api` in \[tool\.scikit-build\]"
            ),
        ),
    ),
    Build("ctypes-library", "ctypes-library", f"py3-none-{MANYLINUX}"),
    Build("program", "program", f"py3-none-{MANYLINUX}"),
    Build("pure", "pure", "py3-none-any"),
    Build(
        "nothing-installed",
        "nothing-installed",
        f"{CP}-{CP}-linux_x86_64",
        (
            (
                rf"note: the wheel is tagged {CP}-{CP}-linux_x86_64 and has no binaries"
                rf"{HINT}install\(\) what CMake builds into the wheel, or set "
                r"`wheel\.cmake = false`"
            ),
        ),
    ),
    Build(
        "libpython",
        "linked-with-libpython",
        f"{CP}-{CP}-{MANYLINUX}",
        (rf"note: {MODULE} no longer needs libpython3\.11\.so\.1\.0: .*{HINT}link Python::Module",),
    ),
    Build(
        "violation",
        "executable-stack",
        f"{CP}-{CP}-linux_x86_64",
        ("warning: the wheel is tagged linux_x86_64, which PyPI refuses:" + STACK,),
    ),
    Build(
        "violation-is-an-error",
        "executable-stack",
        None,
        ("error: the wheel is tagged linux_x86_64, which PyPI refuses:" + STACK,),
        environ={"FELLOE_ON_VIOLATION": "error"},
    ),
    Build(
        "older-policy-asked",
        "program",
        f"py3-none-{MANYLINUX}",
        (
            (
                r"warning: FELLOE_PLATFORM wants manylinux_2_17; the wheel is tagged "
                rf"{MANYLINUX}:\n  {LIBC}"
            ),
        ),
        environ={"FELLOE_PLATFORM": "manylinux_2_17"},
    ),
    Build(
        "older-policy-demanded",
        "program",
        None,
        (rf"error: -C felloe\.platform wants manylinux_2_17; the wheel is tagged .*\n  {LIBC}",),
        config={"felloe.platform": "manylinux_2_17", "felloe.on-violation": "error"},
    ),
    Build(
        "newer-policy-asked",
        "ctypes-library",
        rf"py3-none-(?=.*manylinux_2_5_x86_64)(?=.*manylinux_2_35_x86_64){MANYLINUX}",
        config={"felloe.platform": "manylinux_2_35"},
    ),
    Build(
        "policy-of-musl-asked",
        "ctypes-library",
        f"py3-none-{MANYLINUX}",
        (
            (
                r"warning: -C felloe\.platform wants musllinux_1_2; the wheel is tagged "
                rf"{MANYLINUX}: its binaries are for manylinux systems"
            ),
        ),
        config={"felloe.platform": "musllinux_1_2"},
    ),
    Build(
        "policy-of-another-machine-asked",
        "ctypes-library",
        f"py3-none-{MANYLINUX}",
        (
            (
                r"warning: -C felloe\.platform wants manylinux_2_28_aarch64; the wheel is tagged "
                rf"{MANYLINUX}: its binaries are for x86_64"
                rf"{HINT}name a policy without a machine, such as manylinux_2_28"
            ),
        ),
        config={"felloe.platform": "manylinux_2_28_aarch64"},
    ),
    Build(
        "linux-asked",
        "ctypes-library",
        "py3-none-linux_x86_64",
        environ={"FELLOE_PLATFORM": "linux"},
    ),
    Build(
        "pypi-asked", "ctypes-library", f"py3-none-{MANYLINUX}", environ={"FELLOE_PLATFORM": "pypi"}
    ),
    Build(
        "pypi-asked-in-vain",
        "executable-stack",
        None,
        ("error: the wheel is tagged linux_x86_64, which PyPI refuses:" + STACK,),
        config={"felloe.platform": "pypi", "felloe.on-violation": "error"},
    ),
    Build(
        "module-for-another-machine",
        "plain",
        None,
        (
            (
                rf"error: {MODULE} is built for x86_64 and named for x86_64, the wheel's tag says "
                rf"aarch64{HINT}build all of the wheel for one machine; when cross compiling set "
                "_PYTHON_HOST_PLATFORM"
            ),
        ),
        environ={"_PYTHON_HOST_PLATFORM": "linux-aarch64"},
    ),
)


QUICK = {"plain", "stable", "stable-undeclared", "ctypes-library", "pure", "violation-is-an-error"}


def _marks(build: Build) -> list:
    if "pybind11" in build.project:
        return [pytest.mark.tools("pybind11")]
    return [] if build.id in QUICK else [pytest.mark.slow]


@pytest.mark.parametrize(
    "build", [pytest.param(build, id=build.id, marks=_marks(build)) for build in BUILDS]
)
def test_build(build, clean_environ, tmp_path):
    done, wheels = _run_hook(build, clean_environ, tmp_path)
    told = re.findall(r"^felloe: (?:note|warning|error): .*", done.stderr, re.MULTILINE)
    assert len(told) == len(build.says), done.stderr
    for pattern in build.says:
        assert re.search("^felloe: " + pattern, done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    if build.tag is None:
        assert (done.returncode, wheels) == (1, [])
    else:
        assert done.returncode == 0, done.stdout + done.stderr
        (wheel,) = wheels
        name = build.project.replace("-", "_")
        assert re.fullmatch(rf"{name}-1\.0-{build.tag}\.whl", wheel), wheel


def _run_hook(build: Build, environ: Mapping[str, str], place: Path):
    """Call the hook as a frontend without isolation does: in a child, in the source tree."""
    tree, out = place / "tree", place / "out"
    shutil.copytree(PROJECTS / build.project, tree)
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", HOOK, str(out), json.dumps(dict(build.config))],
        cwd=tree,
        env={**environ, "PYTHONPATH": OURS, **build.environ},
        check=False,
        text=True,
        errors="replace",
        capture_output=True,
    )
    return done, sorted(path.name for path in out.iterdir())
