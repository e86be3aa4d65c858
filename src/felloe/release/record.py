"""The record of the wheels in an output directory: a second run builds only what is missing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from felloe.config.environment_variable import select_variables
from felloe.release.matrix import MatrixEntry

VERSION = 1


@dataclass(frozen=True)
class RecordedWheel:
    """A wheel that was written."""

    file: str
    """Its name in the output directory."""
    sha256: str
    source: str
    """Digest of the contents of its sdist."""


@dataclass(frozen=True)
class Record:
    """The wheels in an output directory, by their keys."""

    wheels: Mapping[str, RecordedWheel] = field(default_factory=dict)

    def with_wheel(self, key: str, recorded: RecordedWheel) -> Record:
        """Return the record with one more wheel, which replaces one with the same file name."""
        others = {name: old for name, old in self.wheels.items() if old.file != recorded.file}
        return Record({**others, key: recorded})


def parse_record(text: str) -> Record:
    """Read a record. The result is empty for another version or an invalid text."""
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            return Record()
        wheels = {
            str(key): RecordedWheel(str(item["file"]), str(item["sha256"]), str(item["source"]))
            for key, item in document["wheels"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record()
    return Record({key: item for key, item in wheels.items() if "/" not in item.file})


def render_record(record: Record) -> str:
    """Return the text of a record."""
    wheels = {key: asdict(item) for key, item in record.wheels.items()}
    return json.dumps({"version": VERSION, "wheels": wheels}, indent=1, sort_keys=True) + "\n"


def make_key(
    entry: MatrixEntry,
    source: str,
    config: Iterable[str],
    environ: Mapping[str, str],
    generator: str,
) -> str:
    """Return the key of a wheel: equal keys have equal inputs, as far as felloe sees them.

    ``source`` is the digest of the sdist's contents, ``generator`` felloe with its version.
    A newer compiler or build requirement is not seen.
    """
    item = entry.interpreter
    inputs: list[object] = [
        source,
        item.tag,
        item.release,
        item.soabi,
        item.platform,
        str(item.path),
    ]
    inputs += [entry.target, sorted(config), list(select_variables(environ).items()), generator]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
