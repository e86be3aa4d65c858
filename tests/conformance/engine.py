"""Run scikit-build-core's own tests with felloe behind its name.

    python3 tests/conformance/engine.py [--frontends] [PYTEST ARGUMENT…]

Fetches the engine's sdist, makes an environment with what its tests need, and puts
`shim/` first on their path: there the engine's hooks are felloe's. Its test files
are unmodified. With --frontends its tests of pip, build and uv run as well, whose
projects name felloe as their build backend.

What fails must be in differences.txt, with its reason, and what is there must fail.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENGINE = "scikit-build-core==1.1.2"
HOOKS = """
    broken_fallback dynamic_metadata editable_build_paths force_include generate_include
    get_requires import_names multi_build_type pep517_sdist_symlink prepare_metadata
    pyproject_abi3 pyproject_extra_dirs pyproject_namespace pyproject_pep517 pyproject_pep660
    pyproject_purelib simple_pure simplest_c
"""
FRONTENDS = """
    editable editable_generated pyproject_namespace pyproject_pep518 pyproject_pep660
    uv_workspace
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frontends", action="store_true")
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="conformance-") as room:
        tree = fetch_engine(Path(room))
        python = make_environment(tree, Path(room) / "env")
        report = Path(room) / "hooks.xml"
        failed = run_tests(python, tree, HOOKS, ["-m", "not isolated", *arguments], report)
        problems = compare(failed, read_differences(), report)
        if options.frontends:
            use_felloe(tree, python)
            report = Path(room) / "frontends.xml"
            failed = run_tests(python, tree, FRONTENDS, ["-m", "isolated", *arguments], report)
            problems += compare(failed, read_differences(), report)
    for problem in problems:
        print(problem)
    return bool(problems)


def fetch_engine(room: Path) -> Path:
    """The engine's source tree, from its sdist."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    # `pip download` of an sdist builds its metadata; the sdist itself is all that is wanted.
    subprocess.run(
        [*pip, "download", "-q", "--no-deps", "--no-binary=:all:", "-d", room, ENGINE], check=True
    )
    (sdist,) = room.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(room, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return next(room.glob("scikit_build_core-*/"))


def make_environment(tree: Path, place: Path) -> Path:
    """The interpreter of an environment with the engine, its tests' needs, and felloe."""
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, "-U", "pip>=25.1"], check=True)
    groups = [f"--group=test-{name}" for name in ("core", "numpy", "parallel", "pybind11")]
    subprocess.run([*pip, *groups, "cmake", "ninja", "uv"], check=True, cwd=tree)
    subprocess.run([*pip, tree, ROOT], check=True)
    return python


def run_tests(python: Path, tree: Path, files: str, arguments: list[str], report: Path) -> set[str]:
    """The tests that failed."""
    environ = {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(HERE / "shim"),
        "FELLOE_PLATFORM": "linux",  # as the engine tags
        "FELLOE_CACHE_DIR": str(report.parent / "cache"),
    }
    if files == FRONTENDS:  # their projects name felloe, so the engine's name is the engine's
        environ["CONFORMANCE_INSIDE"] = "1"
    command = [python, "-m", "pytest", "-q", "--tb=short", "-n", "2", f"--junitxml={report}"]
    tests = [f"tests/test_{name}.py" for name in files.split()]
    words = [*command, "-o", "junit_family=xunit1", *arguments, *tests]
    subprocess.run(words, check=False, cwd=tree, env=environ)
    return {name for name, outcome in read_report(report).items() if outcome == "failed"}


def read_report(report: Path) -> dict[str, str]:
    """Each test and its outcome: passed, failed or skipped."""
    outcomes = {}
    for case in ET.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        bad = kinds & {"failure", "error"}
        outcome = "failed" if bad else "skipped" if "skipped" in kinds else "passed"
        outcomes[f"{case.get('file')}::{case.get('name')}"] = outcome
    return outcomes


def read_differences() -> set[str]:
    lines = (HERE / "differences.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def compare(failed: set[str], expected: set[str], report: Path) -> list[str]:
    """What is otherwise than differences.txt says."""
    outcomes = read_report(report)
    counts = {word: list(outcomes.values()).count(word) for word in ("passed", "failed", "skipped")}
    print(f"{report.stem}: {counts}")
    problems = [f"fails, and is not listed: {name}" for name in sorted(failed - expected)]
    stale = (name for name in sorted(expected) if outcomes.get(name) == "passed")
    return problems + [f"is listed, and passes: {name}" for name in stale]


def use_felloe(tree: Path, python: Path) -> None:
    """Name felloe as build backend in all projects of the tests, and offer its wheel."""
    for path in tree.glob("tests/packages/**/pyproject.toml"):
        text = path.read_text(encoding="utf-8")
        if (name := '"scikit_build_core.build"') in text:
            text = text.replace("requires = [", 'requires = ["felloe", ', 1)
            path.write_text(text.replace(name, '"felloe"'), encoding="utf-8")
    conftest = tree / "tests" / "conftest.py"
    text = conftest.read_text(encoding="utf-8")
    conftest.write_text(
        text.replace('install("scikit-build-core",', 'install("scikit-build-core", "felloe",')
    )
    wheelhouse = tree / ".pytest_cache" / "d" / "wheelhouse"
    wheelhouse.mkdir(parents=True, exist_ok=True)
    subprocess.run([python, "-m", "pip", "wheel", "-q", "-w", wheelhouse, ROOT], check=True)
    for own in wheelhouse.glob("scikit_build_core-*"):  # the tests build the tree's
        own.unlink()


if __name__ == "__main__":
    sys.exit(main())
