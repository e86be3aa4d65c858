"""What a ``setup.py`` says without being run: what it passes to ``setup`` as plain values."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# What the extension class of pybind11's cmake_example passes, and scikit-build-core does too.
_KNOWN_VARIABLES = re.compile(
    r"CMAKE_(LIBRARY|RUNTIME|ARCHIVE)_OUTPUT_DIRECTORY(_\w*)?|CMAKE_BUILD_TYPE|CMAKE_MAKE_PROGRAM"
    r"|CMAKE_OSX_ARCHITECTURES|(Python3?|PYTHON|PYBIND11_PYTHON)_\w+"
)


@dataclass(frozen=True)
class CMakeModule:
    """One ``CMakeExtension(name, sourcedir)``."""

    name: str
    """Dotted: where the module is imported from."""
    source_dir: str


@dataclass(frozen=True)
class SetupScript:
    """What could be read."""

    arguments: Mapping[str, Any]
    """Keywords of ``setup`` that are plain values, or names of such."""
    computed: tuple[str, ...]
    """Keywords whose values only a run would show."""
    modules: tuple[CMakeModule, ...]
    variables: tuple[str, ...]
    """CMake variables that it defines, and nothing else would."""


def parse_setup_script(text: str) -> SetupScript | None:
    """Read the script; None if it is no Python, or has no extension that CMake builds."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    modules = tuple(
        module for call in calls if _name_of(call) == "CMakeExtension" for module in _module(call)
    )
    if not modules and not re.search(r"^class \w*CMake\w*\(.*Extension\)", text, re.MULTILINE):
        return None
    call = next((call for call in calls if _name_of(call) == "setup"), None)
    arguments, computed = _arguments(call, _constants(tree))
    found = dict.fromkeys(re.findall(r"-D([A-Za-z_]\w*)(?:[:=]|\{)", text))
    variables = tuple(name for name in found if not _KNOWN_VARIABLES.fullmatch(name))
    return SetupScript(arguments, computed, modules, variables)


def _name_of(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _module(call: ast.Call) -> list[CMakeModule]:
    words = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg)]
    texts = [word.value if isinstance(word, ast.Constant) else None for word in words]
    if not texts or not isinstance(texts[0], str):
        return []
    source = texts[1] if len(texts) > 1 else ""
    return [CMakeModule(texts[0], source if isinstance(source, str) else "")]


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that the script gives one value, at its top level: ``__version__ = "1.2"``."""
    stored = Counter(
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    return {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and stored[target.id] == 1
    }


def _arguments(
    call: ast.Call | None, constants: Mapping[str, ast.expr]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    keywords = {keyword.arg or "**": keyword.value for keyword in (call.keywords if call else [])}
    plain = {
        name: _evaluate(constants.get(node.id, node) if isinstance(node, ast.Name) else node)
        for name, node in keywords.items()
    }
    computed = tuple(name for name, value in plain.items() if value is _COMPUTED)
    return {name: value for name, value in plain.items() if name not in computed}, computed


_COMPUTED = object()


def _evaluate(node: ast.expr) -> Any:  # noqa: ANN401 - any plain value
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _COMPUTED
