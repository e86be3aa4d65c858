"""What was built from what: so that a second run builds only what is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from felloe.config.environment_variable import select_variables
from felloe.release.matrix import Cell

VERSION = 1


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
    order: list[object] = [
        source,
        item.tag,
        item.release,
        item.soabi,
        item.platform,
        str(item.path),
    ]
    order += [cell.target, sorted(config), list(select_variables(environ).items()), generator]
    return hashlib.sha256(json.dumps(order).encode()).hexdigest()
