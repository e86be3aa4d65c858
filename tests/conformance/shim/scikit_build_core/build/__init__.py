"""felloe's hooks, where the engine's tests look for the engine's.

While a hook runs, the real ones are found: in this process by :func:`_real_hooks`, in the
process that felloe starts by a variable in its environment.
"""

import functools
import importlib.util
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import felloe

_PACKAGE = Path(sys.modules["scikit_build_core"].__path__[-1])
__path__ = [str(_PACKAGE / "build")]

_HOOKS = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
)


def _inside(hook):
    @functools.wraps(hook)
    def call(*arguments, **options):
        if log := os.environ.get("CONFORMANCE_LOG"):
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(f"{os.environ.get('PYTEST_CURRENT_TEST')}\t{hook.__name__}\n")
        os.environ["CONFORMANCE_INSIDE"] = "1"
        try:
            with _real_hooks(), _told(sys.stdout), _told(sys.stderr):
                return hook(*arguments, **options)
        finally:
            del os.environ["CONFORMANCE_INSIDE"]

    return call


@contextmanager
def _real_hooks():
    """Put the engine's module of hooks in the place of this one."""
    shim = sys.modules[__name__]
    place = _PACKAGE / "build" / "__init__.py"
    spec = importlib.util.spec_from_file_location(__name__, place)
    sys.modules[__name__] = real = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(real)
        yield
    finally:
        sys.modules[__name__] = shim


@contextmanager
def _told(stream):
    """Has the words of the engine's process pass through this process' own stream."""
    number = 1 if stream is sys.stdout else 2
    kept = os.dup(number)
    with tempfile.TemporaryFile("w+") as words:
        os.dup2(words.fileno(), number)
        try:
            yield
        finally:
            os.dup2(kept, number)
            os.close(kept)
            words.seek(0)
            stream.write(words.read())


def __getattr__(name):
    if name not in _HOOKS:
        raise AttributeError(name)
    return _inside(getattr(felloe, name))


__all__ = [name for name in _HOOKS if hasattr(felloe, name)]
