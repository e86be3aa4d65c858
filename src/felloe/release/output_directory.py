"""The output directory of a release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from felloe.release.matrix import MatrixEntry
from felloe.release.record import Record, RecordedWheel, parse_record, render_record
from felloe.release.result import BuiltWheel
from felloe.release.wheel_job import Failed, WheelJob, inspect_wheel, put_file
from felloe.wheel.atomic_write import placing
from felloe.wheel.digest import hash_file

STATE = ".felloe"
"""A directory beside the wheels; ``dist/*`` does not match it."""
DISTRIBUTIONS = (".whl", ".tar.gz")


class OutputDirectory:
    """The directory of the wheels, and the record of how they were built."""

    def __init__(self, out: Path, keys: Mapping[MatrixEntry, str], digest: str) -> None:
        """``keys`` are those of the record, ``digest`` is the one of the sdist."""
        self._out = out
        self._keys = keys
        self._digest = digest
        self._path = out / STATE / "record.json"
        self._record = self._read()

    def _read(self) -> Record:
        """Read the record, without wheels that were deleted or changed."""
        try:
            record = parse_record(self._path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return Record()
        return Record({key: item for key, item in record.wheels.items() if self._is_there(item)})

    def _is_there(self, recorded: RecordedWheel) -> bool:
        path = self._out / recorded.file
        return path.is_file() and hash_file(path).hex() == recorded.sha256

    def find_kept(self, wheel_job: WheelJob) -> dict[MatrixEntry, BuiltWheel]:
        """Return the entries whose wheel an earlier run built from the same input."""
        found = {}
        for entry, key in self._keys.items():
            recorded = self._record.wheels.get(key)
            if recorded is not None:
                try:
                    found[entry] = inspect_wheel(self._out / recorded.file, wheel_job.policies)
                except Failed:  # the audit is stricter than it was
                    continue
        return found

    def place(self, entry: MatrixEntry, wheel: BuiltWheel) -> BuiltWheel:
        """Write a wheel to the directory, and record it."""
        path = put_file(wheel.path, self._out)
        recorded = RecordedWheel(path.name, wheel.sha256, self._digest)
        self._record = self._record.with_wheel(self._keys[entry], recorded)
        self._path.parent.mkdir(exist_ok=True)
        with placing(self._path) as (file, _):
            file.write(render_record(self._record).encode())
        return replace(wheel, path=path)

    def find_stale(self, made: set[str], sdist: Path) -> tuple[str, ...]:
        """Return the names of other wheels and sdists of the project."""
        project = sdist.name.rpartition("-")[0]
        ours = {e.file for e in self._record.wheels.values() if e.source == self._digest}
        names = (path.name for path in self._out.iterdir())
        return tuple(
            sorted(
                name
                for name in names
                if name.startswith(f"{project}-") and name.endswith(DISTRIBUTIONS)
                if name not in made | ours
            )
        )
