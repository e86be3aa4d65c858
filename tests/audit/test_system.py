"""What macOS and Windows have: the data beside the reader, held against those who list it too."""

from fnmatch import fnmatchcase

import pytest
from delvewheel import _dll_list as delvewheel
from packaging.tags import mac_platforms

from felloe.audit.policy.system import read_macos_system, read_windows_system

WINDOWS = read_windows_system()
MACOS = read_macos_system()
LISTS = (delvewheel.ignore_names_x86, delvewheel.ignore_names_x64, delvewheel.ignore_names_arm64)


def test_what_every_windows_has_is_delvewheels():
    everywhere = LISTS[0] & LISTS[1] & LISTS[2]
    assert len(everywhere) > 1000
    assert {name for name in everywhere if not WINDOWS.has(name)} == set()


def test_what_else_is_expected_is_on_some_list_of_delvewheels_or_no_part_of_windows():
    patterns = delvewheel.ignore_regexes
    known = LISTS[0] | LISTS[1] | LISTS[2]
    more = {name for name in WINDOWS.names - known if not any(x.match(name) for x in patterns)}
    assert more == {"nvcuda.dll", "nvml.dll", "nvcuvid.dll"}  # of graphics cards' drivers


def test_the_compilers_runtime_is_pythons():
    """delvewheel leaves the same out, for CPython 3.9 and later on 64 bits."""
    for names in delvewheel.ignore_abi3.values():
        if "vcruntime140_1.dll" in names:
            assert names == WINDOWS.beside_python
    for name in WINDOWS.beside_python:
        assert WINDOWS.has(name.upper())
        assert not WINDOWS.has(name, is_program=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("KERNEL32.dll", True),
        ("api-ms-win-crt-heap-l1-1-0.dll", True),
        ("API-MS-Win-core-synch-l1-2-0.dll", True),
        ("ext-ms-win-ntuser-window-l1-1-0.dll", True),
        ("ucrtbase.dll", True),
        ("msvcrt.dll", True),
        ("nvEncodeAPI64.dll", True),
        ("msvcp140.dll", False),
        ("vcomp140.dll", False),
        ("concrt140.dll", False),
        ("mfc140u.dll", False),
        ("ucrtbased.dll", False),
        ("vcruntime140d.dll", False),
        ("libstdc++-6.dll", False),
        ("libgcc_s_seh-1.dll", False),
        ("api-ms-win-crt", False),
        ("", False),
    ],
)
def test_dlls_by_name(name, expected):
    assert WINDOWS.has(name) is expected


def test_the_redistributables_are_not_expected():
    """What delvewheel knows as the compiler's, Windows has not, but for what Python brings."""
    names = ("msvcp140", "msvcp140_1", "concrt140", "vcamp140", "vccorlib140", "mfc140")
    for name in names:
        assert delvewheel.vc_redist.fullmatch(f"{name}.dll")
        assert not WINDOWS.has(f"{name}.dll")


def test_macos_libraries_are_known_by_their_place():
    for path in ("/usr/lib/libSystem.B.dylib", "/System/Library/Frameworks/A.framework/A"):
        assert MACOS.has(path)
    for path in ("/usr/local/lib/a.dylib", "/opt/homebrew/lib/a.dylib", "@rpath/a", "/usr/libx/a"):
        assert not MACOS.has(path)


@pytest.mark.parametrize(
    ("version", "cpu"),
    [
        *(((10, minor), cpu) for minor in (4, 5, 9) for cpu in ("x86_64", "i386", "ppc", "ppc64")),
        *(((major, 0), cpu) for major in (11, 26) for cpu in ("x86_64", "arm64")),
    ],
)
def test_the_machines_of_a_tag_are_packagings(version, cpu):
    """An installer takes a tag of several machines only where this data says its own is in it."""
    for tag in mac_platforms(version, cpu):
        architecture = tag.split("_", 3)[3]
        assert cpu in MACOS.expand(architecture), tag


def test_the_patterns_are_in_lower_case():
    assert not any(glob != glob.lower() for glob in (*WINDOWS.patterns, *WINDOWS.names))
    assert all(fnmatchcase(glob, glob) for glob in WINDOWS.patterns)
