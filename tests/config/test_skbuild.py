"""scikit-build-core's settings; its own reader of sources is the oracle."""

import pytest
from scikit_build_core.settings.sources import ConfSource, EnvSource, SourceChain, TOMLSource

from felloe.config.py_api import parse_py_api
from felloe.config.skbuild import SkbuildSettings

TABLE = {"wheel": {"py-api": "cp39", "cmake": True}, "cmake": {"define": {"A": "table"}}}
ROWS = [
    ({}, {}, "cp39"),
    ({"wheel.py-api": "cp310"}, {}, "cp310"),
    ({}, {"SKBUILD_WHEEL_PY_API": "cp311"}, "cp311"),
    ({"wheel.py-api": "cp310"}, {"SKBUILD_WHEEL_PY_API": "cp311"}, "cp311"),
    ({"wheel.py-api": "cp310"}, {"SKBUILD_WHEEL_PY_API": ""}, "cp310"),
]


@pytest.mark.parametrize(("config", "environ", "expected"), ROWS)
def test_precedence_is_the_engines(config, environ, expected):
    settings = SkbuildSettings(TABLE, config, environ)
    assert settings.get_text("wheel", "py-api") == expected
    chain = SourceChain(
        EnvSource("SKBUILD", env={"X": "", **environ}),
        ConfSource(settings=config),
        TOMLSource(settings=TABLE),
    )
    sources = [
        source for source in chain.sources if source.has_item("wheel", "py_api", is_dict=False)
    ]
    names = ("wheel", "py-api") if isinstance(sources[0], TOMLSource) else ("wheel", "py_api")
    assert sources[0].get_item(*names, is_dict=False) == expected


@pytest.mark.parametrize(
    ("config", "environ", "expected"),
    [
        ({}, {}, "table"),
        ({"cmake.define.A": "config"}, {}, "config"),
        ({"skbuild.cmake.define.A": "config"}, {}, "config"),
        ({}, {"SKBUILD_CMAKE_DEFINE": "B=1;A=environ"}, "environ"),
        ({}, {"SKBUILD_CMAKE_DEFINE": "B=1"}, "table"),
    ],
)
def test_defines(config, environ, expected):
    assert SkbuildSettings(TABLE, config, environ).get("cmake", "define", "A") == expected


@pytest.mark.parametrize("text", ["0", "false", "OFF", "no", " False "])
def test_words_for_false(text):
    assert not SkbuildSettings({}, {"wheel.cmake": text}).get_bool("wheel", "cmake", default=True)
    assert SkbuildSettings({}, {}).get_bool("wheel", "cmake", default=True)
    assert SkbuildSettings({}, {"wheel.cmake": "on"}).get_bool("wheel", "cmake", default=False)


def test_overrides_count_as_set():
    table = {"overrides": [{"if": {"env.X": True}, "build-dir": "build"}, "?"]}
    settings = SkbuildSettings(table)
    assert settings.is_set("build-dir")
    assert not settings.is_set("wheel", "cmake")
    assert list(settings.find_overrides("build-dir")) == ["build"]


@pytest.mark.parametrize("table", [None, [], "x", {"wheel": 3}, {"wheel": []}])
def test_a_table_of_another_form_sets_nothing(table):
    assert SkbuildSettings(table).get("wheel", "cmake") is None


@pytest.mark.parametrize(
    ("text", "version", "is_free", "shares"),
    [
        ("", (3, 12), False, False),
        ("cp312", (3, 12), False, True),
        ("cp312", (3, 11), False, False),
        ("cp312", (3, 13), True, False),
        ("cp315t", (3, 15), True, True),
        ("cp315t", (3, 15), False, False),
        ("cp315.cp315t", (3, 15), False, True),
        ("cp315.cp315t", (3, 15), True, True),
        ("py3", (3, 9), True, True),
        ("py2.py3", (3, 9), False, True),
        ("cp3x", (3, 12), False, False),
    ],
)
def test_interpreters_that_share_a_wheel(text, version, is_free, shares):
    assert parse_py_api(text).shares(version, is_free_threaded=is_free) == shares


def test_pypy_shares_no_stable_abi():
    assert not parse_py_api("cp39").shares((3, 11), is_free_threaded=False, is_cpython=False)
    assert parse_py_api("py3").shares((3, 11), is_free_threaded=False, is_cpython=False)
