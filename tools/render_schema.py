"""Write src/felloe/config/tool-felloe.schema.json from the tables of options.

python tools/render_schema.py          write it
python tools/render_schema.py --check  fail if it is not up to date
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from felloe.config.build_table import BUILD_OPTIONS
from felloe.config.ci_table import CI_OPTIONS
from felloe.config.option import Option
from felloe.config.tool_table import OPTIONS

FILE = Path(__file__).parent.parent / "src" / "felloe" / "config" / "tool-felloe.schema.json"


def render() -> str:
    """Return the schema in draft 7, which editors and fastjsonschema read."""
    schema = _table("The settings of felloe, a build backend for C and C++ extensions")
    for option in OPTIONS:
        _insert(schema, option)
    schema["properties"]["build"] = build = _table("What `felloe build` does by default")
    for option in BUILD_OPTIONS:
        _insert(build, option)
    schema["properties"]["ci"] = ci = _table("What `felloe ci` writes")
    for option in CI_OPTIONS:
        _insert(ci, option)
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://json.schemastore.org/partial-felloe.json",
    }
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False) + "\n"


def _table(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


def _insert(table: dict[str, Any], option: Option) -> None:
    """Put an option under its dotted key."""
    *parents, name = option.key.split(".")
    for parent in parents:
        table = table["properties"].setdefault(parent, _table(f"The settings {parent}.*"))
    about: dict[str, Any] = {"description": f"{option.meaning} Values: {option.allowed}."}
    if option.default:
        about["default"] = option.default
    table["properties"][name] = {**about, **_value(option)}


def _value(option: Option) -> dict[str, Any]:
    text: dict[str, Any] = {"type": "string"}
    if option.choices:
        text["enum"] = [*option.choices, *option.synonyms]
    else:
        text["pattern"] = f"^(?:{option.form.pattern})$"
    if option.is_table:
        return {"type": "object", "additionalProperties": _listed(text)}
    if option.is_list:
        return _listed(text)
    return {"anyOf": [text, {"type": "boolean"}]} if option.takes_bool else text


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    """Several values. A string may stand for a list: `a;b`."""
    return {"anyOf": [{"type": "array", "items": item}, {"type": "string"}]}


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(f"{FILE.name} is out of date" if FILE.read_text() != render() else 0)
    FILE.write_text(render())
