"""What stands in a wheel's scripts for a program that had to move.

An installer puts scripts into a directory that has no fixed relation to
site-packages, so a program there cannot name its libraries by a relative path.
It moves beside them, and a script in its old place starts it.
"""

from __future__ import annotations

_LAUNCHER = """\
#!python
import os
import sys

# Beside the directory of programs: where `pip install --target` puts packages.
beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
for place in [*sys.path, beside]:
    program = os.path.join(place, {directory!r}, {name!r})
    if os.path.isfile(program):
        os.execv(program, [program, *sys.argv[1:]])
sys.exit("{name} is installed without its program {directory}/{name}")
"""


def render_launcher(directory: str, name: str) -> bytes:
    """A script that runs ``directory/name`` of the site-packages it was installed with.

    Its first line is rewritten by installers (binary distribution format).
    """
    return _LAUNCHER.format(directory=directory, name=name).encode()
