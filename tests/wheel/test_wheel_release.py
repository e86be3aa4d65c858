"""Wheel files are closed in time: Windows neither removes nor replaces one that is in use."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.zip_samples import DIST_INFO, WHEEL, forge_wheel

from felloe import backend
from felloe.audit.policy.family import read_policies
from felloe.config.settings import read_settings
from felloe.errors import MalformedArchive
from felloe.repair.wheel_file import repair_wheel
from felloe.wheel import source
from felloe.wheel.directory import read_directory
from felloe.wheel.member import Member
from felloe.wheel.reader import open_wheel
from felloe.wheel.writer import write_wheel

PROCESS = Path("/proc/self")

pytestmark = pytest.mark.skipif(not PROCESS.is_dir(), reason="Linux shows what is in use")


def find_uses(path):
    """The mappings and open files of this process at or below a path."""
    maps = [line.split(maxsplit=5)[-1] for line in (PROCESS / "maps").read_text().splitlines()]
    # The last is that of the listing itself.
    opened = [str(entry.readlink()) for entry in (PROCESS / "fd").iterdir() if entry.exists()]
    return [name for name in (*maps, *opened) if name.startswith(str(path))]


@pytest.fixture
def watched(monkeypatch):
    """What was in use of a temporary directory when it was removed, and of a file replaced."""
    found = []
    leave, replace = TemporaryDirectory.__exit__, Path.replace

    def leave_watched(self, *details):
        found.append((self.name, find_uses(self.name)))
        return leave(self, *details)

    def replace_watched(self, target):
        found.append((str(target), find_uses(target)))
        return replace(self, target)

    monkeypatch.setattr(TemporaryDirectory, "__exit__", leave_watched)
    monkeypatch.setattr(Path, "replace", replace_watched)
    return found


def save(directory):
    path = directory / WHEEL
    path.write_bytes(forge_wheel())
    return path


def test_the_watch_sees_an_open_wheel(tmp_path):
    with open_wheel(save(tmp_path)):
        assert find_uses(tmp_path)
    assert not find_uses(tmp_path)


def test_members_that_live_on_hold_no_file(tmp_path):
    with open_wheel(save(tmp_path)) as staged:
        heads = [member.head(4) for member in staged.members]
    assert heads
    assert not find_uses(tmp_path)


def test_contents_that_live_on_hold_no_file_of_windows(tmp_path, monkeypatch):
    """The frames of a traceback refer to what the failed call has read."""
    monkeypatch.setattr(source, "MAY_MAP", False)
    monkeypatch.setattr(source, "_read_at", None)
    with open_wheel(save(tmp_path)) as staged:
        contents = [member.read() for member in staged.members]
    assert contents
    assert not find_uses(tmp_path)


def test_reading_without_a_mapping(tmp_path, monkeypatch):
    path = save(tmp_path)
    with open_wheel(path) as staged:
        mapped = {member.name: (member.head(9), bytes(member.read())) for member in staged.members}
    monkeypatch.setattr(source, "MAY_MAP", False)
    monkeypatch.setattr(source, "_read_at", None)
    with open_wheel(path) as staged:
        read = {member.name: (member.head(9), bytes(member.read())) for member in staged.members}
    assert read == mapped
    (tmp_path / WHEEL).write_bytes(b"")
    with pytest.raises(MalformedArchive, match="is empty"), open_wheel(path):
        pass


def test_a_wheel_is_repaired_in_place(tmp_path, watched):
    path = save(tmp_path)
    before = path.stat().st_ino
    repair_wheel(path, tmp_path, read_settings({}, None, {}), read_policies(), {})
    assert path.stat().st_ino != before
    assert [held for name, held in watched if name == str(path)] == [[]]
    assert not [held for _, held in watched if held]


def test_an_unpacked_wheel_is_not_held(tmp_path):
    root = tmp_path / "demo"
    with open_wheel(save(tmp_path)) as staged:
        for member in staged.members:
            (root / member.name).parent.mkdir(parents=True, exist_ok=True)
            (root / member.name).write_bytes(bytes(member.read()))
    unpacked = read_directory(root)
    contents = [member.read() for member in unpacked.members]
    assert find_uses(root)
    del contents
    assert not find_uses(root)
    shutil.rmtree(root)


def test_a_member_on_disk(tmp_path):
    (tmp_path / "data").write_bytes(bytes(range(256)) * 9000)
    member = Member.from_file(f"{DIST_INFO}/data", tmp_path / "data")
    assert member.head(3) == b"\x00\x01\x02"
    assert member.whole() == bytes(member.read()) == (tmp_path / "data").read_bytes()
    (tmp_path / "none").touch()
    assert Member.from_file("none", tmp_path / "none").read() == b""


def test_a_written_wheel_has_closed_its_source(tmp_path, watched):
    (tmp_path / "out").mkdir()
    with open_wheel(save(tmp_path)) as staged:
        write_wheel(staged, tmp_path / "out", 0)
        assert not find_uses(tmp_path)
    assert watched


def test_the_hook_removes_directories_that_nothing_uses(tmp_path, monkeypatch, watched):
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["felloe"]\nbuild-backend = "felloe"\n'
        '[project]\nname = "demo"\nversion = "1"\n[tool.scikit-build]\nwheel.cmake = false\n'
    )
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FELLOE_CACHE", "false")
    backend.build_wheel(str(tmp_path / "out"))
    assert len(watched) > 1
    assert not [held for _, held in watched if held]
