"""felloe's settings: sources, forms, precedence, everything that is refused."""

import re

import pytest

from felloe.config.settings import DEFAULT_EPOCH, read_settings, split_config
from felloe.config.tool_table import OPTIONS
from felloe.errors import FelloeError

IMAGE = "AUDITWHEEL_PLAT"
EPOCH = "SOURCE_DATE_EPOCH"


def read(table=None, config=None, **environ):
    return read_settings({} if table is None else table, config, environ)


def refusal(*arguments, **environ):
    with pytest.raises(FelloeError) as refused:
        read(*arguments, **environ)
    listed = ", ".join(option.key for option in OPTIONS)
    assert refused.value.hint == f"felloe's keys are {listed}"
    return refused.value.message


@pytest.mark.parametrize("text", ["torch", "torch=", "=libtorch*", "torch=libtorch*;numpy"])
def test_a_distribution_provides_something(text):
    message = refusal(None, {"felloe.libraries.provided-by": text})
    assert message.startswith("-C felloe.libraries.provided-by: takes NAME=GLOB,GLOB;NAME=GLOB")


def test_defaults():
    settings = read()
    assert (settings.platform, settings.platform_origin) == ("auto", "the default")
    assert (settings.on_violation, settings.epoch) == ("degrade", DEFAULT_EPOCH)
    assert read(None, {}) == read({}, None) == settings


@pytest.mark.parametrize("value", ["linux", ["linux"]], ids=["str", "list"])
@pytest.mark.parametrize(
    ("source", "origin"),
    [
        (lambda value: read({"platform": value}), "tool.felloe.platform"),
        (lambda value: read(None, {"felloe.platform": value}), "-C felloe.platform"),
        (lambda value: read(None, {"felloe": {"platform": value}}), "-C felloe.platform"),
    ],
    ids=["table", "config", "config as dict"],
)
def test_forms_of_a_value(source, origin, value):
    settings = source(value)
    assert (settings.platform, settings.platform_origin) == ("linux", origin)


@pytest.mark.parametrize(
    ("key", "variable", "value"),
    [
        ("platform", "FELLOE_PLATFORM", "pypi"),
        ("on-violation", "FELLOE_ON_VIOLATION", "error"),
    ],
)
def test_key_is_read_from_every_source(key, variable, value):
    field = key.replace("-", "_")
    assert variable in [option.variable for option in OPTIONS]
    found = [read({key: value}), read(None, {f"felloe.{key}": value}), read(**{variable: value})]
    assert [getattr(settings, field) for settings in found] == [value] * 3


FORMS = {
    "bool": True,
    "number": 3,
    "list of two": ["linux", "auto"],
    "empty list": [],
    "list of bool": [True],
    "list in list": [["linux"]],
    "dict": {"a": "b"},
    "nothing": None,
}


@pytest.mark.parametrize("value", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("source", "origin"),
    [
        (lambda value: ({"platform": value},), "tool.felloe.platform"),
        (lambda value: (None, {"felloe.platform": value}), "-C felloe.platform"),
        (lambda value: (None, {"felloe": {"platform": value}}), "-C felloe.platform"),
    ],
    ids=["table", "config", "config as dict"],
)
def test_value_of_another_type_is_refused(source, origin, value):
    assert refusal(*source(value)).startswith(f"{origin}: takes one string, not ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("platform", ""),
        ("platform", "Auto"),
        ("platform", "manylinux"),
        ("platform", "manylinux_2"),
        ("platform", "manylinux_2_28_"),
        ("platform", "manylinux3"),
        ("platform", "manylinux_2_28_x86-64"),
        ("platform", "auto\n"),
        ("platform", " linux"),
        ("platform", "any"),
        ("on-violation", "Error"),
        ("on-violation", "warn"),
        ("on-violation", ""),
    ],
)
def test_value_of_another_form_is_refused(key, value):
    message = refusal({key: value})
    assert message.startswith(f"tool.felloe.{key}: {value!r} is not ")
    assert "`" not in message


@pytest.mark.parametrize(
    "value",
    [
        *("auto", "linux", "pypi", "manylinux1", "manylinux2010", "manylinux2014"),
        *("manylinux_2_28", "manylinux_2_28_x86_64", "manylinux2014_ppc64le"),
        *("musllinux_1_2", "musllinux_1_2_aarch64"),
    ],
)
def test_platform_takes(value):
    assert read({"platform": value}).platform == value


# Precedence: the environment, then -C, then the table, then the image.

SOURCES = (
    ({IMAGE: "manylinux_2_17_x86_64"}, "manylinux_2_17_x86_64", IMAGE),
    ({"table": {"platform": "manylinux_2_28"}}, "manylinux_2_28", "tool.felloe.platform"),
    ({"config": {"felloe.platform": "pypi"}}, "pypi", "-C felloe.platform"),
    ({"FELLOE_PLATFORM": "linux"}, "linux", "FELLOE_PLATFORM"),
)


@pytest.mark.parametrize("chosen", range(1, 16))
def test_precedence(chosen):
    given = [source for bit, source in enumerate(SOURCES) if chosen >> bit & 1]
    arguments = {key: value for more, _, _ in given for key, value in more.items()}
    settings = read(**arguments)
    assert (settings.platform, settings.platform_origin) == given[-1][1:]


def test_sources_merge_key_by_key():
    settings = read({"on-violation": "error"}, {"felloe.platform": "pypi"}, **{IMAGE: "linux"})
    assert (settings.platform, settings.on_violation) == ("pypi", "error")


def test_empty_variables_are_none():
    """As a CI service sets them that has no value for them."""
    empty = {option.variable: "" for option in OPTIONS}
    assert read({"platform": "linux"}, **empty) == read({"platform": "linux"})


def test_empty_image_variable_is_none():
    assert read(**{IMAGE: ""}).platform == "auto"


def test_wrong_value_is_refused_where_another_source_would_win():
    assert "tool.felloe.platform" in refusal({"platform": "x"}, None, FELLOE_PLATFORM="linux")


def test_other_variables_are_left_alone():
    assert read(FELLOEX="x", felloe_platform="x", SKBUILD_X="y") == read()


# Unknown keys.


def test_unknown_keys_are_named_at_once_with_the_nearest():
    message = refusal(
        {"platfrom": "auto", "on-violation": "no"},
        {"felloe.on-violations": "x", "felloe": {"plat": "x"}},
        SOURCE_DATE_EPOCH="soon",
    )
    expected = [
        "tool.felloe.platfrom: unknown key; the nearest known one is 'platform'",
        'tool.felloe.on-violation: \'no\' is not "degrade" or "error"',
        "-C felloe.on-violations: unknown key; the nearest known one is 'on-violation'",
        "-C felloe.plat: unknown key; the nearest known one is 'platform'",
        "SOURCE_DATE_EPOCH: 'soon' is not a number of seconds since 1970",
    ]
    assert len(message.splitlines()) == len(expected)
    for line, pattern in zip(message.splitlines(), expected):
        assert re.fullmatch(pattern, line), line


def test_unknown_variables_are_warnings():
    """Another program's variables may begin like ours."""
    settings = read(FELLOE_="x", FELLOE_ONVIOLATION="x", FELLOE_PLATFORM="linux")
    assert settings.platform == "linux"
    messages = [warning.message for warning in settings.warnings]
    assert len(messages) == 2
    assert re.fullmatch(
        "the environment variable FELLOE_ONVIOLATION has no effect: "
        "unknown key; the nearest known one is 'FELLOE_ON_VIOLATION'",
        messages[1],
    )
    assert read(FELLOE_PLATFORM="linux").warnings == ()


@pytest.mark.parametrize("text", ["a;b", "a,b", "a;;b,"])
@pytest.mark.parametrize(
    "source",
    [
        lambda text: read({"libraries": {"exclude": text}}),
        lambda text: read(None, {"felloe.libraries.exclude": text}),
        lambda text: read(None, {"felloe.libraries.exclude": [text]}),
        lambda text: read(FELLOE_LIBRARIES_EXCLUDE=text),
    ],
    ids=["table", "config", "flag or config twice", "environment"],
)
def test_a_list_in_one_string(source, text):
    assert source(text).libraries.exclude == ("a", "b")


def test_lists_given_more_than_once():
    config = {
        "felloe.libraries.search": ["a;b", "c"],
        "felloe.libraries.provided-by": ["torch=a,b", "mkl=c"],
    }
    libraries = read(None, config).libraries
    assert libraries.search == ("a", "b", "c")
    assert libraries.provided_by == {"torch": ("a", "b"), "mkl": ("c",)}


def test_items_of_a_toml_array_are_not_split():
    assert read({"libraries": {"search": ["/opt/a,b", "c;d"]}}).libraries.search == (
        "/opt/a,b",
        "c;d",
    )


@pytest.mark.parametrize(
    ("value", "use"), [("1", "true"), ("0", "false"), (True, "true"), ("auto", "auto")]
)
def test_words_for_a_choice(value, use):
    assert read({"cache": value}).cache.use == use


@pytest.mark.parametrize("key", ["zzz", "\N{SNOWMAN}", "on_violation", "platform.x", "felloe"])
def test_any_unknown_key_has_a_nearest_one(key):
    message = refusal({key: "x"})
    assert message.startswith(f"tool.felloe.{key}: unknown key; the nearest known one is '")


@pytest.mark.parametrize("value", ["x", ["x"], True], ids=["str", "list", "bool"])
def test_config_named_felloe_alone_is_refused(value):
    assert re.match("-C felloe(: unknown key| must be a table)", refusal(None, {"felloe": value}))


@pytest.mark.parametrize("table", [3, "auto", ["auto"], True, []], ids=repr)
def test_what_is_no_table_is_refused(table):
    assert refusal(table) == "tool.felloe must be a table"


@pytest.mark.parametrize("table", [{"libraries": "x"}, {"libraries": ["x"]}], ids=repr)
def test_what_is_no_table_inside_is_refused(table):
    assert refusal(table) == "tool.felloe.libraries must be a table"


# The epoch.


@pytest.mark.parametrize(
    ("text", "epoch"),
    [("", DEFAULT_EPOCH), ("0", 0), ("1700000000", 1700000000), ("-5", -5), ("007", 7)],
)
def test_epoch_is_read(text, epoch):
    assert read(**{EPOCH: text}).epoch == epoch


@pytest.mark.parametrize(
    "text", ["now", "1.5", "1e9", " 5", "5\n", "0x10", "--5", "1_000", "9" * 16, "9" * 5000, "+5"]
)
def test_malformed_epoch_is_refused(text):
    message = refusal(**{EPOCH: text})
    assert message == f"{EPOCH}: {text!r} is not a number of seconds since 1970"


# Splitting.

ENGINE = {
    "cmake.define.X": "felloe.platform",
    "build-dir": ["a", "b"],
    "skbuild": {"felloe": {"platform": "x"}},
    "felloes": True,
    "Felloe.platform": "x",
    "x.felloe.y": None,
    "": "",
}
OURS = {"felloe.platform": "linux", "felloe": {"platform": "auto"}, "felloe.": "x"}


def test_config_is_split_and_the_engines_part_is_untouched():
    whole = {**ENGINE, **OURS}
    ours, engine = split_config(whole)
    assert ours == OURS
    assert engine == ENGINE
    assert list(engine) == list(ENGINE)
    assert all(engine[key] is value for key, value in ENGINE.items())
    assert whole == {**ENGINE, **OURS}


@pytest.mark.parametrize("nothing", [None, {}], ids=repr)
def test_nothing_is_split_into_nothing(nothing):
    ours, engine = split_config(nothing)
    assert ours == {}
    assert engine is nothing
