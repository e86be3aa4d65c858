"""The templates of ``felloe new``: each is a project that could be built as it lies there.

Its name is ``example-name``, its package ``example_name``; a new project is the
same files with another name.
"""

from __future__ import annotations

from pathlib import Path

from felloe.project.new.name import ProjectName

BINDINGS = ("pybind11", "nanobind", "c-abi3", "cython", "ctypes")
"""How the code can be bound to Python: each is a folder of templates."""

_SHARED = "shared"
_DISTRIBUTION, _PACKAGE = "example-name", "example_name"
# Under its own name it would speak of the templates.
_RENAMED = {"gitignore": ".gitignore"}
_TEMPLATES = Path(__file__).with_name("templates")


def render_template(binding: str, name: ProjectName) -> dict[str, str]:
    """The files of a new project: path with ``/`` to text, in the order of the paths."""
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
    """The texts below a folder, by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
