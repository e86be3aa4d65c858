"""Reading ``setup.cfg``: its metadata as the arguments of ``setup`` that they stand for."""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from typing import Any

_NAMES = {
    ("metadata", "home_page"): "url",
    ("metadata", "home-page"): "url",
    ("metadata", "summary"): "description",
    ("metadata", "classifier"): "classifiers",
    ("metadata", "author-email"): "author_email",
    ("metadata", "description-file"): "long_description",
}
_LISTS = ("classifiers", "install_requires", "setup_requires", "packages", "keywords")
_PAIRS = ("project_urls", "package_dir")


@dataclass(frozen=True)
class SetupConfig:
    """The content of a ``setup.cfg``."""

    arguments: dict[str, Any] = field(default_factory=dict)
    """Keywords of ``setup`` with plain values."""
    computed: dict[str, str] = field(default_factory=dict)
    """Keywords of ``setup`` whose values are read from elsewhere: ``attr: package.version``."""
    problem: str = ""
    """The reason why it cannot be read."""


class _Parser(configparser.RawConfigParser):
    """A parser that keeps the case of keys: extras have one."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def parse_setup_config(text: str) -> SetupConfig:
    """Read ``[metadata]``, ``[options]`` and the tables below ``[options]``."""
    parser = _Parser(delimiters=("=",), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as cause:
        return SetupConfig(problem=str(cause).splitlines()[0])
    arguments: dict[str, Any] = {}
    computed: dict[str, str] = {}
    for section in parser.sections():
        if section in ("metadata", "options"):
            for key, value in parser.items(section):
                name = _NAMES.get((section, key), key.replace("-", "_"))
                if value.lstrip().startswith(("attr:", "file:", "find:", "find_namespace:")):
                    computed[name] = value.strip()
                else:
                    arguments[name] = _read_value(name, value)
        elif section == "options.extras_require":
            arguments["extras_require"] = {k: _lines(v) for k, v in parser.items(section)}
        elif section == "options.entry_points":
            arguments["entry_points"] = {k: _lines(v) for k, v in parser.items(section)}
        elif section.startswith("options."):
            computed[section] = ", ".join(f"{k} = {v}" for k, v in parser.items(section))
    return SetupConfig(arguments, computed)


def _read_value(name: str, value: str) -> Any:  # noqa: ANN401 - a string, list or mapping
    if name in _LISTS:
        return _lines(value)
    if name in _PAIRS:
        return {k.strip(): v.strip() for k, _, v in (line.partition("=") for line in _lines(value))}
    return value.strip()


def _lines(value: str) -> list[str]:
    """Return the items of a list, which stand on lines of their own or behind commas."""
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if len(lines) == 1 and ";" not in lines[0] and not any(c in lines[0] for c in "<>=~"):
        return [item.strip() for item in lines[0].split(",") if item.strip()]
    return [line for line in lines if not line.startswith("#")]
