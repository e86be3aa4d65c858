"""scikit-build-core's settings as the engine will read them.

The environment (``SKBUILD_*``) wins over ``-C``, which wins over
``[tool.scikit-build]``. Overrides (``[[tool.scikit-build.overrides]]``) depend on
the machine; their conditions are not evaluated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_PREFIX = "skbuild."
_FALSE = ("", "0", "false", "off", "no")


@dataclass(frozen=True)
class SkbuildSettings:
    """The three sources of scikit-build-core's settings."""

    table: object
    """``tool.scikit-build``, unchecked."""
    config: Mapping[str, Any] = field(default_factory=dict)
    """Config settings of the frontend, without felloe's own."""
    environ: Mapping[str, str] = field(default_factory=dict)

    def get(self, *keys: str) -> object:
        """Return the value under these keys; None if no source sets it."""
        return next((value for _, value in self.find(*keys)), None)

    def get_text(self, *keys: str) -> str:
        """Return a string; empty if it is not set, or of another type."""
        value = self.get(*keys)
        return value if isinstance(value, str) else ""

    def get_bool(self, *keys: str, default: bool) -> bool:
        """Return a boolean. Text counts as scikit-build-core counts it."""
        value = self.get(*keys)
        if value is None:
            return default
        return value.strip().lower() not in _FALSE if isinstance(value, str) else bool(value)

    def find(self, *keys: str) -> Iterator[tuple[str, object]]:
        """Yield (source, value) of all sources that set a key, the one that wins first."""
        variable = _name_variable(keys)
        if self.environ.get(variable):
            yield variable, self.environ[variable]
        elif keys[:-1] and self.environ.get(_name_variable(keys[:-1])):
            variable = _name_variable(keys[:-1])
            found = _parse_pairs(self.environ[variable]).get(keys[-1])
            if found is not None:
                yield variable, found
        name = ".".join(keys)
        for given in (name, _PREFIX + name):
            if given in self.config:
                yield f"-C {given}", self.config[given]
        value = _look_up(self.table, keys)
        if value is not None:
            yield f"{name} in [tool.scikit-build]", value

    def find_overrides(self, *keys: str) -> Iterator[object]:
        """Yield the values that overrides set, whatever their conditions."""
        overrides = _look_up(self.table, ("overrides",))
        for override in overrides if isinstance(overrides, list) else ():
            value = _look_up(override, keys)
            if value is not None:
                yield value

    def is_set(self, *keys: str) -> bool:
        """Return whether a source or an override sets a key."""
        return any(True for _ in self.find(*keys)) or any(True for _ in self.find_overrides(*keys))


def _name_variable(keys: tuple[str, ...]) -> str:
    return "SKBUILD_" + re.sub("[-.]", "_", "_".join(keys).upper())


def _parse_pairs(text: str) -> dict[str, str]:
    """Read a table that is written as one string: ``A=1;B=2``."""
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name: value for name, separator, value in pairs if separator}


def _look_up(table: object, keys: tuple[str, ...]) -> object:
    value = table
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
