"""File names and platform tags against what PyPI takes."""

import pytest

from felloe.check.name_rules import check_sdist_identity, check_tag_order, check_wheel_identity
from felloe.check.platform_rules import check_platforms
from felloe.check.rule import Rule
from felloe.wheel.tags import parse_wheel_name


def titles(rulings):
    return [ruling.rule.title for ruling in rulings]


@pytest.mark.parametrize(
    ("distribution", "version", "project", "stated", "expected"),
    [
        ("demo", "1.0", "demo", "1.0", []),
        ("my_demo", "1.0", "My.Demo", "1.0", []),
        ("my_demo", "1.0", "my-_.demo", "1.0", []),
        ("demo", "1.0", "demo", "1.0.0", []),  # equal by PEP 440
        ("demo", "1.0rc1", "demo", "1.0-RC.1", []),
        ("demo", "1.0", None, None, []),
        ("demo", "1.0", "demo", "no version", []),  # METADATA's own fault
        ("my.demo", "1.0", "my.demo", "1.0", ["file-name"]),
        ("My_demo", "1.0", None, None, ["file-name"]),
        ("other", "1.0", "demo", "1.0", ["file-name"]),
        ("demo", "1.0", "demo", "1.1", ["file-name"]),
        ("demo", "one", "demo", "1.0", ["file-name"]),
        ("demo", "1.0+cpu", "demo", "1.0+cpu", ["local-version"]),
        ("demo", "1.0", "demo", "1.0+cpu", ["file-name", "local-version"]),
        ("Demo", "2", "demo", "1", ["file-name", "file-name"]),
    ],
)
def test_wheel_identity(distribution, version, project, stated, expected):
    name = parse_wheel_name(f"{distribution}-{version}-py3-none-any.whl")
    assert titles(check_wheel_identity(name, project, stated)) == expected


@pytest.mark.parametrize(
    ("filename", "project", "version", "expected"),
    [
        ("my_demo-1.0.tar.gz", "My.Demo", "1.0", []),
        ("demo-1.0rc1.tar.gz", "demo", "1.0-RC.1", []),
        ("demo-1.0.tar.gz", None, None, []),
        ("demo-1.0.0.tar.gz", "demo", "1.0", ["file-name"]),
        ("my-demo-1.0.tar.gz", "my-demo", "1.0", ["file-name"]),
        ("my-demo-1.0.tar.gz", None, None, ["file-name"]),
        ("demo.tar.gz", "demo", "bad version", ["file-name"]),
        ("demo-1.0+cpu.tar.gz", "demo", "1.0+cpu", ["local-version"]),
    ],
)
def test_sdist_identity(filename, project, version, expected):
    assert titles(check_sdist_identity(filename, project, version)) == expected


@pytest.mark.parametrize(
    ("tag", "notes"),
    [
        ("py2.py3-none-any", 0),
        ("cp315-abi3.abi3t-win_amd64", 0),
        ("cp315-abi3t.abi3-win_amd64", 1),
        ("py3.py3-none-any", 1),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", 1),
        ("cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64", 0),
    ],
)
def test_tag_order_is_as_packaging_has_it(tag, notes):
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    filename = f"demo-1.0-{tag}.whl"
    rulings = list(check_tag_order(filename, parse_wheel_name(filename)))
    assert [ruling.is_note for ruling in rulings] == [True] * notes
    try:
        parse_wheel_filename(filename, validate_order=True)
    except InvalidWheelFilename:
        assert notes
    else:
        assert not notes or tag.startswith("py3.py3")


@pytest.mark.parametrize(
    "platform",
    [
        *("any", "win32", "win_amd64", "linux_armv7l", "manylinux1_i686", "manylinux2014_ppc64"),
        *("manylinux_2_99_x86_64", "musllinux_1_2_riscv64", "macosx_10_13_universal2"),
        *("macosx_15_0_arm64", "macosx_26_0_arm64", "ios_13_0_arm64_iphoneos"),
        *("android_24_arm64_v8a", "pyemscripten_2026_0_wasm32"),
    ],
)
def test_accepted_platforms(platform):
    assert not list(check_platforms([platform], []))


@pytest.mark.parametrize(
    ("platform", "reason", "way_out"),
    [
        ("linux_x86_64", "no more than the machine it was built on", "an image of manylinux"),
        ("linux_loongarch64", "no more than the machine", "loongarch64"),
        ("manylinux_2_36_loongarch64", "no manylinux wheels for loongarch64", "of your own"),
        ("manylinux_2_17_x86_64_v3", "no manylinux wheels for x86_64_v3", "of your own"),
        ("musllinux_1_2_ppc64", "no musllinux wheels for ppc64", "of your own"),
        ("macosx_12_3_arm64", "the minor version must be 0", "DEPLOYMENT_TARGET=12.0"),
        ("macosx_27_0_arm64", "it knows no macOS 27.0", "26.0"),
        ("macosx_27_1_arm64", "it knows no macOS 27.1", "26.0"),
        ("macosx_11_0_sparc", "no machine sparc of macOS", "of your own"),
        ("emscripten_3_1_58_wasm32", "pyemscripten_{year}", "PYEMSCRIPTEN"),
        ("wasi_0_0_0_wasm32", "no such platform", "of your own"),
    ],
)
def test_refused_platforms(platform, reason, way_out):
    (ruling,) = check_platforms([platform], [])
    assert ruling.rule is Rule.PLATFORM_TAG
    assert ruling.message.startswith(f"PyPI refuses the platform tag {platform}: ")
    assert reason in ruling.message
    assert way_out in ruling.hint


def test_the_way_out_of_linux_is_what_is_proved():
    (ruling,) = check_platforms(["linux_x86_64"], ["manylinux_2_28_x86_64"])
    assert "manylinux_2_28_x86_64" in ruling.hint
    (ruling,) = check_platforms(["linux_x86_64"], ["linux_x86_64"])
    assert "image" in ruling.hint
