"""Write a new project with its CI workflow, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from felloe.config.project import parse_project
from felloe.project.ci.write import render_service
from felloe.project.new.name import ProjectName
from felloe.project.new.template import render_template
from felloe.project.text_file import write_directory

SERVICE = "github"
"""The CI service of a new project."""


def make_project(name: ProjectName, binding: str, place: Path, *, ci: bool) -> tuple[str, ...]:
    """Write a new project to ``place``; return the paths of its files."""
    files = render_template(binding, name)
    if ci:
        project = parse_project(place, files["pyproject.toml"])
        path, text = render_service(SERVICE, project)
        files[path] = text
    write_directory(place, files)
    return tuple(files)
