"""The templates of ``felloe new``. Each is a project that can be built as it is.

Its name is ``example-name`` and its package ``example_name``; a new project has
its own name in their place.
"""

from __future__ import annotations

from pathlib import Path

from felloe.project.new.name import ProjectName

BINDINGS = ("pybind11", "nanobind", "c-abi3", "cython", "ctypes")
"""The ways to bind C or C++ code to Python: each is a directory of templates."""

_SHARED = "shared"
_DISTRIBUTION, _PACKAGE = "example-name", "example_name"
# Under its own name git would apply it to the templates.
_RENAMED = {"gitignore": ".gitignore"}
_TEMPLATES = Path(__file__).with_name("templates")


def render_template(binding: str, name: ProjectName) -> dict[str, str]:
    """Return the files of a new project, sorted: path with ``/`` to text."""
    found = {**_read(_TEMPLATES / _SHARED), **_read(_TEMPLATES / binding)}
    renamed = {_RENAMED.get(path, path): text for path, text in found.items()}
    return {
        _fill(path, name): _fill(text, name)
        for path, text in sorted(renamed.items(), key=lambda item: item[0])
    }


def _fill(text: str, name: ProjectName) -> str:
    text = text.replace(_DISTRIBUTION, name.distribution)
    text = text.replace(_PACKAGE, name.package)
    return text.replace(_PACKAGE.upper(), name.package.upper())


def _read(folder: Path) -> dict[str, str]:
    """Return the texts below a directory, by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
