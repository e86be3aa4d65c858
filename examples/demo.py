"""Build the wheel of an example with felloe, install it elsewhere and draw a picture with it.

    python3 examples/demo.py

Needs Python 3.9 or later with its headers, and a C++ compiler. Everything is written to build/demo:
the wheel to build/demo/wheels, the picture to build/demo/newton.png.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from preflight import make_environment, prepare, run  # noqa: E402

PLACE = ROOT / "build" / "demo"
WHEELS = PLACE / "wheels"
PICTURE = PLACE / "newton.png"
# The picture of the README: fifth roots of unity.
POLYNOMIAL = ["--coefs", "1 0 0 0 0 -1"]
REGION = ["--region", "-1.6", "1.6", "-1.2", "1.2", "--itmax", "50"]
COLORS = ["--hue", "0.05", "--saturation", "0.55"]


def main():
    os.chdir(str(ROOT))
    prepare()
    shutil.rmtree(str(PLACE), ignore_errors=True)
    PLACE.mkdir(parents=True)
    builder = make_environment(PLACE / "builder").parent
    user = make_environment(PLACE / "user").parent
    environ = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1")
    pip_wheel = [builder / "pip", "wheel", "--no-deps", "-w", WHEELS, "--find-links", WHEELS]
    run([*pip_wheel, ROOT], environ)
    run([*pip_wheel, "-v", ROOT / "examples" / "newton-basins"], environ)
    (wheel,) = WHEELS.glob("newton_basins-*.whl")
    run([builder / "pip", "install", "--find-links", WHEELS, "felloe"], environ)
    subprocess.check_call([str(builder / "felloe"), "audit", str(wheel)], env=environ)
    run([user / "pip", "install", wheel], environ)
    run([user / "newton-basins", PICTURE, *POLYNOMIAL, *REGION, *COLORS], environ)
    print(f"\nthe wheel:   {wheel.relative_to(ROOT)}\nthe picture: {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
