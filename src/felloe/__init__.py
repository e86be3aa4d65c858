"""felloe: a PEP 517 build backend for Python packages with C or C++ code.

    [build-system]
    requires = ["felloe"]
    build-backend = "felloe"

The attributes of this module are the hooks of PEP 517 and 660.
"""

from __future__ import annotations

__version__ = "0.1.0"

_METADATA_HOOKS = ("prepare_metadata_for_build_wheel", "prepare_metadata_for_build_editable")
_HOOKS = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    *_METADATA_HOOKS,
)


def __getattr__(name: str) -> object:
    # Looked up when asked for, so that importing a part of felloe loads no other,
    # and because the engine may have no metadata hooks for the project at hand.
    if name not in _HOOKS or (name in _METADATA_HOOKS and not _engine_offers(name)):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from felloe import backend

    return getattr(backend, name)


def _engine_offers(name: str) -> bool:
    """Return whether the engine has a hook for the project in the current directory.

    It withholds its metadata hooks where an ``if.failed`` override may turn
    one wheel into another while it is being built.
    """
    from pathlib import Path

    try:
        if b"failed" not in Path("pyproject.toml").read_bytes():
            return True
        from scikit_build_core import build
    except (OSError, ImportError, ValueError):  # the hook itself will say what is wrong
        return True
    return hasattr(build, name)
