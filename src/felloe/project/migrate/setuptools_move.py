"""From setuptools with a ``CMakeExtension`` to ``[project]`` and ``[tool.scikit-build]``.

The extension class is the one of pybind11's cmake_example, which many projects
have copied: it runs CMake and lets it write the module into the wheel's tree.
scikit-build-core takes what CMake *installs*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from felloe.project.migrate.setup_script import SetupScript
from felloe.project.migrate.toml_text import add_key, render_array, render_string, replace_value

# What scikit-build-core brings or asks for itself.
_DROPPED = re.compile(
    r"(setuptools|wheel|cmake|ninja|scikit[-_]build([-_]core)?)\b(?![-_])", re.IGNORECASE
)
_MODULE = re.compile(
    r"^\s*(?:pybind11_add_module|nanobind_add_module|Python3?_add_library)\s*\(\s*([\w.-]+)",
    re.MULTILINE,
)
# Keywords of setup() that are carried over, or mean nothing any more.
_CARRIED = (
    *("name", "version", "description", "python_requires", "install_requires", "extras_require"),
    *("long_description", "long_description_content_type", "ext_modules", "cmdclass", "zip_safe"),
    *("packages", "package_dir", "setup_requires"),
)


@dataclass(frozen=True)
class SetuptoolsMove:
    """The new files, and what could not be known."""

    text: str | None
    """``pyproject.toml``; None if it cannot be written."""
    cmake: str | None
    """``CMakeLists.txt``; None if it stays."""
    remains: tuple[str, ...]


def move_setuptools(
    files: Mapping[str, str], table: Mapping[str, Any], script: SetupScript
) -> SetuptoolsMove:
    """Write what is known; say what is not."""
    remains: list[str] = []
    text = _with_build_system(files.get("pyproject.toml", ""), table)
    if text is None:
        hint = "[build-system] is written in an unusual way: set its two keys yourself"
        return SetuptoolsMove(None, None, (hint,))
    if "project" not in table:
        text = _append(text, "project", _project(files, script, remains))
    if "scikit-build" not in table.get("tool", {}):
        text = _append(text, "tool.scikit-build", _engine(files, script, remains))
    cmake = _install(files.get("CMakeLists.txt"), script, remains)
    remains += _unknown(files, script)
    return SetuptoolsMove(text, cmake, tuple(remains))


def _with_build_system(text: str, table: Mapping[str, Any]) -> str | None:
    present = table.get("build-system", {})
    kept = [item for item in present.get("requires", []) if not _DROPPED.match(item)]
    requires = render_array(["felloe", *kept])
    backend = render_string("felloe")
    if not present:
        head = f"[build-system]\nrequires = {requires}\nbuild-backend = {backend}\n"
        return head + (f"\n{text}" if text.strip() else "")
    edited = replace_value(text, "build-system", "requires", requires)
    if edited is not None and "build-backend" in present:
        return replace_value(edited, "build-system", "build-backend", backend)
    return edited and add_key(edited, "build-system", "build-backend", backend)


def _append(text: str, table: str, lines: Iterable[str]) -> str:
    body = "\n".join(lines)
    return f"{text.rstrip()}\n\n[{table}]\n{body}\n" if body else text


def _project(files: Mapping[str, str], script: SetupScript, remains: list[str]) -> Iterator[str]:
    """``[project]`` from what setup.py passes as plain values."""
    given = script.arguments
    if not {"name", "version"} <= set(given):
        remains.append("write [project] with name and version: setup.py does not say them plainly")
        return
    yield f"name = {render_string(str(given['name']))}"
    yield f"version = {render_string(str(given['version']))}"
    if isinstance(given.get("description"), str):
        yield f"description = {render_string(given['description'])}"
    if "README.md" in files:
        yield 'readme = "README.md"'
    if isinstance(given.get("python_requires"), str):
        yield f"requires-python = {render_string(given['python_requires'])}"
    if isinstance(given.get("install_requires"), list):
        yield f"dependencies = {render_array(given['install_requires'])}"
    extras = given.get("extras_require")
    if isinstance(extras, dict) and extras:
        yield ""
        yield "[project.optional-dependencies]"
        for name, items in extras.items():
            yield f"{name} = {render_array([items] if isinstance(items, str) else list(items))}"


def _engine(files: Mapping[str, str], script: SetupScript, remains: list[str]) -> Iterator[str]:
    """``[tool.scikit-build]``: where CMake's files are, which packages the wheel has."""
    sources = {module.source_dir for module in script.modules if module.source_dir not in ("", ".")}
    if len(sources) == 1:
        yield f"cmake.source-dir = {render_string(sources.pop())}"
    elif sources or "CMakeLists.txt" not in files:
        remains.append("say where CMakeLists.txt is: cmake.source-dir in [tool.scikit-build]")
    packages = script.arguments.get("packages")
    places = script.arguments.get("package_dir") or {}
    if isinstance(packages, list) and isinstance(places, dict):
        tops = dict.fromkeys(name.partition(".")[0] for name in packages)
        root = places.get("", "")
        found = [places.get(top, f"{root}/{top}" if root else top) for top in tops]
        yield f"wheel.packages = {render_array(found)}"
    elif "packages" in script.computed:
        remains.append(
            "look at the packages in the wheel: setup.py searches for them; what is not found in "
            "src/<name> or <name> is listed in wheel.packages of [tool.scikit-build]"
        )
    else:
        yield "wheel.packages = []"


def _install(text: str | None, script: SetupScript, remains: list[str]) -> str | None:
    """CMakeLists.txt with an install rule, where its one module is the one of setup.py."""
    if text is None or re.search(r"^\s*install\s*\(", text, re.MULTILINE | re.IGNORECASE):
        return None
    targets = _MODULE.findall(text)
    names = [module.name for module in script.modules]
    if len(names) != 1 or targets != [names[0].rpartition(".")[2]]:
        remains.append(
            "install the modules in CMakeLists.txt, install(TARGETS <module> LIBRARY DESTINATION "
            "<package>): what is not installed is not in the wheel"
        )
        return None
    package = names[0].rpartition(".")[0].replace(".", "/") or "."
    newline = "\r\n" if "\r\n" in text else "\n"
    rule = f"install(TARGETS {targets[0]} LIBRARY DESTINATION {package})"
    return f"{text.rstrip()}{newline}{newline}{rule}{newline}"


def _unknown(files: Mapping[str, str], script: SetupScript) -> Iterator[str]:
    """What the script does that no file says yet."""
    if script.variables:
        yield (
            f"setup.py passes {', '.join(script.variables)} to CMake: set it in "
            "[tool.scikit-build.cmake.define], or use what scikit-build-core passes, such as "
            "SKBUILD_PROJECT_VERSION"
        )
    lost = [key for key in (*script.arguments, *script.computed) if key not in _CARRIED]
    lost += [key for key in script.computed if key in _PLAIN]
    if lost:
        yield f"carry over by hand what setup.py says about {', '.join(dict.fromkeys(lost))}"
    if "[metadata]" in files.get("setup.cfg", "") or "[options]" in files.get("setup.cfg", ""):
        yield "carry over by hand what setup.cfg says: it is not read any more"
    if re.search(r"find_package\s*\(\s*(pybind11|nanobind)", files.get("CMakeLists.txt", "")):
        yield "see that build-system.requires lists the binding library that CMakeLists.txt finds"
    yield "delete setup.py when nothing in it is missed: it is not run any more"


# Of those that are carried over, the ones that are metadata.
_PLAIN = ("description", "python_requires", "install_requires", "extras_require")
