"""The CI services that there are files for."""

from __future__ import annotations

from felloe.config.project import Project
from felloe.project.ci import appveyor, github, gitlab, travis
from felloe.project.ci.layout import MARK
from felloe.project.ci.option import read_ci_options
from felloe.project.ci.pipeline import plan_pipeline

_MODULES = {"github": github, "gitlab": gitlab, "appveyor": appveyor, "travis": travis}

SERVICES = tuple(_MODULES)


def render_service(service: str, project: Project, *, has_tests: bool) -> tuple[str, str]:
    """(where the file belongs below the project, its text). Raises :class:`FelloeError`."""
    module = _MODULES[service]
    table = project.felloe
    options = read_ci_options(table.get("ci", {}) if isinstance(table, dict) else {})
    pipeline = plan_pipeline(project, options, tuple(module.RUNNERS), has_tests=has_tests)
    return module.PATH, module.render(pipeline)


def is_generated(text: str) -> bool:
    """Whether a file was written by this command, and may be written again."""
    return text.startswith(MARK)
