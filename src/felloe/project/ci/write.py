"""The story of a pipeline file: read the project, decide, write or compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from felloe.config.project import read_project
from felloe.errors import UsageError
from felloe.project.ci.service import is_generated, render_service
from felloe.project.text_file import read_text, write_file


@dataclass(frozen=True)
class CiFile:
    """What a pipeline file should be."""

    path: Path
    text: str
    present: str | None
    """What is there now."""

    @property
    def is_current(self) -> bool:
        """Whether it is there as it should be."""
        return self.present is not None and self.present.replace("\r\n", "\n") == self.text


def plan_ci_file(root: Path, service: str, output: Path | None) -> CiFile:
    """The file of a service for the project in ``root``; ``output`` overrules its place."""
    project = read_project(root)
    path, text = render_service(service, project, has_tests=(root / "tests").is_dir())
    place = output or root / path
    return CiFile(place, text, read_text(place))


def write_ci_file(file: CiFile) -> None:
    """Write it, unless somebody else wrote what is there. Raises :class:`UsageError`."""
    if file.present is not None and not is_generated(file.present):
        raise UsageError(
            f"{file.path} was not written by felloe ci, and is left as it is",
            hint="move it away, or name another file with --output",
        )
    write_file(file.path, file.text)
