"""The directories that felloe adds to a wheel for Linux, in the wheel and once installed."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import dirname, relpath

from felloe.wheel.install_scheme import POSIX
from felloe.wheel.tags import WheelName


@dataclass(frozen=True)
class AddedDirectory:
    """A directory of the wheel that only felloe writes to."""

    member: str
    """Its path in the wheel."""

    @property
    def place(self) -> str:
        """Its path once installed, relative to the root of the environment."""
        return dirname(POSIX.locate(f"{self.member}/file"))


@dataclass(frozen=True)
class Layout:
    """The directories that felloe adds to the wheel of this name."""

    name: WheelName

    @property
    def libraries(self) -> AddedDirectory:
        """Copied libraries that only files in site-packages need."""
        return AddedDirectory(f"{self.name.distribution}.libs")

    @property
    def shared_libraries(self) -> AddedDirectory:
        """Copied libraries that files elsewhere in the environment need.

        No fixed path leads from those into site-packages.
        """
        return AddedDirectory(f"{self.name.data}/data/lib/{self.name.distribution}.libs")

    @property
    def programs(self) -> AddedDirectory:
        """Programs that had to move to where a fixed path leads to their libraries."""
        return AddedDirectory(f"{self.name.distribution}.scripts")

    def find_command(self, member: str) -> str | None:
        """Return the path below the scripts directory of a member that becomes a command."""
        place = POSIX.locate(member)
        head = POSIX.scripts + "/"
        return relpath(place, POSIX.scripts) if place.startswith(head) else None
