"""Run the tests, after making an environment for them in .venv.

    python3 tests/run.py [--full | --every] [PYTEST ARGUMENT...]
    python3 tests/run.py --list-needs

Needs Python 3.9 or later with its headers, and a C++ compiler. By default the quick tier runs:
tests that need nothing else. --full runs the tests that need more (other interpreters, tools, the
network), --every runs both, --list-needs says what of that is missing on this machine.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from preflight import make_environment, prepare, run  # noqa: E402

ENVIRONMENT = ROOT / ".venv"


def main() -> int:
    os.chdir(str(ROOT))
    prepare()
    python = make_environment(ENVIRONMENT)
    words = sys.argv[1:]
    install(python, "test" if {"--full", "--every"} & set(words) else "quick")
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    environ = dict(os.environ, PATH=path)
    if words == ["--list-needs"]:
        environ["PYTHONPATH"] = str(ROOT / "tests")
        return subprocess.call([str(python), "-m", "support.needs"], env=environ)
    if not any(word.startswith("-n") or Path(word.split("::")[0]).exists() for word in words):
        words = ["-n", str(min(os.cpu_count() or 2, 8)), "--dist", "worksteal", *words]
    return subprocess.call([str(python), "-m", "pytest", *words], env=environ)


def install(python: Path, group: str) -> None:
    """Install felloe and a group of packages, unless that was done for the same pyproject.toml."""
    declared = (ROOT / "pyproject.toml").read_bytes()
    stamp = ENVIRONMENT / f"installed-{group}"
    digest = hashlib.sha256(declared).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    run([*pip, "--upgrade", "pip>=25.1"])
    run([*pip, "--group", group, "--editable", "."])
    stamp.write_text(digest)


if __name__ == "__main__":
    sys.exit(main())
