"""Write the file of a CI service: read the project, plan, write or compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from felloe.config.build_table import read_build_table
from felloe.config.ci_table import read_ci_options
from felloe.config.project import Project, read_project
from felloe.errors import UsageError
from felloe.project.ci import appveyor, github, gitlab, travis
from felloe.project.ci.layout import MARK
from felloe.project.ci.pipeline import plan_pipeline
from felloe.project.text_file import read_text, write_file

_MODULES = {"github": github, "gitlab": gitlab, "appveyor": appveyor, "travis": travis}

SERVICES = tuple(_MODULES)
"""The services that there are files for."""


@dataclass(frozen=True)
class CiFile:
    """The file of a service."""

    path: Path
    text: str
    present: str | None
    """The text on the disk."""

    @property
    def is_current(self) -> bool:
        """Return whether the disk has the right text, whatever its line ends."""
        return self.present is not None and self.present.replace("\r\n", "\n") == self.text


def render_service(service: str, project: Project) -> tuple[str, str]:
    """Return the path below the project, and the text. Raises :class:`FelloeError`."""
    module = _MODULES[service]
    tool = project.felloe if isinstance(project.felloe, dict) else {}
    options = read_ci_options(tool.get("ci", {}))
    pythons = read_build_table(tool.get("build", {})).python
    return module.PATH, module.render(plan_pipeline(project, options, pythons, module.RUNNERS))


def plan_ci_file(root: Path, service: str, output: Path | None) -> CiFile:
    """Return the file of a service for the project in ``root``; ``output`` replaces its path."""
    path, text = render_service(service, read_project(root))
    place = output or root / path
    return CiFile(place, text, read_text(place))


def write_ci_file(file: CiFile) -> None:
    """Write the file. Raises :class:`UsageError` if another program wrote the present one."""
    if file.present is not None and not file.present.startswith(MARK):
        raise UsageError(
            f"{file.path} was not written by felloe ci, and is left as it is",
            hint="move it away, or name another file with --output",
        )
    write_file(file.path, file.text)
