"""What a manylinux image is like: its policy, its interpreters, a source tree nobody may write."""

# ruff: noqa: PLR0913, PLR0917 - what a test needs are its arguments

from __future__ import annotations

import platform
import shutil

import pytest
from support.example_checks import listing
from support.process import run

MACHINE = platform.machine()
NEEDS_225 = {"cmake.args": ["-DUSE_GETENTROPY=1"]}


@pytest.fixture
def build(copy_project, hook, tmp_path):
    """Build frontend_tiny as an image would; answers the file's name and what was said."""

    def call(policy, config=None, env=None, *, check=True):
        project = copy_project("frontend_tiny")
        environ = {"AUDITWHEEL_PLAT": f"{policy}_{MACHINE}", **(env or {})}
        out = tmp_path / "out"
        out.mkdir()
        done = hook(project, "build_wheel", out, config, env=environ, check=check)
        assert [path.name for path in out.iterdir()] == ([done.value] if done.value else [])
        return done

    return call


def platforms(name):
    return name[: -len(".whl")].split("-")[-1].split(".")


def test_the_images_policy_is_among_the_tags(build):
    libc, version = platform.libc_ver()
    if libc != "glibc":
        pytest.fail("these tests are for a system with glibc")
    policy = f"manylinux_{version.replace('.', '_')}"
    done = build(policy, NEEDS_225)
    assert f"{policy}_{MACHINE}" in platforms(done.value)
    assert f"manylinux_2_26_{MACHINE}" in platforms(done.value)
    assert "warning" not in done.output


@pytest.mark.slow
def test_a_policy_out_of_reach_degrades_with_the_reason(build):
    done = build("manylinux_2_17", NEEDS_225)
    assert platforms(done.value) == [f"manylinux_2_26_{MACHINE}"]
    (warning,) = [line for line in done.output.splitlines() if "felloe: warning:" in line]
    assert f"AUDITWHEEL_PLAT wants manylinux_2_17_{MACHINE}" in warning
    assert f"the wheel is tagged manylinux_2_26_{MACHINE}" in warning
    assert "frontend_tiny/_tiny.cpython-311-" in done.output
    assert "getentropy" in done.output
    assert "GLIBC_2.25" in done.output
    assert "felloe: hint: " in done.output


def test_a_policy_out_of_reach_is_an_error_if_one_says_so(build):
    done = build("manylinux_2_17", NEEDS_225, {"FELLOE_ON_VIOLATION": "error"}, check=False)
    assert done.exit_code == 1
    assert f"felloe: error: AUDITWHEEL_PLAT wants manylinux_2_17_{MACHINE}" in done.output
    assert "getentropy" in done.output
    assert done.value is None


@pytest.mark.slow
def test_a_setting_of_the_project_wins_over_the_image(build):
    done = build("manylinux_2_17", {"felloe.platform": "linux", **NEEDS_225})
    assert platforms(done.value) == [f"linux_{MACHINE}"]


@pytest.mark.slow
def test_the_images_policy_may_be_none(build):
    """`auditwheel repair --plat` knows linux_x86_64 too, and its variable may say so."""
    assert platforms(build("linux", NEEDS_225).value) == [f"linux_{MACHINE}"]


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["manylinux_2_28_nomachine", "musllinux_1_2"])
def test_a_policy_for_others_does_not_stop_an_install(policy, build):
    """A variable of the surroundings is nobody's wish for this wheel."""
    image = policy if policy.endswith("nomachine") else f"{policy}_{MACHINE}"
    done = build(policy, NEEDS_225, {"AUDITWHEEL_PLAT": image})
    assert platforms(done.value) == [f"manylinux_2_26_{MACHINE}"]
    assert f"felloe: warning: AUDITWHEEL_PLAT wants {image}" in done.output


# Mounts that only the process sees: the tree read-only, nothing where libpython was.
IMAGE = """
tree=$1 libraries=$2; shift 2
mount --bind "$tree" "$tree" && mount -o remount,bind,ro "$tree" || exit
for library in $libraries; do mount --bind /dev/null "$library" || exit; done
exec "$@"
"""
LIBRARIES = """
import glob, sysconfig
print(*glob.glob(sysconfig.get_config_var("LIBDIR") + "/libpython*.so*"))
"""


@pytest.fixture
def run_in_image(environ, tmp_path):
    """Run an interpreter where a tree cannot be written and there is no libpython to link.

    Where the system does not let us mount, the tree's files are only without
    write permission, and the caller's own checks must do.
    """

    def call(tree, python, *arguments, env):
        libraries = run(python, "-c", LIBRARIES).stdout.split()
        kept = tmp_path / "libraries"  # the interpreter itself may have been linked to it
        kept.mkdir()
        for library in libraries:
            shutil.copy(library, kept)
        unshare = ("unshare", "--mount", "sh", "-c", IMAGE, "sh", tree, " ".join(libraries))
        inside = {**environ, **env, "LD_LIBRARY_PATH": str(kept)}
        probe = run(*unshare, "sh", "-c", f"! touch {tree}/probe", check=False, env=inside)
        prefix = unshare if probe.returncode == 0 else ()
        return run(*prefix, python, *arguments, cwd=tree, env=inside)

    return call


@pytest.mark.network
def test_the_loop_over_interpreters(
    python, copy_project, run_in_image, answer_of, audit_json, tmp_path
):
    """One turn of it: `for python in …; do $python -m pip wheel . ; done`."""
    project, out = copy_project("frontend_tiny"), tmp_path / "out"
    for path in project.rglob("*"):
        path.chmod(path.stat().st_mode & ~0o222)
    before = listing(project)
    image = {"AUDITWHEEL_PLAT": f"manylinux_2_28_{MACHINE}"}
    image["SKBUILD_CMAKE_DEFINE"] = "USE_GETENTROPY=ON"
    options = ("--no-deps", "-w", out)
    run_in_image(project, python, "-m", "pip", "wheel", *options, ".", env=image)
    assert listing(project) == before
    (made,) = out.iterdir()
    tag = run(python, "-c", "import sys; print('cp%d%d' % sys.version_info[:2])").stdout.strip()
    assert made.name.startswith(f"frontend_tiny-1.2.3-{tag}-{tag}-")
    assert f"manylinux_2_28_{MACHINE}" in platforms(made.name)
    assert answer_of(made, python) == 42
    needed = {name for item in audit_json(made)["objects"] for name in item["needed"]}
    assert needed
    assert not any(name.startswith("libpython") for name in needed)
