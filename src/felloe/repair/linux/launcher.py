"""The script that starts a program which had to move out of the scripts directory.

Installers put scripts into a directory that has no fixed relation to
site-packages, so a program there cannot name its libraries by a relative path.
"""

from __future__ import annotations

_LAUNCHER = """\
#!python
import os
import sys

# Below `pip install --target` the packages lie beside the directory of programs.
beside = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), {up!r}))
for place in [*sys.path, beside]:
    program = os.path.join(place, {directory!r}, {name!r})
    if os.path.isfile(program):
        os.execv(program, [program, *sys.argv[1:]])
sys.exit({message!r})
"""


def render_launcher(directory: str, name: str) -> bytes:
    """Render a script that runs ``directory/name`` of the site-packages it was installed with.

    ``name`` is also the script's path below the directory of programs. Installers
    rewrite the first line (binary distribution format).
    """
    up = "/".join([".."] * (name.count("/") + 1))
    message = f"{name} is installed without its program {directory}/{name}"
    return _LAUNCHER.format(up=up, directory=directory, name=name, message=message).encode()
