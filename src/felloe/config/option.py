"""The model of felloe's options: the keys of a table, and the flags of the same names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from felloe.errors import FelloeError

SEPARATORS = ";,"
"""A string that stands for a list is split at either, in TOML, ``-C``, variables and flags."""

_ANY = re.compile(r".+")
_Value = tuple[Any, str]
"""A value, and the problem with it: empty if there is none."""


@dataclass(frozen=True)
class Option:
    """A dotted key of a table. The type of the default is that of its values."""

    key: str
    default: str | tuple[str, ...] | Mapping[str, tuple[str, ...]]
    meaning: str
    values: str = ""
    """Description of the values. The default lists the choices."""
    choices: tuple[str, ...] = ()
    """All values, if there is a closed set of them."""
    form: re.Pattern[str] = _ANY
    """Pattern for each string of a value, used if the choices are empty."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    """Aliases of some choices."""
    takes_bool: bool = False
    """True if TOML booleans are accepted for the words true and false."""
    is_verbatim: bool = False
    """True if a string is always one item, such as a command or a requirement."""
    metavar: str = ""
    """The placeholder in a flag's help. The default is the last part of the key."""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition(".")[2]

    @property
    def flag(self) -> str:
        """Command line flag of this option, on commands that accept it."""
        return f"--{self.name}"

    @property
    def attribute(self) -> str:
        """The name in Python code."""
        return re.sub("[-.]", "_", self.key)

    @property
    def variable(self) -> str:
        """The environment variable, for a key of ``[tool.felloe]``."""
        return "FELLOE_" + self.attribute.upper()

    @property
    def placeholder(self) -> str:
        """The word that stands for the value in a flag's help."""
        return self.metavar or self.name.upper()

    @property
    def allowed(self) -> str:
        """The values, for people: Markdown."""
        if self.values:
            return self.values
        quoted = [f'`"{choice}"`' for choice in self.choices]
        return " or ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))

    @property
    def pattern(self) -> re.Pattern[str]:
        """A pattern that each string of a value matches."""
        if not self.choices:
            return self.form
        return re.compile("|".join(map(re.escape, (*self.choices, *self.synonyms))))

    @property
    def is_table(self) -> bool:
        """True if values are tables of lists."""
        return isinstance(self.default, Mapping)

    @property
    def is_list(self) -> bool:
        """True if values are lists of strings."""
        return isinstance(self.default, tuple)

    def read(self, value: object) -> _Value:
        """Return the value and the problem with it. A string may stand for a list or a table.

        ``a;b`` and ``a,b`` are lists of two, ``torch=a,b;numpy=c`` is a table of two lists.
        """
        if self.is_table:
            return self._read_table(value)
        if self.is_list:
            return self._read_list(value, SEPARATORS)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) and self.takes_bool:
            value = str(value).lower()
        if not isinstance(value, str):
            return "", f"takes one string, not {value!r}"
        return self.synonyms.get(value, value), self._find_malformed([value])

    def read_text(self, value: object) -> _Value:
        """Read a value from flags or ``-C``, where each string of a list may be a list."""
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            if self.is_table:
                value = ";".join(value)
            elif self.is_list and not self.is_verbatim:
                value = [part for word in value for part in split_list(word)]
        return self.read(value)

    def _read_list(self, value: object, separators: str) -> _Value:
        if isinstance(value, str):
            value = [value] if self.is_verbatim else split_list(value, separators)
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            return (), f"takes a list of strings, not {value!r}"
        return tuple(value), self._find_malformed(value)

    def _read_table(self, value: object) -> _Value:
        if isinstance(value, str):
            pairs = [part.partition("=") for part in split_list(value, ";")]
            if not all(name and listed for name, _, listed in pairs):
                return {}, f"takes NAME=GLOB,GLOB;NAME=GLOB, not {value!r}"
            value = {name: listed for name, _, listed in pairs}
        if not isinstance(value, Mapping):
            return {}, f"takes a table of lists, not {value!r}"
        table: dict[str, tuple[str, ...]] = {}
        for name, listed in value.items():
            table[name], problem = self._read_list(listed, ",")
            if problem:
                return {}, f"{name}: {problem}"
        return table, ""

    def _find_malformed(self, texts: list[str]) -> str:
        for text in texts:
            if not self.pattern.fullmatch(text):
                return f"{text!r} is not {self.allowed.replace('`', '')}"
        return ""


def split_list(text: str, separators: str = SEPARATORS) -> list[str]:
    """Return the items of a list that is written as one string.

    A separator between brackets belongs to a glob: ``libffi.so.[4,5]`` is one item.
    """
    outside = rf"(?:\[[^\]]*\]|[^{separators}])+"
    return re.findall(outside, text)


def read_table(name: str, options: Iterable[Option], table: object) -> dict[str, Any]:
    """Return the values of ``tool.felloe.<name>`` by their keys, defaults included.

    Raises :class:`FelloeError` with all problems of the table.
    """
    title = f"tool.felloe.{name}"
    if not isinstance(table, Mapping):
        raise FelloeError(f"{title} must be a table")
    known = {option.key: option for option in options}
    values: dict[str, Any] = {key: option.default for key, option in known.items()}
    problems = []
    for key, given in table.items():
        if key in known:
            values[key], problem = known[key].read(given)
        else:
            problem = explain_unknown(key, known)
        if problem:
            problems.append(f"{title}.{key}: {problem}")
    if problems:
        raise FelloeError("\n".join(problems), hint=f"the keys of [{title}] are {', '.join(known)}")
    return values


def explain_unknown(key: str, known: Iterable[str]) -> str:
    """Return the problem with an unknown key, with the nearest known one."""
    import difflib

    nearest = difflib.get_close_matches(key, list(known), n=1, cutoff=0.0)[0]
    return f"unknown key; the nearest known one is {nearest!r}"
