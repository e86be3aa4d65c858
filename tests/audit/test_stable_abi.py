"""Our judgement of the stable ABI beside abi3audit's, on wheels made here and public ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import abi_rows, abi_suffix_rows, stable_rows
from support.compiled_samples import module
from support.truth_case import LINUX
from support.truth_wheel import make_wheel, verdict_of

pytestmark = pytest.mark.tools("abi3audit", "abi3info")

ROWS = tuple(
    row
    for row in abi_rows.ROWS + abi_suffix_rows.ROWS + stable_rows.ROWS
    if re.search(r"^cp\d+-abi3-", row.claim)
)
"""Every case whose tag abi3audit reads: one Python, ``abi3``."""

DIFFERENCES = {
    "own-names-like-python's": "abi3audit takes a name defined in the module for a use of the API",
    "a-sibling's-names-like-python's": "abi3audit takes a sibling's name for the API's",
    "helper-library-beyond-the-floor": "abi3audit looks at no file but extension modules",
    "weak-imports": "a weak import may stay unresolved, abi3audit counts it",
    "abi3t-before-3.15": "abi3audit knows neither abi3t nor PyModExport",
    "pybind11-with-hidden-symbols": "a file for one version is judged by its suffix here",
    "names-that-only-begin-like-python's": "abi3audit takes every name in Py for the API's",
}
"""Case -> why abi3audit answers otherwise."""

FLOORS = tuple(range(2, 17))

PUBLIC = (
    "argon2-cffi-bindings==25.1.0",
    "bcrypt==5.0.0",
    "cryptography==46.0.3",
    "nh3==0.3.2",
    "psutil==7.1.3",
    "pycryptodomex==3.23.0",
    "pynacl==1.6.1",
    "tornado==6.5.2",
    "zopfli==0.4.0",
)

_LINE = re.compile(r"^  (\w+): (?:not in the stable ABI|in the stable ABI since Python (3\.\d+))$")


def _ours(wheel: Path) -> dict[str, str | None]:
    """Symbol -> the version that has it, or None: what felloe finds fault with."""
    lines = "\n".join(problem.message for problem in verdict_of(wheel).problems).splitlines()
    return {found[1]: found[2] for found in map(_LINE.match, lines) if found}


def _theirs(wheels: list[Path]) -> dict[Path, dict[str, str | None]]:
    """The same by abi3audit, for many wheels in one process."""
    command = [Path(sys.executable).with_name("abi3audit"), "--strict", "--report", *wheels]
    done = subprocess.run(list(map(str, command)), check=False, text=True, capture_output=True)
    assert done.stdout, done.stderr
    specs = json.loads(done.stdout)["specs"]
    assert len(specs) == len(wheels)
    return {Path(wheel): _faults(found["wheel"]) for wheel, found in specs.items()}


def _faults(objects: list[dict]) -> dict[str, str | None]:
    faults: dict[str, str | None] = {}
    for item in objects:
        assert "result" in item, item
        faults.update(dict.fromkeys(item["result"]["non_abi3_symbols"]))
        faults.update(item["result"]["future_abi3_objects"])
    return faults


@pytest.fixture(scope="module")
def made(workshop, tmp_path_factory):
    """Case -> its wheel."""
    return {
        row.id: make_wheel(tmp_path_factory.mktemp("row"), row.claim, row.files, workshop)
        for row in ROWS
    }


@pytest.fixture(scope="module")
def audited(made):
    return _theirs(list(made.values()))


@pytest.mark.parametrize("row", [row.id for row in ROWS])
def test_abi3audit_agrees(row, made, audited):
    """But for the differences, each of which must be one."""
    agrees = _ours(made[row]) == audited[made[row]]
    assert agrees is (row not in DIFFERENCES), (_ours(made[row]), audited[made[row]])


def test_every_name_at_every_floor(workshop, tmp_path):
    """One module that asks for the whole C API, under each floor there has been."""
    from abi3info import DATAS, FUNCTIONS

    names = sorted(str(symbol.name) for symbol in (*FUNCTIONS, *DATAS))
    every = module("m", *names, "PyUnicode_AsUTF8", "_PyObject_GetDictPtr")
    wheels = [
        make_wheel(tmp_path, f"cp3{floor}-abi3-{LINUX}", {"m.abi3.so": every}, workshop)
        for floor in FLOORS
    ]
    theirs = _theirs(wheels)
    for wheel in wheels:
        assert _ours(wheel) == theirs[wheel], wheel.name
    assert len(_ours(wheels[0])) > len(_ours(wheels[-1])) == 2


@pytest.fixture(scope="session")
def public_abi3_wheels(tmp_path_factory):
    """The public wheels as they are, and each once more under the tag of the oldest floor."""
    place = tmp_path_factory.mktemp("public")
    platforms = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_26", "manylinux2014")
    options = [f"--platform={platform}_x86_64" for platform in platforms]
    options += ["--python-version=3.11", "--implementation=cp", "--abi=abi3", "--no-deps"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", *options]
    subprocess.run([*command, "-d", str(place), *PUBLIC], check=True)
    wheels = sorted(place.glob("*.whl"))
    assert len(wheels) == len(PUBLIC)
    for wheel in wheels:
        older = re.sub(r"-cp3\d+-abi3-", "-cp32-abi3-", wheel.name)
        assert older != wheel.name
        (place / older).symlink_to(wheel)
    return sorted(place.glob("*.whl"))


def test_public_wheels(public_abi3_wheels):
    theirs = _theirs(public_abi3_wheels)
    assert {wheel.name: _ours(wheel) for wheel in public_abi3_wheels} == {
        wheel.name: theirs[wheel] for wheel in public_abi3_wheels
    }
    assert sum(map(bool, theirs.values())) >= len(PUBLIC) // 2, "the old floors must find fault"
    assert not any(faults for wheel, faults in theirs.items() if "-cp32-" not in wheel.name)
