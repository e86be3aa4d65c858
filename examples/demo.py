"""The main job, from nothing but a Python 3.9+ with venv and a C++ compiler.

    python3 examples/demo.py

Makes felloe's wheel from this checkout, then with `pip wheel` that of the
example newton-basins, audits it, installs it into an environment that knows
neither compiler nor felloe, and renders a picture with it. All that comes out
is in build/demo.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "build" / "demo"


def main():
    shutil.rmtree(PLACE, ignore_errors=True)
    builder, user = make_environment("builder"), make_environment("user")
    wheels = PLACE / "wheels"
    pip_wheel(builder, wheels, ROOT)
    pip_wheel(builder, wheels, ROOT / "examples" / "newton-basins")
    (wheel,) = wheels.glob("newton_basins-*.whl")
    run(builder / "pip", "install", "-q", "--find-links", wheels, "felloe")
    run(builder / "felloe", "audit", wheel)
    run(user / "pip", "install", "-q", wheel)
    picture = PLACE / "newton.png"
    run(user / "newton-basins", picture)
    print(f"\nthe wheel:   {wheel.relative_to(ROOT)}\nthe picture: {picture.relative_to(ROOT)}")


def make_environment(name):
    """A fresh virtual environment; the directory of its programs."""
    venv.create(PLACE / name, with_pip=True)
    return PLACE / name / ("Scripts" if os.name == "nt" else "bin")


def pip_wheel(programs, wheels, project):
    run(programs / "pip", "wheel", "-q", "--no-deps", "-w", wheels, "--find-links", wheels, project)


def run(*command):
    words = [str(word) for word in command]
    print("+", " ".join(word.replace(f"{ROOT}/", "") for word in words), flush=True)
    environ = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(words, check=False, env=environ)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
