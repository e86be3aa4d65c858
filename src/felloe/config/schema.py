"""The JSON schema of ``[tool.felloe]``, for editors and for validate-pyproject."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("tool-felloe.schema.json")


def read_schema(tool: str = "felloe") -> dict[str, Any]:
    """Return the schema: the entry point ``validate_pyproject.tool_schema``."""
    schema: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    if tool != "felloe":
        raise ValueError(f"felloe has no schema of tool.{tool}")
    return schema
