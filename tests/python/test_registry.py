"""Interpreters of PEP 514, read from a registry that stands in for Windows'."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from felloe.python.registry import list_registered, read_registry

PYTHON = r"Software\Python"


def make_registry(values):
    """``values``: (hive, key, name) -> text."""

    @contextmanager
    def open_key(hive, place, _reserved, _access):
        names = {
            key[len(place) + 1 :].partition("\\")[0]
            for h, key, _ in values
            if h == hive and key.startswith(f"{place}\\")
        }
        here = {name: text for (h, key, name), text in values.items() if (h, key) == (hive, place)}
        if not names and not here:
            raise FileNotFoundError(place)
        yield SimpleNamespace(names=sorted(names), values=here)

    def query(key, name):
        if name not in key.values:
            raise FileNotFoundError(name)
        return key.values[name], 1

    return SimpleNamespace(
        HKEY_CURRENT_USER=1,
        HKEY_LOCAL_MACHINE=2,
        KEY_READ=4,
        KEY_WOW64_64KEY=8,
        KEY_WOW64_32KEY=16,
        OpenKey=open_key,
        QueryInfoKey=lambda key: (len(key.names), 0, 0),
        EnumKey=lambda key, index: key.names[index],
        QueryValueEx=query,
    )


def test_paths_of_each_company_and_hive():
    registry = make_registry(
        {
            (1, rf"{PYTHON}\PythonCore\3.13\InstallPath", "ExecutablePath"): r"C:/U/313/python.exe",
            (1, rf"{PYTHON}\PyLauncher\3.13\InstallPath", "ExecutablePath"): r"C:/no/py.exe",
            (2, rf"{PYTHON}\ContinuumAnalytics\Anaconda\InstallPath", None): r"C:/conda",
            (2, rf"{PYTHON}\PythonCore\3.12\Modules", "x"): "no InstallPath",
        }
    )
    found = list(dict.fromkeys(read_registry(registry)))
    assert found == [Path("C:/U/313/python.exe"), Path("C:/conda/python.exe")]


def test_no_registry_off_windows():
    assert list_registered() == []
