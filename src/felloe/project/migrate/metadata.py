"""The ``[project]`` table that says the same as the arguments of ``setup``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement

Table = dict[str, Any]


class _NotPlain(Exception):
    """An argument whose value cannot be written to ``[project]`` as it is."""


def convert_metadata(arguments: Mapping[str, Any]) -> tuple[Table, list[str]]:
    """Return the table, and the arguments that it does not hold."""
    table: Table = {}
    lost = []
    for key, value in arguments.items():
        convert = _CONVERTERS.get(key)
        if convert is not None and value not in (None, "", [], {}, ()):
            try:
                _merge(table, convert(value))
            except (_NotPlain, InvalidRequirement, ValueError):
                lost.append(key)
    _join_person(table, arguments, "author", lost)
    _join_person(table, arguments, "maintainer", lost)
    if "license" in table:  # PEP 639 allows no license classifiers beside an expression
        kept = [item for item in table.get("classifiers", []) if not item.startswith("License ::")]
        if "classifiers" in table:
            table["classifiers"] = kept
    return {key: table[key] for key in _ORDER if key in table}, lost


def _merge(table: Table, part: Table) -> None:
    for key, value in part.items():
        if isinstance(value, dict):
            _merge(table.setdefault(key, {}), value)
        elif isinstance(value, list):
            table[key] = [*table.get(key, []), *value]
        else:
            table[key] = value


def _text(key: str) -> Callable[[Any], Table]:
    def convert(value: object) -> Table:
        if not isinstance(value, str):
            raise _NotPlain
        return {key: value.strip() if key == "requires-python" else value}

    return convert


def _join_person(table: Table, arguments: Mapping[str, Any], role: str, lost: list[str]) -> None:
    given = {"name": arguments.get(role), "email": arguments.get(f"{role}_email")}
    person = {key: text for key, text in given.items() if text}
    if any(not isinstance(text, str) or "," in text for text in person.values()):
        lost += [key for key in (role, f"{role}_email") if arguments.get(key)]  # several people
    elif person:
        table[f"{role}s"] = [person]


def _license(value: object) -> Table:
    try:
        return {"license": str(canonicalize_license_expression(_strings(value)[0]))}
    except InvalidLicenseExpression as cause:
        raise _NotPlain from cause


def _strings(value: object) -> list[str]:
    """Return a list of strings. One string holds an item on each line."""
    items = value.splitlines() if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise _NotPlain
    return [item.strip() for item in items if item.strip()]


def _keywords(value: object) -> Table:
    if isinstance(value, str):
        separator = "," if "," in value else None
        value = [item.strip() for item in value.split(separator)]
    return {"keywords": _strings(value)}


def _url(value: object) -> Table:
    return {"urls": {"Homepage": _strings(value)[0]}}


def _urls(value: object) -> Table:
    if not isinstance(value, dict):
        raise _NotPlain
    return {"urls": dict(zip(_strings(list(value)), _strings(list(value.values()))))}


def _dependencies(value: object) -> Table:
    return {"dependencies": [_check(item) for item in _strings(value)]}


def _check(text: str) -> str:
    Requirement(text)
    return text


def _extras(value: object) -> Table:
    """Convert extras. A key may end with a marker: ``test:python_version<"3.9"``."""
    if not isinstance(value, dict):
        raise _NotPlain
    table: Table = {}
    for key, items in value.items():
        extra, _, marker = str(key).partition(":")
        listed = [_with_marker(item, marker) for item in _strings(items)]
        if extra:
            _merge(table, {"optional-dependencies": {extra: listed}})
        else:
            _merge(table, {"dependencies": listed})
    return table


def _with_marker(text: str, marker: str) -> str:
    requirement = Requirement(text)
    if not marker:
        return text
    both = f"({requirement.marker}) and ({marker})" if requirement.marker else marker
    requirement.marker = Marker(both)
    return str(requirement)


def _entry_points(value: object) -> Table:
    if not isinstance(value, dict):
        raise _NotPlain
    table: Table = {}
    for group, items in value.items():
        pairs = [line.partition("=") for line in _strings(items)]
        if not all(sign for _, sign, _ in pairs):
            raise _NotPlain
        points = {name.strip(): target.strip() for name, _, target in pairs}
        known = {"console_scripts": "scripts", "gui_scripts": "gui-scripts"}
        if group in known:
            _merge(table, {known[group]: points})
        else:
            _merge(table, {"entry-points": {group: points}})
    return table


_CONVERTERS: Mapping[str, Callable[[Any], Table]] = {
    "name": _text("name"),
    "version": _text("version"),
    "description": lambda value: {"description": " ".join(_strings(value))},
    "python_requires": _text("requires-python"),
    "license": _license,
    "keywords": _keywords,
    "classifiers": lambda value: {"classifiers": _strings(value)},
    "url": _url,
    "project_urls": _urls,
    "install_requires": _dependencies,
    "extras_require": _extras,
    "entry_points": _entry_points,
}
_ORDER = (
    *("name", "version", "description", "readme", "requires-python", "license", "authors"),
    *("maintainers", "keywords", "classifiers", "dependencies", "scripts", "gui-scripts", "urls"),
    *("entry-points", "optional-dependencies"),
)
HELD = (*_CONVERTERS, "author", "author_email", "maintainer", "maintainer_email")
"""The arguments of ``setup`` that :func:`convert_metadata` writes or lists."""
