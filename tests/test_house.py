"""The house of docs/design.md, held against what the modules really import and touch."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "felloe"
# The package itself is a door, and so is `python -m felloe`.
DOORS = ("felloe", "felloe.__main__")
# Who may read the surroundings of the process, and who may print.
READERS = ("felloe.python", "felloe.backend", "felloe.cli")
PRINTER = "felloe.terminal"
# Scripts that run in the engine's process and in a user's, not parts of ours.
LAUNCHERS = ("felloe.build.engine_process", "felloe.build.editable.rebuild_hook")


def module_name(path):
    parts = ("felloe", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {
    module_name(path): ast.parse(path.read_text(encoding="utf-8"), path.name)
    for path in sorted(SOURCE.rglob("*.py"))
    if "templates" not in path.parts  # other projects
}


def read_floors():
    """The table of docs/design.md: a module or package of felloe, and its floor."""
    floors = dict.fromkeys(DOORS, 5)
    text = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    for floor, names in re.findall(r"^\| (\d) \w+ \| ((?:`[\w/]+` ?)+)\|", text, re.MULTILINE):
        for name in re.findall(r"`([\w/]+)`", names):
            floors["felloe." + name.rstrip("/")] = int(floor)
    return floors


FLOORS = read_floors()


def floor_of(module):
    """The floor of a module, or of the package that it is in."""
    part = module
    while part not in FLOORS:
        part = part.rpartition(".")[0]
        if part in ("", "felloe"):
            return None
    return FLOORS[part]


def imports_of(tree, module):
    """felloe's own modules that a module imports anywhere, also inside functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: relative import in line {node.lineno}"
            # `from felloe import terminal` is a module, `from felloe import __version__` is not.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & set(TREES)) or {node.module}
    return {name for name in found if name.partition(".")[0] == "felloe"}


def test_the_table_is_read():
    """Otherwise all that follows would be true of nothing."""
    assert sorted(set(FLOORS.values())) == [0, 1, 2, 3, 4, 5]
    assert FLOORS["felloe.errors"] == 0
    assert FLOORS["felloe.binary"] == 1


@pytest.mark.parametrize("module", TREES)
def test_every_module_has_a_floor(module):
    assert floor_of(module) is not None


def test_the_table_names_nothing_that_is_gone():
    packages = {name.rpartition(".")[0] for name in TREES}
    assert set(FLOORS) <= set(TREES) | packages


def is_above(one, other):
    """What has no floor at all is another test's business."""
    return None not in (one, other) and one > other


@pytest.mark.parametrize("module", TREES)
def test_imports_go_down(module):
    floor = floor_of(module)
    floors = {
        name: floor_of(name)
        for name in imports_of(TREES[module], module)
        if name != "felloe"  # everybody may ask the package for its version
    }
    upward = {name for name, other in floors.items() if is_above(other, floor)}
    assert not upward


def test_imports_have_no_cycle():
    graph = {
        module: imports_of(tree, module) - {"felloe"}
        for module, tree in TREES.items()
        if module != "felloe"
    }
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError
    assert set(order) >= set(graph)


def test_the_package_gives_only_its_version():
    """What others take from `felloe` itself cannot draw a door in."""
    taken = {
        alias.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "felloe"
        for alias in node.names
    }
    assert {name for name in taken if f"felloe.{name}" not in TREES} <= {"__version__"}


def names_in(tree):
    """Every dotted name that a module uses; what it imports comes after the word import."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            yield ast.unparse(node)
        elif isinstance(node, ast.Import):
            yield from (f"import {alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"import {node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (r"print|sys\.std(out|err)\.write", (PRINTER,)),
        (
            r"(import )?os\.(environb?|getenvb?|putenv|unsetenv)",
            (*READERS, PRINTER, "felloe.build.engine", "felloe.build.cache.directory"),
        ),
        (r"import (sysconfig|platform)(\..*)?", READERS),
        (
            r"Path\.(cwd|home)|(import )?os\.getcwdb?|.*\.expanduser",
            (*READERS, "felloe.build.cache.directory"),
        ),
        (r"(.*\.)?f?chdir", ()),
        (r"import scikit_build_core(\..*)?", ("felloe",)),
    ],
)
def test_only_some_may(pattern, allowed):
    """Facts come in through few doors, words go out through one, the engine stays outside."""
    others = {
        (module, name)
        for module, tree in TREES.items()
        if module not in allowed and module.rpartition(".")[0] not in set(allowed) - {"felloe"}
        for name in names_in(tree)
        if module not in LAUNCHERS and re.fullmatch(pattern, name)
    }
    assert not others


def read_dependencies():
    """What pyproject.toml says is installed with felloe, as names to import."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = re.compile(r"^(?:dependencies|fast|cli|isa) = \[(.*?)\]", re.MULTILINE | re.DOTALL)
    listings = table.findall(text)
    return {
        name.replace("-", "_") for text in listings for name in re.findall(r'"([a-z][\w-]+)', text)
    }


@pytest.mark.skipif(not hasattr(sys, "stdlib_module_names"), reason="Python 3.10 has the list")
@pytest.mark.parametrize("module", TREES)
def test_only_declared_packages_are_imported(module):
    """Another package may be there by chance, because a dependency asked for it."""
    names = {
        name[len("import ") :].partition(".")[0]
        for name in names_in(TREES[module])
        if name.startswith("import ")
    }
    assert names <= {"felloe", *sys.stdlib_module_names, *read_dependencies()}


def test_the_checks_can_fail():
    text = "import os, felloe.cli.main\nprint(os.environ['X'])\ndef f():\n import platform"
    tree = ast.parse(text)
    assert {"print", "os.environ", "import platform"} <= set(names_in(tree))
    assert imports_of(tree, "felloe.wheel.tags") == {"felloe.cli.main"}
    assert floor_of("felloe.cli.main") > floor_of("felloe.wheel.tags")
