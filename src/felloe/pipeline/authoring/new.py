"""The story of a new project: its name, its files, its pipeline, on the disk at once."""

from __future__ import annotations

from pathlib import Path

from felloe.ci.service import render_service
from felloe.project import parse_project
from felloe.scaffold.name import ProjectName
from felloe.scaffold.template import render_template
from felloe.source_tree import write_directory

SERVICE = "github"
"""The pipeline of a new project."""


def make_project(name: ProjectName, binding: str, place: Path, *, ci: bool) -> tuple[str, ...]:
    """Write a new project to ``place``; answers the paths of its files."""
    files = render_template(binding, name)
    if ci:
        project = parse_project(place, files["pyproject.toml"])
        path, text = render_service(SERVICE, project, has_tests=True)
        files[path] = text
    write_directory(place, files)
    return tuple(files)
