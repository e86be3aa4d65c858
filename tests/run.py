"""Run all tests, from nothing but a Python 3.9+ with venv and a C++ compiler.

    python3 tests/run.py [PYTEST ARGUMENT…]

Makes .venv beside this checkout's pyproject.toml, installs felloe and what the
tests need, runs pytest on two processes. What is installed is kept for next time.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"


def main() -> int:
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    subprocess.run([*pip, "-U", "pip>=25.1"], check=True)
    subprocess.run([*pip, "--group", "test", "-e", "."], check=True, cwd=ROOT)
    arguments = sys.argv[1:] or ["-n", "2", "--dist", "worksteal"]
    environ = {**os.environ, "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.call([PYTHON, "-m", "pytest", *arguments], cwd=ROOT, env=environ)


if __name__ == "__main__":
    sys.exit(main())
