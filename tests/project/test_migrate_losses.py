"""``felloe migrate`` of setup.py and setup.cfg: everything is carried over or listed."""

import sys

import pytest

from felloe.cli.main import main
from felloe.project.migrate.migration import plan_migration

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEAD = """\
from setuptools import setup, Extension, find_packages
from setuptools.command.build_ext import build_ext
class CMakeExtension(Extension):
    def __init__(self, name, target="x", sourcedir=""): super().__init__(name, sources=[])
class CMakeBuild(build_ext): pass
"""
CMAKE = "python_add_library(_core MODULE WITH_SOABI m.c)\n"


def migrate(arguments, head=HEAD, **files):
    """Returns (pyproject.toml as a table, what is listed)."""
    texts = {name.replace("_", "."): text for name, text in files.items()}
    setup = {"setup.py": f"{head}setup({arguments})\n", "CMakeLists.txt": CMAKE}
    migration = plan_migration({**setup, **texts}, {})
    assert migration.is_possible
    return tomllib.loads(migration.files["pyproject.toml"]), "\n".join(migration.remains)


MODULE = 'ext_modules=[CMakeExtension("one._core")], cmdclass={"build_ext": CMakeBuild}'


def test_a_computed_version_loses_nothing_else():
    table, listed = migrate(
        f'name="one", version=version(), description="what it is", packages=["one"], {MODULE}, '
        'python_requires=">=3.9", install_requires=["numpy>=1.20"], '
        'extras_require={"test": ["pytest"]}'
    )
    assert table["project"] == {
        "name": "one",
        "description": "what it is",
        "requires-python": ">=3.9",
        "dependencies": ["numpy>=1.20"],
        "optional-dependencies": {"test": ["pytest"]},
    }
    assert "version: it is not a plain value: `version()`" in listed
    assert "cmdclass" not in listed


def test_an_argument_of_the_extension_is_no_directory_by_its_place():
    table, listed = migrate(
        'name="two", version="1", packages=["two"], '
        'ext_modules=[CMakeExtension("two._core", target="_core")]'
    )
    assert "cmake" not in table["tool"]["scikit-build"]
    assert 'CMakeExtension(target="_core")' in listed


@pytest.mark.parametrize(
    ("call", "source_dir", "lost"),
    [
        ('CMakeExtension("a._core")', None, ""),
        ('CMakeExtension("a._core", "x", "native")', "native", 'target="x"'),
        ('CMakeExtension("a._core", sourcedir="native")', "native", ""),
        ('CMakeExtension(name="a._core", sourcedir=where())', None, "sourcedir=where()"),
        ("CMakeExtension(NAME)", None, "name=NAME"),
        (
            'cmake_build_extension.CMakeExtension(name="a", install_prefix="a")',
            None,
            "install_prefix",
        ),
        ('CMakeExtension("a"), Extension("b", ["b.c"])', None, 'Extension("b", ["b.c"])'),
    ],
)
def test_what_an_extension_says(call, source_dir, lost):
    table, listed = migrate(f'name="a", version="1", ext_modules=[{call}]')
    cmake = table["tool"]["scikit-build"].get("cmake", {})
    assert cmake.get("source-dir") == source_dir
    assert lost in listed
    assert bool(lost) is ("extension has an argument that is not converted" in listed)


def test_extras_with_markers_become_markers():
    table, _ = migrate(
        'name="three", version="1", install_requires=["a"], extras_require={'
        '"test": ["pytest"], ":python_version<\\"3.9\\"": ["dataclasses"], "docs.all": "sphinx", '
        '"test:os_name == \\"nt\\"": ["wmi; python_version < \\"3.12\\""]}, ' + MODULE
    )
    project = table["project"]
    assert project["dependencies"] == ["a", 'dataclasses; python_version < "3.9"']
    assert project["optional-dependencies"] == {
        "test": ["pytest", 'wmi; python_version < "3.12" and os_name == "nt"'],
        "docs.all": ["sphinx"],
    }


KEYWORDS = {
    "author": "A. Thor",
    "author_email": "a@example.org",
    "maintainer": "M. Tain",
    "license": "MIT",
    "url": "https://example.org/home",
    "project_urls": {"Bugs": "https://example.org/bugs"},
    "keywords": "one, two words",
    "classifiers": ["Programming Language :: C++"],
    "entry_points": {"console_scripts": ["run = one:main"], "one.plugins": ["x = one.x"]},
}


def test_metadata_is_carried_over():
    given = ", ".join(f"{key}={value!r}" for key, value in KEYWORDS.items())
    table, listed = migrate(f'name="one", version="1", {given}, {MODULE}', README_rst="x")
    assert table["project"] == {
        "name": "one",
        "version": "1",
        "readme": "README.rst",
        "license": "MIT",
        "authors": [{"name": "A. Thor", "email": "a@example.org"}],
        "maintainers": [{"name": "M. Tain"}],
        "keywords": ["one", "two words"],
        "classifiers": ["Programming Language :: C++"],
        "scripts": {"run": "one:main"},
        "urls": {
            "Homepage": "https://example.org/home",
            "Bugs": "https://example.org/bugs",
        },
        "entry-points": {"one.plugins": {"x": "one.x"}},
    }
    assert not any(key in listed for key in KEYWORDS)


@pytest.mark.parametrize(
    "argument",
    [
        "license='BSD'",
        "author='A, B'",
        "package_data={'one': ['x.dat']}",
        "install_requires=open('requirements.txt').read().split()",
        "install_requires=['not a requirement!']",
        "packages=find_packages()",
        "long_description=read('README')",
        "scripts=['bin/run']",
        "long_description='a long text'",
        "packages=find_packages('tools'), package_dir={'': 'tools'}",
        "cmdclass={'build_ext': CMakeBuild, 'test': Test}",
        "entry_points={'console_scripts': ['no sign']}",
        "options={'bdist_wheel': {'universal': True}}",
        "**common",
        "version=1.5",
    ],
)
def test_what_is_not_carried_over_is_listed_with_its_value(argument):
    _, listed = migrate(f'name="one", ext_modules=[CMakeExtension("one._core")], {argument}')
    key, _, value = argument.partition("=")
    assert f"{key[:2] if value == '' else key}: " in listed
    for text in (value or key[2:]).split(", package_dir="):
        assert text in listed.replace('"', "'")


CONFIG = """\
[metadata]
name = four
version = attr: four.__version__
author = A. Thor
license_files = LICENSE

[options]
python_requires = >=3.9
install_requires =
    numpy>=1.20
    tomli; python_version<"3.11"
packages = find:

[options.extras_require]
Test = pytest; os_name=="posix"

[options.package_data]
four = *.dat
"""


def test_several_people_in_one_string_are_listed_with_their_addresses():
    people = "author='A, B', author_email='a@x.org, b@x.org'"
    _, listed = migrate(f'name="one", version="1", {people}, {MODULE}')
    assert "'A, B'" in listed
    assert "'a@x.org, b@x.org'" in listed


def test_packages_of_a_setuptools_table_are_listed():
    before = '[project]\nname = "x"\nversion = "2"\n[tool.setuptools]\npackages = ["x"]\n'
    table, listed = migrate(MODULE, pyproject_toml=before)
    assert "packages" not in table["tool"].get("scikit-build", {}).get("wheel", {})
    assert "[tool.setuptools] is not read any more" in listed


def test_a_script_that_runs_cmake_itself_is_told_so():
    script = (
        "import subprocess\ncheck_call(['cmake', '.'])\nsetup(ext_modules=[Extension('x', [])])"
    )
    migration = plan_migration({"setup.py": script}, {})
    assert not migration.is_possible
    assert "setup.py runs CMake" in migration.remains[0]


def test_setup_cfg_is_carried_over():
    table, listed = migrate(f'description="d", {MODULE}', setup_cfg=CONFIG)
    assert table["project"] == {
        "name": "four",
        "description": "d",
        "requires-python": ">=3.9",
        "authors": [{"name": "A. Thor"}],
        "dependencies": ["numpy>=1.20", 'tomli; python_version<"3.11"'],
        "optional-dependencies": {"Test": ['pytest; os_name=="posix"']},
    }
    for text in ("attr: four.__version__", "find:", "four = *.dat", "license_files"):
        assert text in listed


def test_a_project_table_gets_the_keys_that_it_lacks():
    before = '[project]\nname = "x" # mine\nversion = "2"\ndynamic = ["dependencies", "scripts"]\n'
    table, _ = migrate(
        f'name="y", version="1", install_requires=["numpy"], {MODULE}', pyproject_toml=before
    )
    assert table["project"] == {
        "name": "x",
        "version": "2",
        "dynamic": ["scripts"],
        "dependencies": ["numpy"],
    }


def test_uv_looks_at_the_sources(tmp_path, capsys):
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["scikit-build-core"]\n'
        'build-backend = "scikit_build_core.build"\n'
    )
    for name in ("native/core/a.cpp", "docs/a.md", ".venv/include/b.h"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    assert main(["migrate", str(tmp_path)]) == 0
    assert "cache-keys" not in capsys.readouterr().out
    (tmp_path / "uv.lock").touch()
    assert main(["migrate", str(tmp_path), "--apply"]) == 0
    table = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    keys = [key["file"] for key in table["tool"]["uv"]["cache-keys"]]
    assert keys[:2] == ["pyproject.toml", "CMakeLists.txt"]
    assert [key.partition("/")[0] for key in keys[2:]] == ["native"]
    assert main(["migrate", str(tmp_path)]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_without_the_extra_the_command_names_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "scikit_build_core.build"\n'
    )
    monkeypatch.setitem(sys.modules, "tomlkit", None)
    assert main(["migrate", str(tmp_path)]) == 2
    assert "pip install felloe[cli]" in capsys.readouterr().err
