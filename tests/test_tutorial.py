"""The tutorial's commands, as they stand in it, one after the other."""

import re
import sys

from support.interpreters import VERSIONS, need_python
from support.paths import ROOT
from support.process import DEBUG, run

BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "tutorial.md").read_text(), re.DOTALL)
SLOW = "toolchain=zig"
"""The block that compiles a C++ library first; tests/build/test_zig.py covers it."""


def test_every_command_works(environ, tmp_path):
    script = [block for block in BLOCKS if SLOW not in block]
    assert len(script) == len(BLOCKS) - 1 >= 5
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "python3").symlink_to(sys.executable)
    found = tmp_path / "pyenv" / "versions"
    found.mkdir(parents=True)
    for version in (VERSIONS[-2], VERSIONS[-1]):
        (found / version).symlink_to(need_python(version).parent.parent)
    steered = {
        **environ,
        **DEBUG,
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYENV_ROOT": str(found.parent),
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv"),
        "TERM": "dumb",
    }
    run("bash", "-ec", "\n".join(script), cwd=tmp_path, env=steered)
    dist = tmp_path / "fast-primes" / "dist"
    tags = {path.name.split("-")[2] for path in dist.glob("*.whl")}
    assert tags >= {f"cp{version.replace('.', '')}" for version in VERSIONS[-2:]}
    assert len(list(dist.glob("*.tar.gz"))) == 1
