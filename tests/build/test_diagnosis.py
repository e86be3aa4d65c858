"""What a failed build lacks: one sentence with the package of this system."""

import os
from pathlib import Path

import pytest

from felloe.build.diagnosis import explain_compiler, explain_headers

INCLUDE = Path("/usr/include/python3.12")


@pytest.mark.parametrize(
    ("platform", "release", "compiler", "headers"),
    [
        ("linux", {"ID": "debian"}, "apt-get install g++", "apt-get install python3.12-dev"),
        (
            "linux",
            {"ID": "linuxmint", "ID_LIKE": "ubuntu debian"},
            "apt-get install g++",
            "apt-get install python3.12-dev",
        ),
        ("linux", {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf install gcc-c++", "dnf"),
        ("linux", {"ID": "alpine"}, "apk add g++", "apk add python3-dev"),
        ("linux", {"ID": "arch"}, "pacman -S gcc", "pacman -S python"),
        ("linux", {"ID": "opensuse-leap", "ID_LIKE": "suse"}, "zypper install gcc-c++", "zypper"),
        ("linux", {}, "install gcc or clang", "development files"),
        ("darwin", {}, "xcode-select --install", "development files"),
        ("win32", {}, "Visual Studio Build Tools", "development files"),
    ],
)
def test_hints_name_the_package(platform, release, compiler, headers):
    assert compiler in explain_compiler(platform, release).hint
    assert headers in explain_headers(platform, release, INCLUDE, "3.12").hint


def test_a_build_without_a_compiler_says_so(hook, copy_project, tmp_path):
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("cmake", "ninja"):
        real = next(
            Path(place, name)
            for place in os.environ["PATH"].split(os.pathsep)
            if Path(place, name).exists()
        )
        (bin_ / name).symlink_to(real)
    (tmp_path / "out").mkdir()
    made = hook(
        copy_project("frontend_tiny"),
        "build_wheel",
        tmp_path / "out",
        {"cmake.args": "-GNinja"},
        env={"PATH": str(bin_), "CC": "", "CXX": ""},
        check=False,
    )
    assert made.exit_code
    assert "no C or C++ compiler was found on PATH" in made.output


def test_a_module_that_is_not_required_is_named(hook, copy_project, tmp_path):
    lines = "cmake_minimum_required(VERSION 3.15...4.0)\nproject(x C)\n"
    files = {"CMakeLists.txt": f"{lines}find_package(nanobind CONFIG REQUIRED)\n"}
    (tmp_path / "out").mkdir()
    made = hook(copy_project("frontend_tiny", files), "build_wheel", tmp_path / "out", check=False)
    assert made.exit_code
    assert 'add "nanobind" to [build-system] requires' in made.output


def test_a_source_directory_outside_is_a_warning_in_the_sdist(hook, copy_project, tmp_path):
    project = copy_project("frontend_tiny")
    file = project / "pyproject.toml"
    table = "[tool.scikit-build]"
    file.write_text(file.read_text().replace(table, f'{table}\ncmake.source-dir = ".."'))
    (tmp_path / "out").mkdir()
    made = hook(project, "build_sdist", tmp_path / "out", check=False)
    assert "cmake.source-dir is '..', which is outside" in made.output
