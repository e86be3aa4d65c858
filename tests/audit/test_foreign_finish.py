"""Wheels for macOS and Windows on the finishing path: repaired, checked, built under a claim."""

import json
import zipfile

import pytest
from support import mach_samples as mac
from support import pe_samples as win
from support.truth_wheel import POLICIES, make_wheel, verdict_of

from felloe.cli.main import main
from felloe.config.settings import read_settings
from felloe.errors import FelloeError
from felloe.repair.context import RepairContext
from felloe.repair.finish import complete
from felloe.wheel.reader import open_wheel
from felloe.wheel.tags import parse_wheel_name

ARM = "cp313-cp313-macosx_11_0_arm64"
WIN = "cp313-cp313-win_amd64"
M = "m.cpython-313-darwin.so"
P = "m.cp313-win_amd64.pyd"
PNG = "/opt/homebrew/lib/libpng16.dylib"


@pytest.fixture
def repair(tmp_path, workshop, capsys, monkeypatch):
    """``repair(tag, files, *options)`` -> exit code, tags written, document, what was said."""
    monkeypatch.chdir(tmp_path)

    def run(tag, files, *options):
        wheel = make_wheel(tmp_path, tag, files, workshop)
        code = main(["repair", "--json", *options, str(wheel)])
        out, err = capsys.readouterr()
        written = [parse_wheel_name(path.name).tag for path in tmp_path.glob("wheelhouse/*")]
        return code, written, json.loads(out.splitlines()[-1]), err

    return run


TRUE = {
    "macos": (ARM, {M: mac.module("m")}),
    "both": ("cp313-cp313-macosx_10_13_universal2", {M: mac.universal("m")}),
    "promising less": ("cp313-cp313-macosx_12_0_arm64", {M: mac.module("m")}),
    "windows": (WIN, {P: win.module("m")}),
    "abi3": (
        "cp39-abi3-win_arm64",
        {"m.pyd": win.module("m", python="python3.dll", platform="win_arm64")},
    ),
}


@pytest.mark.parametrize(("tag", "files"), TRUE.values(), ids=TRUE)
def test_a_true_wheel_is_written_under_its_tag(repair, tag, files, tmp_path):
    code, written, document, _ = repair(tag, files)
    assert (code, written, document["missing"]) == (0, [tag], [])
    (path,) = tmp_path.glob("wheelhouse/*")
    with zipfile.ZipFile(path) as archive:
        text = archive.read("truth-1.0.dist-info/WHEEL").decode()
    assert "Root-Is-Purelib: false" in text
    assert not verdict_of(path).faults


def test_a_library_of_one_python_gets_the_tag_of_all(repair):
    assert repair(ARM, {"a.dylib": mac.dylib("a")})[:2] == (0, ["py3-none-macosx_11_0_arm64"])


TOO_NEW = {M: mac.module("m", minos="15.0")}
SAYS = f"the tag macosx_11_0_arm64 promises macOS 11.0 on arm64, macOS 15.0 is needed by {M}"


def test_a_macos_tag_that_promises_too_much_is_refused(repair):
    code, written, document, err = repair(ARM, TOO_NEW)
    assert (code, written) == (1, [])
    assert SAYS in document["violation"]["message"]
    assert "MACOSX_DEPLOYMENT_TARGET=11.0" in document["violation"]["hint"]
    assert err.count("felloe: error: ") == 1


def test_or_raised_to_what_is_proved(repair, monkeypatch):
    monkeypatch.setenv("FELLOE_ON_VIOLATION", "degrade")
    code, written, document, err = repair(ARM, TOO_NEW)
    assert (code, written) == (0, ["cp313-cp313-macosx_15_0_arm64"])
    assert SAYS in document["violation"]["message"]
    assert "felloe: warning: " in err


MISSING = {
    "macos": (
        ARM,
        {M: mac.module("m", dylibs=[PNG])},
        f"{PNG} is neither in the wheel nor a part of macOS: needed by {M}",
        PNG,
    ),
    "windows": (
        WIN,
        {P: win.module("m", needs=("PNG16.dll",))},
        f"PNG16.dll is neither in the wheel nor a part of Windows: needed by {P}",
        "PNG16.dll",
    ),
}


@pytest.mark.parametrize(("tag", "files", "says", "library"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_said(repair, tag, files, says, library):
    code, written, document, _ = repair(tag, files)
    assert (code, written) == (1, [])
    assert says in document["violation"]["message"]
    assert "name its directory in `libraries.search`" in document["violation"]["hint"]
    (missing,) = document["missing"]
    assert missing["soname"].lower() == library.lower()
    assert missing["requester"] == next(iter(files))
    code, written, document, _ = repair(tag, files, "--exclude", library.rpartition("/")[2])
    assert (code, written, document["missing"]) == (0, [tag], [])


FALSE = {
    "machine": (ARM, {M: mac.module("m", cpu="x86_64")}, "promises arm64"),
    "half": ("cp313-cp313-macosx_11_0_universal2", {M: mac.module("m")}, "arm64 and x86_64"),
    "python": (WIN, {"m.pyd": win.module("m", python="python312.dll")}, "library of cp312"),
    "system": (WIN, {M: mac.module("m")}, "is built for macOS on arm64"),
    "two systems": (f"{ARM}.win_amd64", {M: mac.module("m")}, "a wheel is for one system"),
}


@pytest.mark.parametrize(("tag", "files", "says"), FALSE.values(), ids=FALSE)
def test_a_lie_is_never_written(repair, tag, files, says, monkeypatch):
    monkeypatch.setenv("FELLOE_ON_VIOLATION", "degrade")
    code, written, document, _ = repair(tag, files)
    assert (code, written) == (1, [])
    assert says in document["error"]


CLAIMS = {
    "macos": ("macosx_11_0_arm64", {M: mac.module("m")}),
    "windows": ("win_amd64", {P: win.module("m")}),
}


@pytest.mark.parametrize(("platform", "files"), CLAIMS.values(), ids=CLAIMS)
def test_what_an_engine_tagged_for_the_host_is_proved_under_the_claim(
    platform, files, tmp_path, workshop
):
    """A cross build: engines name the machine they run on, the target is another."""
    wheel = make_wheel(tmp_path, "cp313-cp313-linux_x86_64", files, workshop)
    shop = RepairContext(read_settings({}, None, {}), POLICIES, {}, tmp_path)
    with open_wheel(wheel) as staged:
        claim = staged.name.with_tags(["cp313"], ["cp313"], [platform])
        finished = complete(staged, claim, "glibc", shop)
        assert finished.violation is None
        assert finished.staged.name.tag == f"cp313-cp313-{platform}"
        assert "as its files prove" in finished.summary
        other = staged.name.with_tags(["cp313"], ["cp313"], ["win_arm64"])
        with pytest.raises(FelloeError, match="win_arm64"):
            complete(staged, other, "glibc", shop)


CHECKED = {
    "true": (*TRUE["both"], True, ""),
    "true on windows": (*TRUE["abi3"], True, ""),
    "too new": (ARM, TOO_NEW, False, SAYS),
    "missing": (*MISSING["windows"][:2], False, MISSING["windows"][2]),
    "no such tag": (
        "cp313-cp313-macosx_12_3_arm64",
        {M: mac.module("m", minos="12.3")},
        False,
        "from macOS 11 on the minor version must be 0",
    ),
}


@pytest.mark.parametrize("name", CHECKED)
def test_check(name, tmp_path, workshop, capsys):
    tag, files, accepted, says = CHECKED[name]
    wheel = make_wheel(tmp_path, tag, files, workshop)
    main(["check", "--json", str(wheel)])
    document = json.loads(capsys.readouterr().out)
    proof = [x["message"] for x in document["problems"] if x["rule"] in ("proof", "platform-tag")]
    assert bool(proof) is not accepted
    assert any(says in message for message in proof) or accepted
