"""What builds assume of Windows, as values: no Windows is needed for these."""

import ntpath
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from felloe.build.environment import origin
from felloe.build.toolchain import compiler_cache
from felloe.build.toolchain.compiler_cache import Launcher, plan_environ, start_server
from felloe.build.toolchain.configure import find_requirements
from felloe.build.toolchain.store import find_stored
from felloe.config.settings import Settings, ToolchainSettings
from felloe.errors import FelloeError
from felloe.python.interpreter import Interpreter
from felloe.python.target import Target

TEMP = r"C:\Users\Zoë\AppData\Local"


@pytest.mark.parametrize(
    ("prefix", "root"),
    [
        (rf"{TEMP}\uv\cache\builds-v0\.tmpA1", rf"{TEMP}\uv\cache\builds-v0\.tmpA1"),
        (rf"{TEMP}\Temp\build-env-x1", rf"{TEMP}\Temp\build-env-x1"),
        (rf"{TEMP}\Temp\pip-build-env-x\overlay", rf"{TEMP}\Temp\pip-build-env-x"),
        (r"\\server\share\build-env-x1", r"\\server\share\build-env-x1"),
    ],
)
def test_environments_that_vanish_are_known(prefix, root, monkeypatch):
    monkeypatch.setattr(origin, "os", SimpleNamespace(path=ntpath, pathsep=";"))
    site = rf"{prefix}\Lib\site-packages"
    found = origin.find_origin(r"C:\py\python.exe", r"C:\py\python.exe", "x", prefix, [site])
    assert (found.roots, found.sites, found.vanishes) == ((root,), (site,), True)
    assert found.owns(site)
    assert not found.owns(rf"{root}-2\x")


def test_sccache_has_no_socket_of_its_own(monkeypatch, tmp_path):
    monkeypatch.delattr(socket, "AF_UNIX")
    monkeypatch.setattr(compiler_cache, "_HAS_SOCKETS", False)
    sccache = Launcher("sccache", "sccache.exe")
    planned = plan_environ(sccache, [tmp_path], tmp_path, {})
    assert not any("SCCACHE" in name for name in planned)
    start_server(sccache, {**planned, "SCCACHE_SERVER_UDS": "x"}, tmp_path)


@pytest.mark.parametrize(
    ("platform", "expected"), [("win_amd64", "Scripts/python.exe"), ("linux_x86_64", "bin/python")]
)
def test_interpreter_of_an_environment(platform, expected):
    python = Interpreter(Path("p"), "cpython", (3, 13, 0), "", "", platform, "", "PATH")
    assert python.find_in(Path("env")) == Path("env", expected)


def test_zig_is_refused_before_anything_is_built():
    target = Target("cpython", (3, 13), "", "", (".pyd",), "win_amd64", None)
    settings = Settings(toolchain=ToolchainSettings(target="manylinux_2_17_x86_64", kind="zig"))
    with pytest.raises(FelloeError, match="do not work on a Windows host"):
        find_requirements(SimpleNamespace(settings=settings), target)


@pytest.mark.parametrize(
    ("stored", "newest"),
    [
        (["0.17.0", "0.17.0.post1"], "0.17.0.post1"),
        (["0.17.0.post0"], "0.17.0.post0"),
        (["0.17.2", "0.17.10"], "0.17.10"),
        (["0.17.0.part"], None),
    ],
)
def test_a_stored_zig_is_found_again(stored, newest, tmp_path):
    for version in stored:
        (tmp_path / "zig" / version).mkdir(parents=True)
        (tmp_path / "zig" / version / "zig").touch()
    assert find_stored(tmp_path) == newest
