"""Reading ``setup.py`` without running it: the arguments of ``setup`` and the extensions."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Variables that the extension class of pybind11's cmake_example passes to CMake, and
# scikit-build-core passes too.
_KNOWN_VARIABLES = re.compile(
    r"CMAKE_(LIBRARY|RUNTIME|ARCHIVE)_OUTPUT_DIRECTORY(_\w*)?|CMAKE_BUILD_TYPE|CMAKE_MAKE_PROGRAM"
    r"|CMAKE_OSX_ARCHITECTURES|(Python3?|PYTHON|PYBIND11_PYTHON)_\w+"
)
_SOURCE_DIR = re.compile(r"(cmake_?)?(lists_?)?(source|src)_?(dir|directory)?", re.IGNORECASE)
"""Names of the parameter of an extension class that is the directory of CMakeLists.txt."""


@dataclass(frozen=True)
class CMakeModule:
    """One ``CMakeExtension(name, sourcedir)``."""

    name: str
    """Dotted: the name to import."""
    source_dir: str
    """The directory of ``CMakeLists.txt``; empty if it is not given."""


@dataclass(frozen=True)
class SetupScript:
    """The content of a ``setup.py``."""

    problem: str = ""
    """The reason why it cannot be read."""
    is_classic: bool = False
    """It imports ``skbuild``: scikit-build, the predecessor of scikit-build-core."""
    has_cmake: bool = False
    """It has an extension class that runs CMake."""
    calls_cmake: bool = False
    """It runs the program ``cmake``."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Keywords of ``setup`` whose values are plain."""
    computed: Mapping[str, str] = field(default_factory=dict)
    """The other keywords of ``setup``, with the text of their values."""
    modules: tuple[CMakeModule, ...] = ()
    unread: tuple[str, ...] = ()
    """The text of extensions, and of their arguments, that CMakeModule does not hold."""
    variables: tuple[str, ...] = ()
    """CMake variables that the script defines and scikit-build-core does not."""


def parse_setup_script(text: str) -> SetupScript:
    """Read the script."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as cause:
        line = f", line {cause.lineno}" if isinstance(cause, SyntaxError) and cause.lineno else ""
        return SetupScript(problem=f"{getattr(cause, 'msg', None) or cause}{line}")
    nodes = list(ast.walk(tree))
    classes = {
        node.name: node
        for node in nodes
        if isinstance(node, ast.ClassDef) and _is_cmake_class(node)
    }
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    modules, unread = _read_extensions(calls, classes, text)
    setups = [call for call in calls if _name_of(call.func) == "setup"]
    arguments, computed = _read_arguments(setups, _find_constants(tree), text)
    found = dict.fromkeys(re.findall(r"-D([A-Za-z_]\w*)(?:[:=]|\{)", text))
    return SetupScript(
        is_classic=any(_imports_skbuild(node) for node in nodes),
        has_cmake=bool(classes or modules),
        calls_cmake=any(isinstance(node, ast.Constant) and node.value == "cmake" for node in nodes),
        arguments=arguments,
        computed=computed,
        modules=tuple(modules),
        unread=tuple(unread),
        variables=tuple(name for name in found if not _KNOWN_VARIABLES.fullmatch(name)),
    )


def _is_cmake_class(node: ast.ClassDef) -> bool:
    bases = map(_name_of, node.bases)
    return "cmake" in node.name.lower() and any(base.endswith("Extension") for base in bases)


def _imports_skbuild(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] == "skbuild"
    return isinstance(node, ast.Import) and any(
        alias.name.partition(".")[0] == "skbuild" for alias in node.names
    )


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _read_extensions(
    calls: Iterable[ast.Call], classes: Mapping[str, ast.ClassDef], text: str
) -> tuple[list[CMakeModule], list[str]]:
    modules: list[CMakeModule] = []
    unread: list[str] = []
    for call in calls:
        name = _name_of(call.func)
        if name in classes or name == "CMakeExtension":
            given = dict(_name_arguments(call, _find_parameters(classes.get(name))))
            module, lost = _read_module(given)
            modules += [module] if module else []
            unread += [f"{name}({key}={_source(given[key], text)})" for key in lost]
        elif name.endswith("Extension"):
            unread.append(_source(call, text))
    return modules, unread


def _find_parameters(node: ast.ClassDef | None) -> list[str]:
    """Return the parameters of an extension class; by default those of pybind11's example."""
    for inner in node.body if node else ():
        if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
            return [item.arg for item in inner.args.args[1:]]
    return ["name", "sourcedir"]


def _name_arguments(call: ast.Call, parameters: list[str]) -> Iterator[tuple[str, ast.expr]]:
    for number, value in enumerate(call.args):
        yield parameters[number] if number < len(parameters) else f"argument {number + 1}", value
    for keyword in call.keywords:
        yield keyword.arg or "**", keyword.value


def _read_module(given: Mapping[str, ast.expr]) -> tuple[CMakeModule | None, list[str]]:
    """Return the module, and the arguments that it does not hold."""
    texts = {key: node.value for key, node in given.items() if isinstance(node, ast.Constant)}
    name = texts.get("name", texts.get(next(iter(given), "")))
    if not isinstance(name, str):
        return None, list(given)
    place = next((key for key in given if _SOURCE_DIR.fullmatch(key)), "")
    is_plain = isinstance(texts.get(place), str)
    held = {"name", "sources", next(iter(given)), *([place] if is_plain else [])}
    source_dir = str(texts[place]) if is_plain else ""
    return CMakeModule(name, source_dir), [key for key in given if key not in held]


def _find_constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Return the names that the script sets once, at its top level: ``__version__ = "1.2"``."""
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


def _read_arguments(
    setups: Iterable[ast.Call], constants: Mapping[str, ast.expr], text: str
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the plain values of the keywords, and the text of the others."""
    plain: dict[str, Any] = {}
    computed: dict[str, str] = {}
    for call in setups:
        for keyword in call.keywords:
            node = keyword.value
            found = constants.get(node.id, node) if isinstance(node, ast.Name) else node
            try:
                if keyword.arg is None:
                    raise ValueError  # noqa: TRY301 - **arguments
                plain[keyword.arg] = ast.literal_eval(found)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                computed[keyword.arg or "**"] = _source(node, text)
    return plain, computed


def _source(node: ast.expr, text: str) -> str:
    """Return the text of an expression, on one line."""
    words = " ".join((ast.get_source_segment(text, node) or "").split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


_LONGEST = 200
