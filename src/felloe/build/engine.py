"""scikit-build-core, called through its documented hooks (PEP 517 and 660).

The project chooses the version of the engine. felloe calls the hooks for
requirements, metadata and sdists in its own process. It builds wheels in a child
process, because the kept build environment has another interpreter.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from felloe.config.settings import ConfigSettings
from felloe.errors import EngineFailed, FelloeError

NAME = "scikit-build-core"
OLDEST = (0, 10)
"""The oldest engine that the test suite runs with."""

_PACKAGE = "scikit_build_core"
_FRONTEND_CALL = "_PYPROJECT_HOOKS_"
"""Prefix of the variables by which a frontend names the hook that it calls."""
_INSTALL_ROOT = "DESTDIR"
"""CMake and make install below this directory. The engine would not find the files there."""


@dataclass(frozen=True)
class Engine:
    """The hooks of the engine for one source tree.

    Its output goes to the same streams as felloe's. A hook that fails raises
    :class:`EngineFailed` with the engine's own exit code.
    """

    root: Path
    python: str
    environ: Mapping[str, str]
    locks: Sequence[int] = ()
    """File descriptors that the child process keeps open."""

    def requires(self, kind: str, config: ConfigSettings | None) -> list[str]:
        """Return the answer of ``get_requires_for_build_<kind>``."""
        return list(self._ask(f"get_requires_for_build_{kind}", config))

    def prepare_metadata(self, kind: str, directory: Path, config: ConfigSettings | None) -> str:
        """Write the ``.dist-info`` below ``directory`` and return its name."""
        return str(self._ask(f"prepare_metadata_for_build_{kind}", str(directory), config))

    def build_sdist(self, directory: Path, config: ConfigSettings | None) -> Path:
        """Build an sdist into ``directory``."""
        return directory / str(self._ask("build_sdist", str(directory), config))

    def build(
        self, kind: str, directory: Path, config: ConfigSettings | None, scratch: str = ""
    ) -> Path:
        """Build a ``wheel`` or ``editable`` into ``directory``, its members stored.

        ``scratch`` is the path of the engine's temporary directory, which holds
        the install prefix. It must not exist. If it is empty, the path is random.
        """
        request = {
            "hook": f"build_{kind}",
            "arguments": [str(directory), config],
            "scratch": scratch,
        }
        return directory / str(self._run(request))

    def _ask(self, hook: str, *arguments: object) -> Any:  # noqa: ANN401 - JSON
        """Call a hook in this process."""
        check_version()
        from felloe.build.engine_process import call_hook

        with _process_environ(_filter(self.environ)):
            try:
                return call_hook(hook, arguments)
            except SystemExit as end:
                raise EngineFailed(hook, end.code if isinstance(end.code, int) else 1) from None

    def _run(self, request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Call a hook in a child process."""
        check_version()
        import json
        import subprocess
        from tempfile import TemporaryDirectory

        script = str(Path(__file__).with_name("engine_process.py"))
        with TemporaryDirectory(prefix="felloe-") as place:
            asked, answer = Path(place, "request.json"), Path(place, "answer.json")
            asked.write_text(json.dumps(request), encoding="utf-8")
            command = [self.python, script, str(asked), str(answer)]
            environ, locks = _filter(self.environ), tuple(self.locks)
            with subprocess.Popen(command, cwd=self.root, env=environ, pass_fds=locks) as child:
                try:
                    child.wait()
                except KeyboardInterrupt:
                    # Ctrl-C reached the child too. subprocess.run would kill it after 0.25 s,
                    # while it deletes its build directory.
                    child.wait()
                    raise
            if child.returncode:
                raise EngineFailed(request["hook"], child.returncode)
            return json.loads(answer.read_text(encoding="utf-8"))


def _filter(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name != _INSTALL_ROOT and not name.startswith(_FRONTEND_CALL)
    }


@contextmanager
def _process_environ(environ: Mapping[str, str]) -> Iterator[None]:
    """Set the variables of this process until the block ends."""
    before = dict(os.environ)
    for name in before.keys() - environ.keys():
        del os.environ[name]
    os.environ.update(environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def check_version() -> None:
    """Raise :class:`FelloeError` if the engine is missing or too old.

    The version stands in the name of the ``.dist-info`` directory beside the
    package. :mod:`importlib.metadata` would cost every hook 15 ms.
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
