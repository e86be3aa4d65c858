"""Read the engine's import hook in an editable wheel, and add felloe's rebuild to it.

The engine writes a module that finds the project's modules and, if
``editable.rebuild`` is on, calls the ``rebuild`` method of its finder. Code at
the end of that module replaces this method.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from felloe.wheel.member import Member
from felloe.wheel.reader import StagedWheel

_TEMPLATE = Path(__file__).with_name("rebuild_hook.py")
_NAME = re.compile(r"_[^/]*editable[^/]*\.py")
_FINDERS = ("ScikitBuildRedirectingFinder", "ScikitBuildInplaceFinder")
_CALLS = ("install", "install_inplace")

_ADDITION = """

# Added by felloe: check the files, and rebuild in the environment of the first build.
def _rebuild_by_felloe(finder):
    from {module} import rebuild

    rebuild(finder)


for _finder in {finders!r}:
    if _finder in globals():
        globals()[_finder].rebuild = _rebuild_by_felloe
"""


@dataclass(frozen=True)
class ImportHook:
    """The arguments in the engine's import hook."""

    member: str
    rebuilds: bool
    """True if an import rebuilds the project."""
    path: str
    """The build directory; empty if it no longer exists."""
    prefix: str
    """Install prefix: empty if nothing is installed, relative to the hook's directory."""
    build_options: tuple[str, ...]
    """Options of `cmake --build`."""


def read_hook(staged: StagedWheel) -> ImportHook | None:
    """Return the engine's hook in an editable wheel; None if felloe does not know its form."""
    for member in staged.members:
        if _NAME.fullmatch(member.name):
            return parse_hook(member.name, bytes(member.read()).decode("utf-8", "replace"))
    return None


def parse_hook(name: str, text: str) -> ImportHook | None:
    """Parse the call at the end of a hook, using the parameter names of the called function."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
        functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        (call,) = (
            node for node in calls if isinstance(node.func, ast.Name) and node.func.id in _CALLS
        )
        parameters = [each.arg for each in functions[ast.unparse(call.func)].args.args]
        values = dict(zip(parameters, map(ast.literal_eval, call.args)))
        rebuilds, path = bool(values["rebuild"]), values["path"] or ""
        prefix = values["install_dir"] or "" if "install_dir" in parameters else ""
        options = tuple(map(str, values.get("build_options") or ()))
    except (SyntaxError, ValueError, KeyError, TypeError):
        return None
    if not any(f"class {finder}" in text and "def rebuild(self)" in text for finder in _FINDERS):
        return None
    return ImportHook(name, rebuilds, str(path), str(prefix), options)


def add_rebuild(staged: StagedWheel, hook: ImportHook, values: Mapping[str, str]) -> StagedWheel:
    """Return the wheel with felloe's rebuild module beside the engine's hook, which calls it.

    ``values`` replace the constants of the module.
    """
    stem = hook.member[: -len(".py")]
    module = f"{stem}_rebuild"
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f'{name} = "{name.lower()}"', f"{name} = {value!r}")
    addition = _ADDITION.format(module=module, finders=_FINDERS).encode()
    members = []
    for member in staged.members:
        is_hook = member.name == hook.member
        members.append(
            Member.from_bytes(member.name, bytes(member.read()) + addition) if is_hook else member
        )
    return replace(staged, members=(Member.from_bytes(f"{module}.py", text.encode()), *members))
