"""Edits of TOML text by tomlkit, which keeps comments, order and line ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from felloe.errors import FelloeError, UsageError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Array


def parse_document(text: str, name: str) -> TOMLDocument:
    """Return the document. Raises :class:`FelloeError` if the text is not TOML.

    Raises :class:`UsageError` if tomlkit is not installed.
    """
    try:
        import tomlkit
    except ImportError as cause:
        raise UsageError(
            "editing TOML needs the package tomlkit", hint="run `pip install felloe[cli]`"
        ) from cause
    try:
        return tomlkit.parse(text)
    except (ValueError, RecursionError) as cause:
        raise FelloeError(f"{name} is not TOML: {cause}") from cause


def render_document(document: TOMLDocument) -> str:
    """Return the text. Lines that were added get the line ends of the others."""
    import tomlkit

    text = tomlkit.dumps(document)
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else text


def open_table(document: TOMLDocument, *names: str) -> Any:  # noqa: ANN401 - tomlkit has several
    """Return a table, which is added at the end if it is missing."""
    import tomlkit

    table: Any = document
    for name in names:
        if name not in table:
            is_last = name == names[-1]
            table[name] = tomlkit.table(is_super_table=not is_last)
        table = table[name]
    return table


def set_value(table: Any, key: str, value: object) -> None:  # noqa: ANN401 - as above
    """Set a key, in the style of this package for arrays and tables that are new."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            set_value(_subtable(table, key), name, item)
    else:
        table[key] = make_array(value) if isinstance(value, (list, tuple)) else value


def _subtable(table: Any, key: str) -> Any:  # noqa: ANN401 - as above
    import tomlkit

    if key not in table:
        table[key] = tomlkit.table()
    return table[key]


def add_dotted(table: Any, key: str, value: object) -> None:  # noqa: ANN401 - as above
    """Add a key that contains dots: ``wheel.packages = []``."""
    import tomlkit

    item = make_array(value) if isinstance(value, list) else value
    table.append(tomlkit.key(key.split(".")), tomlkit.item(item))


def make_array(items: Sequence[Any]) -> Array:
    """Return an array, on one line if it is short."""
    import tomlkit

    array = tomlkit.array()
    for item in items:
        array.append(_make_inline(item) if isinstance(item, Mapping) else item)
    return array.multiline(len(array.as_string()) > 80)


def _make_inline(values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as above
    import tomlkit

    table = tomlkit.inline_table()
    table.update(values)
    return table


def prepend_item(table: Any, key: str, item: str) -> None:  # noqa: ANN401 - as above
    """Put a string in front of an array. An array of several lines keeps its comments."""
    array = table.get(key)
    if array is not None and "\n" in array.as_string():
        array.insert(0, item)
    else:
        table[key] = make_array([item, *(array or [])])
