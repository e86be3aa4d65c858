"""Interpreters in the Windows registry (PEP 514), which the ``py`` launcher lists too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_ROOT = r"Software\Python"
_LAUNCHER = "PyLauncher"
"""A key beside those of the companies that is not one (PEP 514)."""


def list_registered() -> list[Path]:
    """Return the interpreters that are registered, the user's first; none off Windows."""
    try:
        registry = import_module("winreg")
    except ImportError:
        return []
    return list(dict.fromkeys(read_registry(registry)))


def read_registry(registry: Any) -> Iterator[Path]:  # noqa: ANN401 - a module of Windows only
    """Yield the path of each interpreter; ``registry`` is :mod:`winreg` or works like it."""
    views = (
        (registry.HKEY_CURRENT_USER, 0),
        (registry.HKEY_LOCAL_MACHINE, registry.KEY_WOW64_64KEY),
        (registry.HKEY_LOCAL_MACHINE, registry.KEY_WOW64_32KEY),
    )
    for hive, view in views:
        access = registry.KEY_READ | view
        for company in _list_keys(registry, hive, _ROOT, access):
            if company != _LAUNCHER:
                place = f"{_ROOT}\\{company}"
                for tag in _list_keys(registry, hive, place, access):
                    key = f"{place}\\{tag}\\InstallPath"
                    path = _read_value(registry, hive, key, access)
                    if path is not None:
                        yield path


def _list_keys(registry: Any, hive: int, place: str, access: int) -> list[str]:  # noqa: ANN401
    with suppress(OSError), registry.OpenKey(hive, place, 0, access) as key:
        count = registry.QueryInfoKey(key)[0]
        return [registry.EnumKey(key, index) for index in range(count)]
    return []


def _read_value(registry: Any, hive: int, place: str, access: int) -> Path | None:  # noqa: ANN401
    """Return ``ExecutablePath``, or ``python.exe`` in the directory that is the key's value."""
    with suppress(OSError), registry.OpenKey(hive, place, 0, access) as key:
        with suppress(OSError):
            return Path(registry.QueryValueEx(key, "ExecutablePath")[0])
        return Path(registry.QueryValueEx(key, None)[0]) / "python.exe"
    return None
