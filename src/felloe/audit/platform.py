"""One verdict about the platform tags of a wheel, for every system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable, NamedTuple

from felloe.audit.evidence import Evidence
from felloe.audit.object import AuditedFile
from felloe.finding import Finding
from felloe.wheel.tags import WheelName


class MissingLibrary(NamedTuple):
    """A library that a file needs and that neither the wheel nor the system contains."""

    path: str
    """The file that needs it."""
    library: str
    """The name by which the file needs it."""
    is_python: bool = False
    """The library of a Python interpreter, which a module must not link to."""


@dataclass(frozen=True)
class PlatformRequest:
    """The platform tags that a user wants."""

    wanted: str
    """``auto``, ``linux``, ``pypi`` or a policy."""
    origin: str
    """The setting that says so."""
    before: tuple[str, ...] = ()
    """The tags that the wheel has."""
    running_macos: tuple[int, int] | None = None
    """The macOS that must be able to install the wheel."""


@dataclass(frozen=True)
class PlatformChoice:
    """The platform tags to write, and the reason if they are not those requested."""

    platforms: tuple[str, ...]
    violation: Finding | None = None


@dataclass(frozen=True)
class PlatformVerdict:
    """The platform tags that the binaries of a wheel prove.

    Systems whose tags are policies have a subclass with more detail. Callers need
    only the fields and methods of this class.
    """

    platforms: tuple[str, ...]
    """The best tags that the files prove; the claimed ones if they prove none."""
    accepted: tuple[str, ...]
    """The tags to write unless others are requested: the claimed ones where they hold."""
    problems: tuple[Finding, ...]
    """Reasons why no wheel may be written under the claimed tags."""
    shortfalls: tuple[Finding, ...]
    """Promises that may hold on the build machine, but not on every machine of the system.

    Such as an older version of the system, or a library that it lacks.
    """
    missing: tuple[MissingLibrary, ...]
    """Libraries that a shortfall or a constraint is about."""
    notes: tuple[Finding, ...]

    @property
    def policy(self) -> str | None:
        """The best policy that holds, without architecture; None on systems without policies."""
        return None

    @property
    def limit(self) -> str:
        """The fact that rules out the next better tag: ``GLIBC_2.34 of libc.so.6``, or empty."""
        return ""

    @property
    def limit_reason(self) -> str:
        """The :attr:`limit` as a sentence with its file and symbols."""
        return ""

    def choose(self, request: PlatformRequest) -> PlatformChoice:
        """Choose the platform tags to write."""
        del request  # it names policies, which this system does not have
        return self._choose(self.accepted)

    def _choose(self, platforms: tuple[str, ...]) -> PlatformChoice:
        if not self.shortfalls:
            return PlatformChoice(platforms)
        lines = "\n  ".join(short.message.replace("\n", "\n  ") for short in self.shortfalls)
        outcome = " and fails elsewhere" if self.missing else ""
        message = f"the wheel is tagged {'.'.join(platforms)}{outcome}:\n  {lines}"
        return PlatformChoice(platforms, Finding(message, hint=join_hints(self.shortfalls)))


PlatformJudge = Callable[[Evidence, WheelName, frozenset[str]], PlatformVerdict]
"""Judges the platform tags of a claim by the evidence.

The third argument are needed names that the user's machine is known to have.
"""


def join_hints(findings: Sequence[Finding]) -> str:
    """Return the hints of several findings as one, each once."""
    return "; ".join(dict.fromkeys(finding.hint for finding in findings if finding.hint))


def list_paths(paths: Sequence[str]) -> str:
    """Return the first path and the number of the others."""
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def explain_missing(missing: Sequence[MissingLibrary], system: str) -> list[Finding]:
    """Return one finding for each library, whoever needs it."""
    needed: dict[tuple[str, bool], list[str]] = {}
    for item in missing:
        needed.setdefault((item.library, item.is_python), []).append(item.path)
    return [
        Finding(
            f"{library} is neither in the wheel nor a part of {system}: needed by "
            f"{list_paths(paths)}",
            hint=LINKED_PYTHON if is_python else _BRING,
            path=paths[0],
        )
        for (library, is_python), paths in needed.items()
    ]


_BRING = (
    "name its directory in `libraries.search` so that felloe copies it in, link it statically, or "
    "list it in `libraries.exclude` if every user's machine has it"
)
LINKED_PYTHON = (
    "link Python::Module (component Development.Module) and not Python::Python: a module takes "
    "the C API from the interpreter that loads it"
)


def find_strangers(
    evidence: Evidence, own: type[AuditedFile], system: str, tags: str
) -> tuple[list[Finding], list[Finding]]:
    """Return problems and notes about files that are not of the system's format ``own``.

    ``tags`` are the claimed platform tags.
    """
    problems: list[Finding] = []
    unknown: dict[str, list[str]] = {}
    for item in evidence.files:
        if isinstance(item, own):
            continue
        if item.module is not None:
            message = f"{item.path} is built for {item.built_for}, the wheel's tag says {tags}"
            problems.append(Finding(message, hint=ONE_MACHINE, path=item.path))
        else:
            unknown.setdefault(f"built for {item.built_for}, not audited", []).append(item.path)
    for opaque in evidence.opaque:
        if opaque.module is not None:
            message = f"{opaque.path} is not a module for {system} ({opaque.reason})"
            problems.append(Finding(message, hint=ONE_MACHINE, path=opaque.path))
        else:
            unknown.setdefault(opaque.reason, []).append(opaque.path)
    notes = [Finding(f"{list_paths(x)}: {why}", path=x[0]) for why, x in unknown.items()]
    return problems, notes


ONE_MACHINE = (
    "build all of the wheel for one machine; when cross compiling set "
    "_PYTHON_HOST_PLATFORM to the machine that CMake compiles for"
)
"""Hint for files that are for another machine or system than the wheel."""
