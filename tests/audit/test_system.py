"""What macOS and Windows have: the data beside the reader, held against those who list it too."""

from fnmatch import fnmatchcase

import pytest
from packaging.tags import mac_platforms

from felloe.audit.policy.system import read_macos_system, read_windows_system

MACOS = read_macos_system()
PLATFORMS = ("win32", "win_amd64", "win_arm64")
SYSTEMS = {platform: read_windows_system(platform) for platform in PLATFORMS}
WINDOWS = SYSTEMS["win_amd64"]


@pytest.fixture
def delvewheel():
    """Module of delvewheel that holds its lists."""
    from delvewheel import _dll_list

    return _dll_list


@pytest.fixture
def lists(delvewheel):
    """Names that delvewheel leaves out, by platform."""
    names = (delvewheel.ignore_names_x86, delvewheel.ignore_names_x64)
    return dict(zip(PLATFORMS, (*names, delvewheel.ignore_names_arm64)))


@pytest.mark.tools("delvewheel")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_machine_has_the_dlls_of_its_own_list(platform, lists):
    names, system = lists[platform], SYSTEMS[platform]
    assert len(names) > 1200
    assert {name for name in names if not system.has(name)} == set()


@pytest.mark.tools("delvewheel")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_other_dlls_are_on_a_list_of_delvewheel_or_no_part_of_windows(platform, delvewheel, lists):
    patterns = delvewheel.ignore_regexes
    known = frozenset().union(*lists.values())
    names = SYSTEMS[platform].names - known
    more = {name for name in names if not any(x.match(name) for x in patterns)}
    assert more == {"nvcuda.dll", "nvml.dll", "nvcuvid.dll"}  # of graphics cards' drivers


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("msvcp140.dll", True),
        ("MSVCP140_ATOMIC_WAIT.dll", True),
        ("concrt140.dll", True),
        ("msvcp140d.dll", False),
        ("msvcp120.dll", False),
        ("libstdc++-6.dll", False),
        ("kernel32.dll", False),
    ],
)
def test_redistributable_dlls_by_name(name, expected):
    assert WINDOWS.is_redistributable(name) is expected
    assert not (expected and WINDOWS.has(name))


@pytest.mark.tools("delvewheel")
def test_the_compilers_runtime_is_pythons(delvewheel):
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


@pytest.mark.tools("delvewheel")
def test_the_redistributables_are_not_expected(delvewheel):
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
