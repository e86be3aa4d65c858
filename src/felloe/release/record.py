"""What was built from what: so that a second run builds only what is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from felloe.release.matrix import Cell

VERSION = 1

_STEERING = ("FELLOE_", "SKBUILD_", "CMAKE_", "AUDITWHEEL_", "MACOSX_")
_ALSO_STEERING = ("CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "SOURCE_DATE_EPOCH")
# These change how fast a build is, not what comes out of it.
_INDIFFERENT = (
    "CMAKE_BUILD_PARALLEL_LEVEL",
    "CMAKE_COLOR_DIAGNOSTICS",
    "FELLOE_CACHE",
    "FELLOE_CACHE_DIR",
    "FELLOE_CACHE_LIMIT",
    "FELLOE_COMPILER_LAUNCHER",
)


@dataclass(frozen=True)
class Entry:
    """A wheel that was written."""

    file: str
    """Its name in the output directory."""
    sha256: str
    source: str
    """Digest of the sdist's contents that it was made of."""


@dataclass(frozen=True)
class Record:
    """All wheels that were written to an output directory, by the key of their order."""

    wheels: Mapping[str, Entry] = field(default_factory=dict)

    def with_wheel(self, key: str, entry: Entry) -> Record:
        """The record with one more; what had that file name before is gone."""
        others = {name: old for name, old in self.wheels.items() if old.file != entry.file}
        return Record({**others, key: entry})


def parse_record(text: str) -> Record:
    """Read a record; what is not one of this version is an empty one."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            return Record()
        wheels = {
            str(key): Entry(str(item["file"]), str(item["sha256"]), str(item["source"]))
            for key, item in document["wheels"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record()
    return Record({key: item for key, item in wheels.items() if "/" not in item.file})


def render_record(record: Record) -> str:
    """The text of a record."""
    wheels = {key: asdict(item) for key, item in record.wheels.items()}
    return json.dumps({"version": VERSION, "wheels": wheels}, indent=1, sort_keys=True) + "\n"


def make_key(
    cell: Cell, source: str, config: Iterable[str], environ: Mapping[str, str], generator: str
) -> str:
    """The name of an order: equal orders make equal wheels, as far as that is seen from here.

    ``source`` is the digest of the sdist's contents, ``generator`` felloe with
    its version. A newer compiler or build requirement is not seen.
    """
    item = cell.interpreter
    steering = {
        name: value
        for name, value in environ.items()
        if (name.startswith(_STEERING) or name in _ALSO_STEERING) and name not in _INDIFFERENT
    }
    order: list[object] = [
        source,
        item.tag,
        item.release,
        item.soabi,
        item.platform,
        str(item.path),
    ]
    order += [cell.target, sorted(config), sorted(steering.items()), generator]
    return hashlib.sha256(json.dumps(order).encode()).hexdigest()
