"""felloe's own settings: ``[tool.felloe]``, ``-C felloe.<key>=…``, ``FELLOE_<KEY>``.

:data:`felloe.config.tool_table.OPTIONS` defines them. The environment overrides
``-C``, and ``-C`` overrides ``pyproject.toml``, as in the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from felloe.config.option import explain_unknown
from felloe.config.tool_table import (
    OPTIONS,
    CacheUse,
    Compilers,
    MsvcRuntime,
    OnViolation,
    StandardLibrary,
    Strip,
)
from felloe.errors import FelloeError
from felloe.finding import Finding

ConfigSettings = Mapping[str, Any]
"""Settings that a frontend passes to a hook. Values are ``str``, ``list``, ``bool`` or ``dict``."""

DEFAULT_EPOCH = 1577836800
"""2020-01-01T00:00:00Z: the time stamp of written files if ``SOURCE_DATE_EPOCH`` is not set."""

COMMAND_TABLES = ("build", "ci")
"""Tables of ``[tool.felloe]`` that belong to the command of the same name."""

_BY_KEY = {option.key: option for option in OPTIONS}
_BY_VARIABLE = {option.variable: option for option in OPTIONS}
_PREFIX = "FELLOE_"
_IMAGE_VARIABLE = "AUDITWHEEL_PLAT"
_EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True)
class LibrarySettings:
    """Settings for libraries that the wheel needs and does not contain."""

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    provided_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    msvc_runtime: MsvcRuntime = "required"


@dataclass(frozen=True)
class ToolchainSettings:
    """The target platform and the compilers."""

    target: str = "auto"
    """A platform tag, or ``auto``."""
    kind: Compilers = "host"
    stdlib: StandardLibrary = "libc++"
    sysroot: str = ""
    """A directory, or empty."""
    launcher: str = "none"
    """A compiler cache, ``auto`` or ``none``."""

    @property
    def is_ordinary(self) -> bool:
        """True if this machine's own compilers build for this machine."""
        return (self.target, self.kind) == ("auto", "host")


@dataclass(frozen=True)
class CacheSettings:
    """Settings of the cache."""

    use: CacheUse = "auto"
    directory: str = ""
    """Empty for the user's cache directory."""
    limit: int = 5 * 10**9
    """Size in bytes above which entries are deleted."""


@dataclass(frozen=True)
class Settings:
    """All settings of one build."""

    platform: str = "auto"
    platform_origin: str = "the default"
    """The place where :attr:`platform` was set, for messages."""
    on_violation: OnViolation = "degrade"
    strip: Strip = "none"
    libraries: LibrarySettings = LibrarySettings()
    toolchain: ToolchainSettings = ToolchainSettings()
    cache: CacheSettings = CacheSettings()
    epoch: int = DEFAULT_EPOCH
    """Time stamp of all files in written archives, in seconds since 1970 (UTC)."""
    warnings: tuple[Finding, ...] = ()
    """Warnings about environment variables that look like settings."""


class _Given(NamedTuple):
    """One key with its value, from any of the three sources."""

    name: str
    """The key as the user wrote it, for messages."""
    key: str
    value: object
    is_text: bool = True
    """True if the source has only strings, so that a string can stand for a list."""


def runs_in_ci(environ: Mapping[str, str]) -> bool:
    """Return whether ``CI`` is set, as CI services do."""
    return environ.get("CI", "").lower() not in {"", "0", "false"}


def read_settings(
    table: object, config_settings: ConfigSettings | None, environ: Mapping[str, str]
) -> Settings:
    """Merge the three sources of settings.

    ``table`` is ``tool.felloe`` of ``pyproject.toml``. Raises
    :class:`FelloeError` that lists every unknown key, with the nearest known
    one, and every value of the wrong type or form. An unknown variable is a
    warning, because another program may use the prefix.
    """
    problems: list[str] = []
    values: dict[str, Any] = {option.key: option.default for option in OPTIONS}
    origins = {}
    image = re.sub(r"^linux_\w+$", "linux", environ.get(_IMAGE_VARIABLE, ""))
    given = [_Given(_IMAGE_VARIABLE, "platform", image)] if image else []
    given += [*_in_table(table), *_in_config(config_settings), *_in_environment(environ)]
    for item in given:
        if item.key not in _BY_KEY:
            problems.append(_explain(item))
            continue
        option = _BY_KEY[item.key]
        value, problem = (option.read_text if item.is_text else option.read)(item.value)
        if problem:
            problems.append(f"{item.name}: {problem}")
        else:
            values[item.key], origins[item.key] = value, item.name
    epoch = _read_epoch(environ, problems)
    if problems:
        raise FelloeError("\n".join(problems), hint=f"felloe's keys are {', '.join(_BY_KEY)}")
    settings = _make_settings(values, epoch)
    return replace(
        settings,
        platform_origin=origins.get("platform", settings.platform_origin),
        warnings=tuple(_find_unknown_variables(environ)),
    )


def _make_settings(values: Mapping[str, Any], epoch: int) -> Settings:
    return Settings(
        platform="linux" if values["platform"] == "native" else values["platform"],
        on_violation=values["on-violation"],
        strip=values["strip"],
        libraries=LibrarySettings(
            exclude=values["libraries.exclude"],
            include=values["libraries.include"],
            search=values["libraries.search"],
            provided_by=values["libraries.provided-by"],
            msvc_runtime=values["libraries.msvc-runtime"],
        ),
        toolchain=ToolchainSettings(
            target=values["target"],
            kind=values["toolchain"],
            stdlib=values["stdlib"],
            sysroot=values["sysroot"],
            launcher=values["compiler-launcher"],
        ),
        cache=CacheSettings(
            use=values["cache"],
            directory=values["cache-dir"],
            limit=_parse_size(values["cache-limit"]),
        ),
        epoch=epoch,
    )


def _parse_size(text: str) -> int:
    """Return the number of bytes of a size such as ``5GB`` or ``1.5 TB``."""
    number, unit = text[:-2], text[-2:]
    return int(float(number) * 1000 ** (1 + ("kB", "MB", "GB", "TB").index(unit)))


def split_config(
    config_settings: ConfigSettings | None,
) -> tuple[ConfigSettings, ConfigSettings | None]:
    """Split config settings into felloe's own and the engine's, which are not changed."""
    if not config_settings:
        return {}, config_settings
    ours = {key: value for key, value in config_settings.items() if _is_ours(key)}
    return ours, {key: value for key, value in config_settings.items() if not _is_ours(key)}


def _is_ours(key: str) -> bool:
    return key == "felloe" or key.startswith("felloe.")


def _in_table(table: object) -> Iterator[_Given]:
    if isinstance(table, Mapping):
        table = {key: value for key, value in table.items() if key not in COMMAND_TABLES}
    for item in _flatten("tool.felloe.", "", table):
        yield item._replace(is_text=False)


def _in_config(config_settings: ConfigSettings | None) -> Iterator[_Given]:
    for name, value in (config_settings or {}).items():
        yield from _flatten("-C felloe.", name[len("felloe.") :], value)


def _in_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for variable, option in _BY_VARIABLE.items():
        if environ.get(variable):  # CI services set variables without a value to an empty string
            yield _Given(variable, option.key, environ[variable])


def _find_unknown_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in _BY_VARIABLE:
            problem = explain_unknown(name, _BY_VARIABLE)
            yield Finding(f"the environment variable {name} has no effect: {problem}")


def _flatten(prefix: str, key: str, value: object) -> Iterator[_Given]:
    """Yield the keys of nested tables, dotted, down to the known ones.

    An entry of an option that is a table may be given by itself: ``provided-by.torch``.
    """
    parent = next((known for known in _BY_KEY if key.startswith(f"{known}.")), None)
    if parent is not None and _BY_KEY[parent].is_table:
        yield _Given(prefix + key, parent, {key[len(parent) + 1 :]: value})
    elif isinstance(value, Mapping) and key not in _BY_KEY:
        for name, inner in value.items():
            yield from _flatten(prefix, f"{key}.{name}" if key else name, inner)
    else:
        yield _Given(prefix + key, key, value)


def _explain(given: _Given) -> str:
    """Return the problem with a key that is not known."""
    if not given.key or any(key.startswith(f"{given.key}.") for key in _BY_KEY):
        return f"{given.name.rstrip('.')} must be a table"
    return f"{given.name}: {explain_unknown(given.key, _BY_KEY)}"


def _read_epoch(environ: Mapping[str, str], problems: list[str]) -> int:
    text = environ.get(_EPOCH_VARIABLE, "")
    if not text:
        return DEFAULT_EPOCH
    if not re.fullmatch(r"-?\d{1,15}", text):
        problems.append(f"{_EPOCH_VARIABLE}: {text!r} is not a number of seconds since 1970")
        return DEFAULT_EPOCH
    return int(text)
