"""What felloe notes in the cache, and files there that it cannot have written."""

import copy
import json
import os

import pytest

from felloe.build.cache.document import read_document, write_document
from felloe.build.cache.entry import make_root, read_entries, write_card
from felloe.build.editable.state import EditableState, find_needed, read_state, write_state
from felloe.build.tree.identity import find_changes
from felloe.build.tree.plan import plan_build
from felloe.build.tree.record import Record, Step, read_identities, read_steps, write_record
from felloe.build.watch.trace import Kind

TEXTS = {
    "empty": b"",
    "cut": b'{"about": "x", "si',
    "not UTF-8": b"\xff\xfe{}",
    "nested": b"[" * 200_000,
    "nested in a value": b'{"about": ' + b"[" * 200_000,
    "a list": b"[]",
    "a number": b"1e999",
    "a path with NUL": b'{"about": "/\\u0000"}',
}
VALUES = [None, True, 5, -1, 1e999, "x", [], [5], [[1, 2]], {}, {"x": 5}, {"x": [1, []]}]


def variants(values):
    """The document with each of its parts missing, and with something else in its place."""
    for name, value in values.items():
        yield {key: kept for key, kept in values.items() if key != name}
        inner = variants(value) if isinstance(value, dict) else ()
        for other in [*VALUES, *inner]:
            yield {**copy.deepcopy(values), name: other}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_none(tmp_path, text):
    file = tmp_path / "file"
    file.write_bytes(text)
    with pytest.raises(ValueError, match=r"file|codec|Expecting|Unterminated"):
        read_document(file)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        read_document(tmp_path / "pipe")


def test_what_was_written(tmp_path):
    values = {"path": "/\udcff\n\\u1", "size": 5}
    write_document(tmp_path / "file", values)
    assert read_document(tmp_path / "file") == values
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_records_that_nobody_wrote(tmp_path):
    step = Step(Kind.EDGE, "cc", frozenset({"f/a"}), frozenset({"/b"}))
    record = Record({"f/a": [1, 2, 3, 4, ""], "f/b": None}, {"edge cc": step}, "m.whl")
    write_record(tmp_path, record)
    for name in ("files.json", "steps.json"):
        file = tmp_path / name
        text = file.read_text()
        for values in variants(json.loads(text)):
            file.write_text(json.dumps(values))
            read, steps = read_identities(tmp_path), read_steps(tmp_path)
            changes = find_changes(read.identities) if read is not None else None
            if steps is not None and changes is not None:
                plan_build(steps, changes.content, "/tree")
        file.write_text(text)


def test_rooms_that_nobody_wrote(tmp_path):
    path = tmp_path / "editables" / "x"
    state = EditableState(path, str(tmp_path), "1", rebuilds=True, environ={"CC": "cc"})
    (tmp_path / "pyproject.toml").touch()
    write_state(state)
    assert find_needed(tmp_path) == {path, tmp_path / "environments" / "1"}
    assert read_state(path) == state
    file = path / "install.json"
    for values in variants(json.loads(file.read_text())):
        file.write_text(json.dumps(values))
        needed = find_needed(tmp_path)
        assert not needed or path in needed


def test_cards_that_nobody_wrote(tmp_path):
    make_root(tmp_path)
    path = tmp_path / "trees" / "x"
    path.mkdir(parents=True)
    write_card(path, "something")
    file = path / "entry.json"
    for values in variants(json.loads(file.read_text())):
        file.write_text(json.dumps(values))
        assert [entry.path for entry in read_entries(tmp_path)] == [path]
