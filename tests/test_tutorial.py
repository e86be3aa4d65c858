"""The tutorial's commands, as they stand in it, one after the other."""

import re
import sys
from pathlib import Path

from support.interpreters import VERSIONS, find_python
from support.paths import ROOT
from support.process import DEBUG, run

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text(), re.DOTALL)
LEFT_OUT = ("toolchain=zig", "git push")
"""What compiles a C++ library first, and has a test of its own; what needs a repository."""


def test_every_command_works(environ, tmp_path, make_venv):
    (tools,) = re.findall(r"python -m pip install (.*)", BLOCKS[0])
    python = make_venv(tmp_path / "venv", sys.executable, *tools.split(), "pip")
    script = [block for block in BLOCKS if not any(word in block for word in LEFT_OUT)]
    assert len(script) == len(BLOCKS) - len(LEFT_OUT) >= 4
    found = [str(find_python(version).parent) for version in VERSIONS]
    others = [word for word in environ["PATH"].split(":") if not Path(word, "uv").exists()]
    path = ":".join([str(python.parent), *others, *found])
    steered = {**environ, **DEBUG, "PATH": path, "TERM": "dumb"}
    done = run("bash", "-ec", "\n".join(script), cwd=tmp_path, env=steered)
    assert "The claims hold." in done.stdout
    assert "3 of 3 interpreters have their wheel" in done.stdout
    assert len(list((tmp_path / "fast-primes" / "dist").glob("*-cp31*.whl"))) == 3
