"""From setuptools with a ``CMakeExtension`` to ``[project]`` and ``[tool.scikit-build]``.

The extension class is the one of pybind11's cmake_example, which many projects
have copied: it runs CMake, which writes the module into the tree of the wheel.
scikit-build-core takes the files that CMake *installs*.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from felloe.project.migrate.metadata import HELD, convert_metadata
from felloe.project.migrate.setup_cfg import SetupConfig, parse_setup_config
from felloe.project.migrate.setup_script import SetupScript
from felloe.project.migrate.toml_document import (
    add_dotted,
    make_array,
    open_table,
    parse_document,
    render_document,
    set_value,
)

# Requirements that scikit-build-core brings or asks for itself.
_DROPPED = re.compile(
    r"(setuptools|setuptools[-_]scm|wheel|cmake|ninja|scikit[-_]build([-_]core)?)\b(?![-_])",
    re.IGNORECASE,
)
_MODULE = re.compile(
    r"^\s*(?:pybind11_add_module|nanobind_add_module|Python3?_add_library)\s*\(\s*([\w.-]+)",
    re.MULTILINE | re.IGNORECASE,
)
_READMES = ("README.md", "README.rst", "README.txt", "README")
# Arguments of setup() that this module converts, or that mean nothing for another backend.
_HANDLED = (
    *HELD,
    *("long_description", "long_description_content_type", "ext_modules", "packages"),
    *("package_dir", "setup_requires", "zip_safe"),
)


@dataclass(frozen=True)
class SetuptoolsMove:
    """The new files, and the list of what a person has to complete."""

    text: str
    """``pyproject.toml``."""
    cmake: str | None
    """``CMakeLists.txt``; None if it stays."""
    remains: tuple[str, ...]


def move_setuptools(
    files: Mapping[str, str], table: Mapping[str, Any], script: SetupScript
) -> SetuptoolsMove:
    """Convert what is written plainly, and list the rest."""
    config = parse_setup_config(files.get("setup.cfg", ""))
    arguments = {**script.arguments, **config.arguments}
    remains: list[str] = []
    document = parse_document(files.get("pyproject.toml", ""), "pyproject.toml")
    _set_build_system(document, table, arguments, remains)
    lost = _set_project(document, table, arguments, files)
    if "scikit-build" not in table.get("tool", {}):
        engine = dict(_choose_engine_options(files, script, arguments, remains))
        if "project" in table:  # where setuptools finds packages by itself
            engine = {key: value for key, value in engine.items() if value != []}
        for key, value in engine.items():
            add_dotted(open_table(document, "tool", "scikit-build"), key, value)
    cmake = _add_install_rule(files.get("CMakeLists.txt"), script, remains)
    remains += _list_losses(
        script, config, lost, has_readme=any(name in files for name in _READMES)
    )
    remains += _list_checks(files, script)
    if "setuptools" in table.get("tool", {}):
        remains.append(
            "[tool.setuptools] is not read any more: list packages in wheel.packages of "
            "[tool.scikit-build], and delete the table"
        )
    return SetuptoolsMove(render_document(document), cmake, tuple(remains))


def _set_build_system(
    document: Any,  # noqa: ANN401 - a document of tomlkit
    table: Mapping[str, Any],
    arguments: Mapping[str, Any],
    remains: list[str],
) -> None:
    present = table.get("build-system", {}).get("requires", [])
    asked = arguments.get("setup_requires", [])
    if not isinstance(asked, (list, tuple)):
        asked = [asked]
    wanted = dict.fromkeys([*present, *map(str, asked)])
    dropped = [item for item in wanted if re.match(r"setuptools[-_]scm", item)]
    if dropped:
        remains.append(
            "setuptools-scm computes the version: set metadata.version.provider to "
            '"scikit_build_core.metadata.setuptools_scm" in [tool.scikit-build], and add '
            "setuptools-scm to build-system.requires"
        )
    system = open_table(document, "build-system")
    kept = [item for item in wanted if not _DROPPED.match(item)]
    system["requires"] = make_array(["felloe", *kept])
    system["build-backend"] = "felloe"


def _set_project(
    document: Any,  # noqa: ANN401 - a document of tomlkit
    table: Mapping[str, Any],
    arguments: Mapping[str, Any],
    files: Mapping[str, str],
) -> list[str]:
    """Add the keys that ``[project]`` does not have; return the arguments that are lost."""
    values, lost = convert_metadata(arguments)
    readme = next((name for name in _READMES if name in files), None)
    if readme:
        order = ("name", "version", "description")
        first = {key: values[key] for key in order if key in values}
        values = {**first, "readme": readme, **values}
    present = table.get("project", {})
    missing = {key: value for key, value in values.items() if key not in present}
    project = open_table(document, "project")
    for key, value in missing.items():
        set_value(project, key, value)
    dynamic = [key for key in present.get("dynamic", []) if key not in missing]
    if dynamic != present.get("dynamic", []):
        if dynamic:
            project["dynamic"] = make_array(dynamic)
        else:
            del project["dynamic"]
    return lost


def _choose_engine_options(
    files: Mapping[str, str],
    script: SetupScript,
    arguments: Mapping[str, Any],
    remains: list[str],
) -> Iterator[tuple[str, Any]]:
    """``[tool.scikit-build]``: the directory of CMakeLists.txt, the packages of the wheel."""
    sources = {module.source_dir for module in script.modules if module.source_dir not in ("", ".")}
    if len(sources) == 1:
        yield "cmake.source-dir", sources.pop()
    elif sources or "CMakeLists.txt" not in files:
        remains.append(
            "set cmake.source-dir in [tool.scikit-build] to the directory of CMakeLists.txt"
        )
    packages, places = arguments.get("packages"), arguments.get("package_dir") or {}
    if (
        isinstance(packages, (list, tuple))
        and isinstance(places, dict)
        and all("find" not in str(name) for name in packages)
    ):
        tops = dict.fromkeys(str(name).partition(".")[0] for name in packages)
        root = places.get("", "")
        found = [places.get(top, f"{root}/{top}" if root else top) for top in tops]
        yield "wheel.packages", found
    elif "packages" not in arguments and "packages" not in script.computed:
        yield "wheel.packages", []


def _add_install_rule(text: str | None, script: SetupScript, remains: list[str]) -> str | None:
    """Return CMakeLists.txt with an install rule if its one module is the one of setup.py."""
    if text is None or re.search(r"^\s*install\s*\(", text, re.MULTILINE | re.IGNORECASE):
        return None
    targets = _MODULE.findall(text)
    names = [module.name for module in script.modules]
    if len(names) != 1 or targets != [names[0].rpartition(".")[2]]:
        remains.append(
            "add install(TARGETS <module> LIBRARY DESTINATION <package>) to CMakeLists.txt: the "
            "wheel contains only the modules that CMake installs"
        )
        return None
    package = names[0].rpartition(".")[0].replace(".", "/") or "."
    newline = "\r\n" if "\r\n" in text else "\n"
    rule = f"install(TARGETS {targets[0]} LIBRARY DESTINATION {package})"
    return f"{text.rstrip()}{newline}{newline}{rule}{newline}"


def _list_losses(
    script: SetupScript, config: SetupConfig, lost: list[str], *, has_readme: bool
) -> Iterator[str]:
    """List the arguments that no new file holds, with their text."""
    computed = {**script.computed, **config.computed}
    both = {**script.arguments, **config.arguments}
    for key, text in computed.items():
        if key not in both and not _is_needless(key, text, has_readme=has_readme):
            yield f"{key}: it is not a plain value: `{text}`. {_ADVICE.get(key, _DEFAULT_ADVICE)}"
    unhandled = [key for key in both if key not in _HANDLED]
    unhandled += ["package_dir"] * ("packages" in computed and "package_dir" in both)
    unhandled += ["long_description"] * bool(both.get("long_description") and not has_readme)
    for key in dict.fromkeys([*lost, *unhandled]):
        yield f"{key}: {both[key]!r}. {_ADVICE.get(key, _DEFAULT_ADVICE)}"
    for text in script.unread:
        yield f"the extension has an argument that is not converted: `{text}`"
    if config.problem:
        yield f"setup.cfg cannot be read: {config.problem}"


def _is_needless(key: str, text: str, *, has_readme: bool) -> bool:
    """Return whether the other files say the same as an argument of setup()."""
    if key == "cmdclass":  # the class that runs CMake
        return set(re.findall(r"(\w+)[\"']?\s*[:=]", text)) <= {"build_ext"}
    return key in ("ext_modules", "zip_safe") or (key.startswith("long_desc") and has_readme)


_DEFAULT_ADVICE = "Carry it over by hand"
_ADVICE = {
    "name": "Write it to [project]",
    "version": (
        "Write it to [project], or let scikit-build-core read it from a file: dynamic = "
        '["version"] and [tool.scikit-build.metadata.version]'
    ),
    "packages": (
        "scikit-build-core finds src/<name> and <name>; list others in wheel.packages of "
        "[tool.scikit-build]"
    ),
    "license": "Write an SPDX expression to project.license, such as MIT or BSD-3-Clause",
    "package_data": "The wheel contains all files of its packages; exclude some with wheel.exclude",
    "include_package_data": "The wheel contains all files of its packages",
}


def _list_checks(files: Mapping[str, str], script: SetupScript) -> Iterator[str]:
    """List what a person has to check."""
    if script.variables:
        yield (
            f"setup.py passes {', '.join(script.variables)} to CMake: set it in "
            "[tool.scikit-build.cmake.define], or use a variable of scikit-build-core such as "
            "SKBUILD_PROJECT_VERSION"
        )
    if re.search(r"find_package\s*\(\s*(pybind11|nanobind)", files.get("CMakeLists.txt", "")):
        yield "check that build-system.requires lists the binding library of CMakeLists.txt"
    yield "delete setup.py after you have carried over what is listed: it is not run any more"
