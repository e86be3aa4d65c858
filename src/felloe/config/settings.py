"""felloe's own settings: ``[tool.felloe]``, ``-C felloe.<key>=…``, ``FELLOE_<KEY>``.

:data:`felloe.config.option.OPTIONS` is the one table of them: what is read, what is
refused and what the reference page says all come from it. Where a key is given
more than once, the environment wins over ``-C``, which wins over
``pyproject.toml``, as in the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from felloe.config.option import OPTIONS, Option
from felloe.errors import FelloeError

ConfigSettings = Mapping[str, Any]
"""What a frontend hands to a hook: values may be ``str``, ``list``, ``bool`` or ``dict``."""

DEFAULT_EPOCH = 1577836800
"""2020-01-01T00:00:00Z: the time of everything that has none of its own."""

COMMAND_TABLES = ("build", "ci")
"""Tables of ``[tool.felloe]`` that belong to the command of the same name."""

_BY_KEY = {option.key: option for option in OPTIONS}
_BY_VARIABLE = {option.variable: option for option in OPTIONS}
_PREFIX = "FELLOE_"
_IMAGE_VARIABLE = "AUDITWHEEL_PLAT"
_EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True)
class LibrarySettings:
    """What to do about libraries that the wheel needs and does not hold."""

    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    provided_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolchainSettings:
    """What to build for, and with which compilers."""

    target: str = "auto"
    """A platform tag, or ``auto``."""
    kind: str = "host"
    """``host`` or ``zig``."""
    stdlib: str = "libc++"
    sysroot: str = ""
    """A directory; empty if none was named."""
    launcher: str = "auto"
    """A compiler cache, ``auto`` or ``none``."""

    @property
    def is_ordinary(self) -> bool:
        """Whether this machine's compilers build for this machine, as they come."""
        return (self.target, self.kind) == ("auto", "host")


@dataclass(frozen=True)
class CacheSettings:
    """What to keep between builds."""

    use: str = "auto"
    """``true``, ``false`` or ``auto``."""
    directory: str = ""
    """Empty for the user's cache directory."""
    limit: int = 5 * 10**9
    """Bytes."""


@dataclass(frozen=True)
class Settings:
    """The settings of one build."""

    platform: str = "auto"
    platform_origin: str = "the default"
    """Where :attr:`platform` was set, for messages."""
    on_violation: str = "degrade"
    strip: str = "none"
    libraries: LibrarySettings = LibrarySettings()
    toolchain: ToolchainSettings = ToolchainSettings()
    cache: CacheSettings = CacheSettings()
    epoch: int = DEFAULT_EPOCH
    """Seconds since 1970, UTC, that stand in every archive written."""


class _Given(NamedTuple):
    """A key as somebody wrote it."""

    name: str
    """As written, for messages."""
    key: str
    value: object
    near: str = ""
    """What an unknown key was compared with, and is nearest to."""


def runs_in_ci(environ: Mapping[str, str]) -> bool:
    """Return whether ``CI`` is set, as CI services do."""
    return environ.get("CI", "").lower() not in {"", "0", "false"}


def read_settings(
    table: object, config_settings: ConfigSettings | None, environ: Mapping[str, str]
) -> Settings:
    """Merge the three sources.

    ``table`` is ``tool.felloe`` of ``pyproject.toml``. Raises
    :class:`FelloeError` that lists every unknown key, with the nearest known
    one, and every value of the wrong type or form.
    """
    problems: list[str] = []
    values: dict[str, Any] = {option.key: option.default for option in OPTIONS}
    origins = {}
    image = re.sub(r"^linux_\w+$", "linux", environ.get(_IMAGE_VARIABLE, ""))
    given = [_Given(_IMAGE_VARIABLE, "platform", image)] if image else []
    given += [*_in_table(table), *_in_config(config_settings), *_in_environment(environ)]
    for item in given:
        if item.key not in _BY_KEY:
            problems.append(_unknown(item))
            continue
        value, problem = _BY_KEY[item.key].read(item.value)
        if problem:
            problems.append(f"{item.name}: {problem}")
        else:
            values[item.key], origins[item.key] = value, item.name
    epoch = _read_epoch(environ, problems)
    if problems:
        raise FelloeError("\n".join(problems), hint=f"felloe's keys are {', '.join(_BY_KEY)}")
    return _make_settings(values, origins.get("platform", "the default"), epoch)


def _make_settings(values: Mapping[str, Any], platform_origin: str, epoch: int) -> Settings:
    return Settings(
        platform=values["platform"],
        platform_origin=platform_origin,
        on_violation=values["on-violation"],
        strip=values["strip"],
        libraries=LibrarySettings(
            exclude=values["libraries.exclude"],
            include=values["libraries.include"],
            search=values["libraries.search"],
            provided_by=values["libraries.provided-by"],
        ),
        toolchain=ToolchainSettings(
            target=values["target"],
            kind=values["toolchain"],
            stdlib=values["stdlib"],
            sysroot=values["sysroot"],
            launcher=values["compiler-launcher"],
        ),
        cache=CacheSettings(
            use={"1": "true", "0": "false"}.get(values["cache"], values["cache"]),
            directory=values["cache-dir"],
            limit=_parse_size(values["cache-limit"]),
        ),
        epoch=epoch,
    )


def _parse_size(text: str) -> int:
    """Bytes: ``5GB``, ``1.5 TB``."""
    number, unit = text[:-2], text[-2:]
    return int(float(number) * 1000 ** (1 + ("kB", "MB", "GB", "TB").index(unit)))


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
    if isinstance(table, Mapping):
        table = {key: value for key, value in table.items() if key not in COMMAND_TABLES}
    yield from _flatten("tool.felloe.", "", table)


def _in_config(config_settings: ConfigSettings | None) -> Iterator[_Given]:
    for name, value in (config_settings or {}).items():
        yield from _flatten("-C felloe.", name[len("felloe.") :], value)


def _in_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for name in sorted(environ):
        if name in _BY_VARIABLE:
            if environ[name]:  # a CI service sets what has no value to nothing
                yield _Given(name, _BY_VARIABLE[name].key, environ[name])
        elif name.startswith(_PREFIX):
            yield _Given(name, "", environ[name], _nearest(name, _BY_VARIABLE))


def _flatten(prefix: str, key: str, value: object) -> Iterator[_Given]:
    """The keys of nested tables, dotted, down to the known ones.

    A table's own entries may be given by themselves: ``provided-by.torch``.
    """
    parent = next((known for known in _BY_KEY if key.startswith(f"{known}.")), None)
    if parent is not None and _BY_KEY[parent].is_table:
        yield _Given(prefix + key, parent, {key[len(parent) + 1 :]: value})
    elif isinstance(value, Mapping) and key not in _BY_KEY:
        for name, inner in value.items():
            yield from _flatten(prefix, f"{key}.{name}" if key else name, inner)
    else:
        yield _Given(prefix + key, key, value, _nearest(key, _BY_KEY))


def _nearest(name: str, known: Mapping[str, Option]) -> str:
    if name in known:
        return name
    import difflib

    return difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


def _unknown(given: _Given) -> str:
    is_root = not given.key and not given.name.startswith(_PREFIX)
    if is_root or (given.key and any(key.startswith(f"{given.key}.") for key in _BY_KEY)):
        return f"{given.name.rstrip('.')} must be a table"
    return f"{given.name}: unknown key; the nearest known one is {given.near!r}"


def _read_epoch(environ: Mapping[str, str], problems: list[str]) -> int:
    text = environ.get(_EPOCH_VARIABLE, "")
    if not text:
        return DEFAULT_EPOCH
    if not re.fullmatch(r"-?\d{1,15}", text):
        problems.append(f"{_EPOCH_VARIABLE}: {text!r} is not a number of seconds since 1970")
        return DEFAULT_EPOCH
    return int(text)
