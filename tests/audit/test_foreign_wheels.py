"""Public wheels for macOS and Windows: their own tags are proved, or a table here says why not.

Downloads about 13 MB through pip, from whatever index pip is set up with. Set WHEEL_CACHE to
a directory to keep them. What the files say is compared with macholib and pefile, what is
missing with delvewheel, what is used of the stable ABI with abi3audit.
"""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.json_schema import validate
from support.listed_wheels import fetch, read_list

from felloe.audit.policy.system import read_windows_system

pytestmark = pytest.mark.network

HASHES = read_list("foreign_wheels.txt")
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "src" / "felloe" / "audit" / "audit.schema.json").read_text(
        encoding="utf-8"
    )
)

FALSE = {
    "cryptography-48.0.1-cp311-abi3-macosx_10_9_universal2.whl": (
        (
            "the tag macosx_10_9_universal2 promises macOS 10.9 on x86_64, macOS 10.13 is needed "
            "by cryptography/hazmat/bindings/_rust.abi3.so"
        ),
        "cp311-abi3-macosx_10_13_universal2",
    ),
}
"""Wheels whose tags promise too much -> what is said of them, the tag that is proved.

felloe is right: the x86_64 image states 10.13 in its load commands.
"""


@pytest.fixture(scope="session")
def wheels(once):
    """Every listed wheel, on disk."""
    return fetch(HASHES, once)


@pytest.fixture(scope="session")
def documents(wheels):
    """File name -> what felloe says of it."""
    command = [sys.executable, "-m", "felloe", "audit", "--json", *wheels]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {document["wheel"]: document for document in found}


def test_the_tags_are_proved_but_for_the_listed_wheels(documents):
    said = {
        wheel: [problem["message"] for problem in document["problems"]]
        for wheel, document in documents.items()
    }
    assert said == {wheel: [FALSE[wheel][0]] if wheel in FALSE else [] for wheel in HASHES}
    for wheel, document in documents.items():
        validate(document, SCHEMA)
        proved = "-".join(".".join(document["proved"][x]) for x in ("python", "abi", "platform"))
        claimed = wheel.split("-", 2)[2][: -len(".whl")]
        assert proved == FALSE.get(wheel, ("", claimed))[1]
        assert all(item["format"] in ("Mach-O", "PE") for item in document["objects"])


@pytest.mark.parametrize("wheel", HASHES)
def test_others_read_the_same_in_the_files(wheel, wheels, documents, tmp_path):
    (path,) = (path for path in wheels if path.name == wheel)
    found = documents[wheel]["objects"]
    assert found
    with zipfile.ZipFile(path) as archive:
        for item in found:
            file = archive.extract(item["path"], tmp_path)
            if item["format"] == "PE":
                assert {*item["needed"], *item["needed_late"]} == read_pe(file)
            else:
                read = [(x["needed"], x["install_name"], x["rpath"]) for x in item["images"]]
                assert read == list(read_macho(file))


def read_pe(file):
    import pefile

    image = pefile.PE(file)
    entries = getattr(image, "DIRECTORY_ENTRY_IMPORT", [])
    entries = [*entries, *getattr(image, "DIRECTORY_ENTRY_DELAY_IMPORT", [])]
    return {entry.dll.decode() for entry in entries}


def read_macho(file):
    from macholib.mach_o import LC_ID_DYLIB, LC_RPATH
    from macholib.MachO import MachO

    for header in MachO(file).headers:
        texts = [
            (command.cmd, bytes(text).partition(b"\0")[0].decode())
            for command, _, text in header.commands
            if isinstance(text, bytes)
        ]
        names = [text for number, text in texts if number == LC_ID_DYLIB]
        yield (
            [name for _, _, name in header.walkRelocatables()],
            names[0] if names else None,
            [text for number, text in texts if number == LC_RPATH],
        )


def test_delvewheel_misses_the_same(wheels, documents):
    """It names what it would copy: Microsoft's C++ runtime, a note here, as well."""
    system = read_windows_system("win_amd64")
    for path in wheels:
        if "-win" in path.name:
            command = [sys.executable, "-m", "delvewheel", "show", path]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            theirs = set(re.findall(r"^ +(\S+) \(Error: Not Found\)", done.stdout, re.MULTILINE))
            ours = {item["library"].lower() for item in documents[path.name]["missing"]}
            assert ours == {x for x in theirs if not system.is_redistributable(x)}, path.name


def test_abi3audit_finds_the_same(wheels, documents):
    paths = [path for path in wheels if "-abi3-" in path.name]
    command = [sys.executable, "-m", "abi3audit", "--report", *paths]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    specs = json.loads(done.stdout)["specs"]
    assert len(specs) == len(paths) >= 5
    for spec, answer in specs.items():
        results = [item["result"] for item in answer["wheel"]]
        theirs = all(x["is_abi3"] and x["is_abi3_baseline_compatible"] for x in results)
        problems = documents[Path(spec).name]["problems"]
        assert theirs is not any("stable ABI" in problem["message"] for problem in problems)


def test_the_wheels_are_of_every_kind():
    text = "\n".join(HASHES)
    for kind in ("universal2", "macosx_11_0_arm64", "x86_64", "win_amd64", "win_arm64", "win32"):
        assert kind in text
    assert {"-abi3-win", "-abi3-macosx", "-none-win", "-none-macosx"} <= set(
        re.findall(r"-(?:abi3|none)-(?:win|macosx)", text)
    )
