"""scikit-build-core, called through its documented hooks in a child process.

Nothing of it is imported: the boundary is PEP 517 and 660, and the engine is
whichever version the project asks for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from collections.abc import Iterator
from pathlib import Path

from pyproject_hooks import BuildBackendHookCaller, UnsupportedOperation

from felloe.errors import EngineFailed, FelloeError
from felloe.settings import ConfigSettings

NAME = "scikit-build-core"
OLDEST = (0, 10)
"""The oldest engine that the test suite runs with."""

_BACKEND = "scikit_build_core.build"
_FRONTEND_CALL = "_PYPROJECT_HOOKS_"
_LAUNCHER = Path(__file__).parent / "launcher" / "launch.py"


class Engine:
    """The engine's hooks for one source tree.

    Its output goes where ours goes, as it comes. A hook that fails raises
    :class:`EngineFailed` with the engine's own exit code.
    """

    def __init__(self, root: Path, python: str, environ: Mapping[str, str]) -> None:
        self._root = root
        # A frontend's own call of us must not be taken for our call of the engine.
        self._environ = {k: v for k, v in environ.items() if not k.startswith(_FRONTEND_CALL)}
        self._hooks = BuildBackendHookCaller(
            str(root), _BACKEND, runner=self._run, python_executable=python
        )

    def requires(self, kind: str, config: ConfigSettings | None) -> list[str]:
        """What ``get_requires_for_build_<kind>`` answers."""
        with _named(f"get_requires_for_build_{kind}"):
            hook = getattr(self._hooks, f"get_requires_for_build_{kind}")
            return list(hook(config))

    def prepare_metadata(self, kind: str, directory: Path, config: ConfigSettings | None) -> str:
        """Have the ``.dist-info`` written to ``directory``; its name."""
        with _named(f"prepare_metadata_for_build_{kind}"):
            hook = getattr(self._hooks, f"prepare_metadata_for_build_{kind}")
            return str(hook(str(directory), config, _allow_fallback=False))

    def build(self, kind: str, directory: Path, config: ConfigSettings | None) -> Path:
        """Have a ``wheel``, ``editable`` or ``sdist`` built into ``directory``.

        The members of a wheel arrive stored, not deflated. An sdist that the
        engine refuses raises :class:`UnsupportedOperation`, as PEP 517 says.
        """
        with _named(f"build_{kind}"):
            return directory / getattr(self._hooks, f"build_{kind}")(str(directory), config)

    def _run(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        python, *rest = cmd
        environ = {**self._environ, **(extra_environ or {})}
        done = subprocess.run([python, str(_LAUNCHER), *rest], cwd=cwd, env=environ, check=False)
        if done.returncode:
            raise EngineFailed(rest[1], done.returncode)


@contextmanager
def _named(hook: str) -> Iterator[None]:
    """Check the engine's version only if it is not there or has failed."""
    try:
        yield
    except UnsupportedOperation:
        raise
    except Exception as cause:
        check_version()
        raise cause


def check_version() -> None:
    """Raises :class:`FelloeError` for an engine that is missing or too old."""
    try:
        installed = version(NAME)
    except PackageNotFoundError as cause:
        raise FelloeError(f"{NAME} is not installed", hint=_hint()) from cause
    numbers = installed.split(".")[:2]
    if all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) < OLDEST:
        raise FelloeError(f"{NAME} {installed} is too old for felloe", hint=_hint())


def _hint() -> str:
    oldest = ".".join(map(str, OLDEST))
    return f'add "{NAME}>={oldest}" to [build-system] requires'
