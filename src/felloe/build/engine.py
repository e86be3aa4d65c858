"""scikit-build-core, called through its documented hooks in a child process.

Nothing of it is imported: the boundary is PEP 517 and 660, and the engine is
whichever version the project asks for.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pyproject_hooks import BuildBackendHookCaller

from felloe.config.settings import ConfigSettings
from felloe.errors import EngineFailed, FelloeError

NAME = "scikit-build-core"
OLDEST = (0, 10)
"""The oldest engine that the test suite runs with."""

_PACKAGE = "scikit_build_core"
_BACKEND = "scikit_build_core.build"
_FRONTEND_CALL = "_PYPROJECT_HOOKS_"
_INSTALL_ROOT = "DESTDIR"
"""Where ``make install`` puts all, and CMake too: the engine would find nothing in its place."""
_LAUNCHER = Path(__file__).parent / "launcher" / "launch.py"


class Engine:
    """The engine's hooks for one source tree.

    Its output goes where ours goes, as it comes. A hook that fails raises
    :class:`EngineFailed` with the engine's own exit code.
    """

    def __init__(
        self,
        root: Path,
        python: str,
        environ: Mapping[str, str],
        inherited: tuple[int, ...] = (),
    ) -> None:
        """``inherited`` are file descriptors that the child keeps open: locks."""
        self._root, self._python, self._inherited = root, python, inherited
        # A frontend's own call of us must not be taken for our call of the engine.
        self._environ = {
            name: value
            for name, value in environ.items()
            if name != _INSTALL_ROOT and not name.startswith(_FRONTEND_CALL)
        }
        self._hooks = BuildBackendHookCaller(
            str(root), _BACKEND, runner=self._run, python_executable=python
        )

    def holding(self, descriptor: int) -> Engine:
        """The same, keeping a lock for as long as it runs, even if we are killed."""
        inherited = (*self._inherited, descriptor)
        return Engine(self._root, self._python, self._environ, inherited)

    def moved(self, python: str, environ: Mapping[str, str]) -> Engine:
        """The engine of another interpreter, with other variables."""
        return Engine(self._root, python, environ, self._inherited)

    def with_environ(self, environ: Mapping[str, str]) -> Engine:
        """The same, with other variables."""
        return Engine(self._root, self._python, environ, self._inherited)

    def requires(self, kind: str, config: ConfigSettings | None) -> list[str]:
        """What ``get_requires_for_build_<kind>`` answers."""
        return list(self._call(f"get_requires_for_build_{kind}", config))

    def prepare_metadata(self, kind: str, directory: Path, config: ConfigSettings | None) -> str:
        """Have the ``.dist-info`` written to ``directory``; its name."""
        hook = f"prepare_metadata_for_build_{kind}"
        return str(self._call(hook, str(directory), config, _allow_fallback=False))

    def build(self, kind: str, directory: Path, config: ConfigSettings | None) -> Path:
        """Have a ``wheel``, ``editable`` or ``sdist`` built into ``directory``.

        The members of a wheel arrive stored, not deflated.
        """
        return directory / str(self._call(f"build_{kind}", str(directory), config))

    def _call(self, hook: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - JSON
        check_version()
        return getattr(self._hooks, hook)(*arguments, **options)

    def _run(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        python, script, hook, *rest = cmd
        command = [python, str(_LAUNCHER), script, hook, *rest]
        environ = {**self._environ, **(extra_environ or {})}
        with subprocess.Popen(command, cwd=cwd, env=environ, pass_fds=self._inherited) as child:
            try:
                child.wait()
            except KeyboardInterrupt:
                # Ctrl-C reached the child too. subprocess.run would kill it after 0.25 s,
                # amid the removal of its build directory.
                child.wait()
                raise
        if child.returncode:
            raise EngineFailed(hook, child.returncode)


def check_version() -> None:
    """Raises :class:`FelloeError` for an engine that is missing or too old.

    The version stands in the name of the ``.dist-info`` directory beside the
    package; asking :mod:`importlib.metadata` would cost every hook 15 ms.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise FelloeError(f"{NAME} is not installed", hint=_hint())
    for found in Path(spec.origin).parent.parent.glob(f"{_PACKAGE}-*.dist-info"):
        version = found.name[len(_PACKAGE) + 1 : -len(".dist-info")]
        numbers = version.split(".")[:2]
        if all(number.isdigit() for number in numbers) and tuple(map(int, numbers)) < OLDEST:
            raise FelloeError(f"{NAME} {version} is too old for felloe", hint=_hint())


def _hint() -> str:
    oldest = ".".join(map(str, OLDEST))
    return f'add "{NAME}>={oldest}" to [build-system] requires'
