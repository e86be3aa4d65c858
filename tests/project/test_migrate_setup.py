"""Plan the move of a setup.py project to felloe."""

import pytest

from felloe.project.migrate.migration import plan_migration


def move(pyproject, ci=None, **files):
    texts = {name.replace("_", "."): text for name, text in files.items()}
    return plan_migration({"pyproject.toml": pyproject, **texts}, ci or {})


def moved(pyproject):
    return move(pyproject).files["pyproject.toml"]


# As pybind11's cmake_example has it, in short.
SETUP = """\
import os, sys
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

class CMakeExtension(Extension):
    def __init__(self, name: str, sourcedir: str = "") -> None:
        super().__init__(name, sources=[])

class CMakeBuild(build_ext):
    def build_extension(self, ext):
        cmake_args = [
            f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={1}",
            f"-DPYTHON_EXECUTABLE={sys.executable}",
            f"-DCMAKE_BUILD_TYPE=Release",
            f"-DEXAMPLE_VERSION_INFO={self.distribution.get_version()}",
        ]

setup(
    name="cmake_example",
    version="0.0.1",
    author="A. Thor",
    description='A "test" project',
    long_description="",
    ext_modules=[CMakeExtension("cmake_example")],
    cmdclass={"build_ext": CMakeBuild},
    zip_safe=False,
    extras_require={"test": ["pytest>=6.0"]},
    install_requires=["numpy"],
    python_requires=">=3.9",
)
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.15...4.0)
project(cmake_example)
find_package(pybind11 CONFIG REQUIRED)
pybind11_add_module(cmake_example src/main.cpp)
"""
OLD = """\
[build-system]
requires = [
    "setuptools>=42",
    "wheel",
    "ninja",
    "cmake>=3.12",
    "pybind11",
]
build-backend = "setuptools.build_meta"

[tool.ruff]
line-length = 99 # mine
"""


def test_a_cmake_extension_becomes_tables():
    migration = move(OLD, setup_py=SETUP, CMakeLists_txt=CMAKE, README_md="x")
    assert (
        migration.files["pyproject.toml"]
        == """\
[build-system]
requires = ["felloe", "pybind11"]
build-backend = "felloe"

[tool.ruff]
line-length = 99 # mine

[tool.scikit-build]
wheel.packages = []

[project]
name = "cmake_example"
version = "0.0.1"
description = "A \\"test\\" project"
readme = "README.md"
requires-python = ">=3.9"
authors = [{name = "A. Thor"}]
dependencies = ["numpy"]

[project.optional-dependencies]
test = ["pytest>=6.0"]
"""
    )
    rule = "\ninstall(TARGETS cmake_example LIBRARY DESTINATION .)\n"
    assert migration.files["CMakeLists.txt"] == CMAKE + rule
    told = "\n".join(migration.remains)
    assert "passes EXAMPLE_VERSION_INFO to CMake" in told
    assert "author" not in told
    assert "delete setup.py" in told
    assert "install(TARGETS" not in told


def test_without_a_pyproject_one_is_written():
    migration = move("", setup_py=SETUP, CMakeLists_txt=CMAKE)
    text = migration.files["pyproject.toml"]
    assert text.startswith('[build-system]\nrequires = ["felloe"]\nbuild-backend = "felloe"\n')
    assert 'name = "cmake_example"' in text


def test_what_only_a_run_would_show_is_said_not_guessed():
    script = SETUP.replace('"0.0.1"', "read_version()").replace('["numpy"]', "requirements")
    script = script.replace("zip_safe=False", "packages=find_packages(), url=URL")
    script = script.replace('"cmake_example")]', '"pkg.sub._core", sourcedir="native")]')
    migration = move("", setup_py=script, CMakeLists_txt=CMAKE, setup_cfg="[metadata]\nname=x\n")
    text = migration.files["pyproject.toml"]
    told = "\n".join(migration.remains)
    assert 'name = "x"' in text
    assert "\nversion" not in text
    assert 'cmake.source-dir = "native"' in text
    assert "CMakeLists.txt" not in migration.files
    for words in (
        "version: it is not a plain value: `read_version()`",
        "add install(TARGETS <module> LIBRARY DESTINATION <package>) to CMakeLists.txt",
        "packages: it is not a plain value: `find_packages()`",
        "install_requires: it is not a plain value: `requirements`",
        "url: it is not a plain value: `URL`",
        "build-system.requires lists the binding library",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("line", "is_known"),
    [
        ('__version__ = "0.0.1"', True),
        ('__version__ = read("VERSION")', False),
        ('__version__ = "0.0.1"\nif DEV:\n    __version__ += ".dev"', False),
        ('if DEV:\n    __version__ = "0.0.1"', False),
        ("from example import __version__", False),
    ],
)
def test_a_name_for_a_plain_value_is_one(line, is_known):
    script = SETUP.replace('"0.0.1"', "__version__").replace("class ", f"{line}\n\nclass ", 1)
    text = move("", setup_py=script, CMakeLists_txt=CMAKE).files["pyproject.toml"]
    assert ('\nversion = "0.0.1"\n' in text) is is_known


def test_packages_and_their_places_are_carried_over():
    script = SETUP.replace(
        "zip_safe=False", 'packages=["pkg", "pkg.sub", "other"], package_dir={"": "src"}'
    ).replace('"cmake_example")]', '"pkg._core", ".")]')
    cmake = CMAKE.replace("module(cmake_example", "module(_core")
    migration = move("", setup_py=script, CMakeLists_txt=cmake)
    assert 'wheel.packages = ["src/pkg", "src/other"]' in migration.files["pyproject.toml"]
    rule = "install(TARGETS _core LIBRARY DESTINATION pkg)"
    assert rule in migration.files["CMakeLists.txt"]


def test_an_install_rule_that_is_there_is_kept():
    cmake = CMAKE + "install(TARGETS cmake_example DESTINATION .)\n"
    assert "CMakeLists.txt" not in move("", setup_py=SETUP, CMakeLists_txt=cmake).files
