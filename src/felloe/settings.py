"""felloe's own settings: ``[tool.felloe]``, ``-C felloe.<key>=…``, ``FELLOE_<KEY>``.

:data:`OPTIONS` is the one table of them: what is read, what is refused and
what the reference page says all come from it. Where a key is given more than
once, the environment wins over ``-C``, which wins over ``pyproject.toml``, as
in the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from felloe.errors import FelloeError

ConfigSettings = Mapping[str, Any]
"""What a frontend hands to a hook: values may be ``str``, ``list``, ``bool`` or ``dict``."""


@dataclass(frozen=True)
class Option:
    """One key of ``[tool.felloe]``."""

    key: str
    default: str
    form: re.Pattern[str]
    """What a value looks like."""
    values: str
    """The same, for people."""
    meaning: str

    @property
    def variable(self) -> str:
        return "FELLOE_" + self.key.upper().replace("-", "_")


OPTIONS = (
    Option(
        key="platform",
        default="auto",
        form=re.compile(
            r"auto|linux|pypi|(manylinux(1|2010|2014)|(many|musl)linux_\d+_\d+)(_[a-z]\w*)?"
        ),
        values='`"auto"`, `"linux"`, `"pypi"` or a policy such as `"manylinux_2_28"`',
        meaning=(
            "The platform tag to reach. `auto` writes the most portable tag that the binaries "
            "prove; `linux` claims nothing beyond this machine; `pypi` wants a tag that PyPI "
            "accepts; a policy wants at least that one. In a manylinux or musllinux image the "
            "default is the image's own policy (`AUDITWHEEL_PLAT`)."
        ),
    ),
    Option(
        key="on-violation",
        default="degrade",
        form=re.compile(r"degrade|error"),
        values='`"degrade"` or `"error"`',
        meaning=(
            "What to do when the wanted tag cannot be proved: write the best true one and say "
            "why, or fail. Publishers want `error`; whoever only installs wants `degrade`."
        ),
    ),
)

_BY_KEY = {option.key: option for option in OPTIONS}
_IMAGE_VARIABLE = "AUDITWHEEL_PLAT"
_EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"
DEFAULT_EPOCH = 1577836800
"""2020-01-01T00:00:00Z: the time of everything that has none of its own."""


@dataclass(frozen=True)
class Settings:
    """The settings of one build."""

    platform: str = "auto"
    platform_origin: str = "the default"
    """Where :attr:`platform` was set, for messages."""
    on_violation: str = "degrade"
    epoch: int = DEFAULT_EPOCH
    """Seconds since 1970, UTC, that stand in every archive written."""


class _Given(NamedTuple):
    """A key as somebody wrote it."""

    name: str
    """With its prefix, as written."""
    key: str
    value: object


def read_settings(
    table: object, config_settings: ConfigSettings | None, environ: Mapping[str, str]
) -> Settings:
    """Merge the three sources.

    ``table`` is ``tool.felloe`` of ``pyproject.toml``. Raises
    :class:`FelloeError` that lists every unknown key, with the nearest known
    one, and every value of the wrong type or form.
    """
    problems: list[str] = []
    image = environ.get(_IMAGE_VARIABLE)
    values = {"platform": (image, _IMAGE_VARIABLE)} if image else {}
    for given in (*_in_table(table), *_in_config(config_settings), *_in_environment(environ)):
        value, problem = _read_value(given)
        if problem:
            problems.append(problem)
        else:
            values[given.key] = (value, given.name)
    epoch = _read_epoch(environ, problems)
    if problems:
        raise FelloeError("\n".join(problems), hint=_listing())
    platform, origin = values.get("platform", ("auto", "the default"))
    on_violation, _ = values.get("on-violation", ("degrade", ""))
    return Settings(platform, origin, on_violation, epoch)


def split_config(
    config_settings: ConfigSettings | None,
) -> tuple[ConfigSettings, ConfigSettings | None]:
    """felloe's part of the config settings, and the engine's, untouched."""
    if not config_settings:
        return {}, config_settings
    ours = {key: value for key, value in config_settings.items() if _is_ours(key)}
    return ours, {key: value for key, value in config_settings.items() if not _is_ours(key)}


def _is_ours(key: str) -> bool:
    return key == "felloe" or key.startswith("felloe.")


def _in_table(table: object) -> Iterator[_Given]:
    if not isinstance(table, Mapping):
        yield _Given("tool.felloe", "", table)
        return
    for key, value in table.items():
        yield _Given(f"tool.felloe.{key}", key, value)


def _in_config(config_settings: ConfigSettings | None) -> Iterator[_Given]:
    for name, value in (config_settings or {}).items():
        if name == "felloe" and isinstance(value, Mapping):
            for key, inner in value.items():
                yield _Given(f"-C felloe.{key}", key, inner)
        else:
            yield _Given(f"-C {name}", name[len("felloe.") :], value)


def _in_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for name in sorted(environ):
        if name.startswith("FELLOE_"):
            yield _Given(name, name[len("FELLOE_") :].lower().replace("_", "-"), environ[name])


def _read_value(given: _Given) -> tuple[str, str]:
    """(the value, what is wrong with it); one of them is empty."""
    if given.name == "tool.felloe":
        return "", "tool.felloe must be a table"
    if given.key not in _BY_KEY:
        import difflib

        near = difflib.get_close_matches(given.key, _BY_KEY, n=1, cutoff=0.0)
        return "", f"{given.name}: unknown key; the nearest known one is {near[0]!r}"
    option = _BY_KEY[given.key]
    value = _scalar(given.value)
    if value is None:
        return "", f"{given.name}: takes one string, not {given.value!r}"
    if not option.form.fullmatch(value):
        return "", f"{given.name}: {value!r} is not {option.values.replace('`', '')}"
    return value, ""


def _scalar(value: object) -> str | None:
    """The one string that a value is: frontends may wrap it in a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else None


def _read_epoch(environ: Mapping[str, str], problems: list[str]) -> int:
    text = environ.get(_EPOCH_VARIABLE, "")
    if not text:
        return DEFAULT_EPOCH
    if not re.fullmatch(r"-?\d{1,15}", text):
        problems.append(f"{_EPOCH_VARIABLE}: {text!r} is not a number of seconds since 1970")
        return DEFAULT_EPOCH
    return int(text)


def _listing() -> str:
    return "felloe's keys are " + ", ".join(_BY_KEY)
