"""The rules of ``felloe check``, and the findings about them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from felloe.finding import Finding


class Rule(Enum):
    """A rule: its name in the output, its demand, and the source of the demand."""

    ARCHIVE = (
        "archive",
        "a sound zip file (wheel) or gzipped tar file (sdist) that all readers read alike (PyPI)",
    )
    MEMBER = ("member", "members stay inside, wherever they are unpacked (PEP 721)")
    SIZE = ("size", "at most 100 MiB a file, unless PyPI was asked for more (note)")
    FILE_NAME = (
        "file-name",
        "named after the project and version in its metadata (PEP 427, 440, 503, 625)",
    )
    LOCAL_VERSION = ("local-version", "no local version, such as 1.0+cpu (PyPI, PEP 440)")
    TAG_ORDER = (
        "tag-order",
        "each compressed set of tags is sorted (PEP 425; a note, PyPI does not ask for it yet)",
    )
    PLATFORM_TAG = ("platform-tag", "a platform that PyPI knows and that means something (PyPI)")
    PROOF = ("proof", "the tags are true of the binaries, as `felloe audit` proves them")
    DIST_INFO = ("dist-info", "one .dist-info directory, named as the file, with its files in it")
    WHEEL_FILE = ("wheel-file", "WHEEL says what the file's name and contents say (PEP 427)")
    RECORD = ("record", "RECORD lists every file with its true size and hash (PEP 376, 427)")
    ENTRY_POINTS = ("entry-points", "entry_points.txt as its specification and PyPI ask for it")
    METADATA_VERSION = (
        "metadata-version",
        "a version of core metadata that PyPI knows: 1.0 to 2.5",
    )
    METADATA = ("metadata", "every field valid (core metadata, PyPI)")
    DESCRIPTION = (
        "description",
        "a description that PyPI can render (checked where `felloe[cli]` is installed)",
    )
    DIRECT_URL = ("direct-url", "no requirement by address: `name @ https://…` (PyPI, PEP 440)")
    LICENSE_EXPRESSION = (
        "license-expression",
        "a valid SPDX expression in canonical form, and no License beside it (PEP 639)",
    )
    LICENSE_FILE = ("license-file", "every License-File is in the archive (PEP 639)")
    CLASSIFIER = (
        "classifier",
        "known and not deprecated (asked only where `trove-classifiers` is installed)",
    )
    SDIST_LAYOUT = (
        "sdist-layout",
        "one directory {name}-{version} with PKG-INFO and pyproject.toml (PEP 517, 625, 643)",
    )

    def __init__(self, title: str, demand: str) -> None:
        self.title = title
        self.demand = demand

    def problem(self, message: str, hint: str = "", path: str = "") -> Ruling:
        """Return a finding about a broken rule."""
        return Ruling(message, hint, path, self)

    def note(self, message: str, hint: str = "", path: str = "") -> Ruling:
        """Return a finding for which no index refuses the file."""
        return Ruling(message, hint, path, self, is_note=True)


@dataclass(frozen=True)
class Ruling(Finding):
    """A finding, and the rule it comes from."""

    rule: Rule = Rule.PROOF
    is_note: bool = False
