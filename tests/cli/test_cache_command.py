"""``felloe cache``, and the limit."""

import json
import os

import pytest

from felloe.build.cache.entry import lock_of, make_root, read_entries, write_card
from felloe.build.cache.prune import prune
from felloe.cli.main import main

KB = 1000


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("FELLOE_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("FELLOE_CACHE_LIMIT", raising=False)
    root = tmp_path / "v1"
    make_root(root)
    return root


def keep(root, kind, name, used, size=10 * KB):
    path = root / kind / name
    path.mkdir(parents=True)
    (path / "data").write_bytes(bytes(size))
    write_card(path, f"about {name}")
    os.utime(path / "entry.json", (used, used))
    return path


def names(root):
    return {entry.path.name for entry in read_entries(root)}


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022])
def test_a_new_cache_is_its_owners_alone(tmp_path, mask):
    before = os.umask(mask)
    try:
        make_root(tmp_path / "new" / "v1")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "v1").stat().st_mode & 0o777 == 0o700


def test_what_was_not_used_for_longest_goes_first(root):
    for number, kind in enumerate(("trees", "environments", "trees", "environments")):
        keep(root, kind, str(number), used=1e9 + number)
    assert [entry.path.name for entry in prune(root, 25 * KB)] == ["0", "1"]
    assert names(root) == {"2", "3"}
    assert prune(root, 25 * KB) == []


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_in_use_stays(root, shared):
    kept = keep(root, "environments", "used", used=1e9)
    keep(root, "trees", "other", used=2e9)
    lock = lock_of(kept, shared=shared)
    prune(root, 0)
    assert names(root) == {"used"}
    lock.release()
    prune(root, 0)
    assert names(root) == set()


def test_what_cannot_be_read_goes_first(root):
    keep(root, "trees", "good", used=1e9)
    bad = keep(root, "trees", "bad", used=2e9)
    (bad / "entry.json").write_text("{")
    (root / "trees" / "stray").write_text("x")
    assert [entry.path.name for entry in prune(root, 10 * KB)][-1] != "good"
    assert names(root) == {"good"}


def test_what_killed_processes_left_is_swept(root):
    old, new = root / "trees" / ".gone-1", root / "trees" / ".new-2"
    for path in (old, new):
        path.mkdir(parents=True)
    os.utime(old, (1e9, 1e9))
    prune(root, 10**9)
    assert not old.exists()
    assert new.exists()


def test_links_are_swept_and_not_followed(root, tmp_path):
    outside, old = tmp_path / "outside", root / "trees" / ".gone-2"
    for path in (outside, old):
        path.mkdir(parents=True)
        (path / "file").write_text("x")
    (root / "trees" / ".gone-1").symlink_to(tmp_path / "nothing")
    (root / "trees" / ".gone-3").symlink_to(outside)
    (root / "trees" / "link").symlink_to(outside)
    os.utime(old, (1e9, 1e9))
    for path in (root / "trees").glob(".gone-[13]"):
        os.utime(path, (1e9, 1e9), follow_symlinks=False)
    prune(root, 0)
    assert [*(root / "trees").iterdir()] == []
    assert (outside / "file").exists()


@pytest.mark.parametrize("command", ["prune", "clear"])
def test_locks_that_cannot_be_taken(root, monkeypatch, capsys, command):
    monkeypatch.setenv("FELLOE_CACHE_LIMIT", "0kB")
    keep(root, "trees", "1", used=1e9)
    (root / "locks" / "trees-1").mkdir(parents=True)
    assert main(["cache", command]) == (1 if command == "clear" else 0)
    assert "removed 0 entries" in capsys.readouterr().out
    assert names(root) == {"1"}


def test_info_is_for_people(root, capsys):
    keep(root, "trees", "demo-1", used=1e9)
    assert main(["cache", "info"]) == 0
    first, head, row = capsys.readouterr().out.splitlines()
    assert first == f"{root}: 10.0 kB of 5.0 GB"
    assert head.split("  ")[0] == "last used"
    assert row.split()[2:] == ["10.0", "kB", "trees", "demo-1", "about", "demo-1"]


def test_info_is_for_programs(root, capsys):
    tree = keep(root, "trees", "demo-1", used=1e9)
    environment = keep(root, "environments", "ab", used=2e9)
    assert main(["cache", "info", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "directory": str(root),
        "bytes": 20 * KB,
        "limit": 5 * 10**9,
        "entries": [
            {
                "kind": "environments",
                "path": str(environment),
                "about": "about ab",
                "bytes": 10 * KB,
                "used": 2 * 10**9,
                "needed": False,
                "damage": ["manifest"],
            },
            {
                "kind": "trees",
                "path": str(tree),
                "about": "about demo-1",
                "bytes": 10 * KB,
                "used": 10**9,
                "needed": False,
            },
        ],
    }


def test_nothing_is_kept_yet(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FELLOE_CACHE_DIR", str(tmp_path / "none"))
    assert main(["cache", "info"]) == 0
    assert main(["cache", "prune"]) == 0
    assert main(["cache", "clear"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["removed 0 entries, 0 B"] * 2
    assert not (tmp_path / "none").exists()


def test_prune_takes_a_limit(root, capsys):
    keep(root, "trees", "1", used=1e9)
    keep(root, "trees", "2", used=2e9)
    assert main(["cache", "prune", "--limit", "15kB"]) == 0
    assert "removed 1 entries, 10.0 kB" in capsys.readouterr().out
    assert names(root) == {"2"}


def test_prune_obeys_the_variable(root, monkeypatch):
    keep(root, "trees", "1", used=1e9)
    monkeypatch.setenv("FELLOE_CACHE_LIMIT", "0kB")
    main(["cache", "prune"])
    assert names(root) == set()


@pytest.mark.usefixtures("root")
def test_a_limit_that_is_none(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["cache", "prune", "--limit", "much"])
    assert ended.value.code == 2
    assert "--limit: 'much' is not a size in kB, MB, GB or TB" in capsys.readouterr().err


def test_clear_says_what_is_in_use(root, capsys):
    tree = keep(root, "trees", "demo-1", used=1e9)
    keep(root, "trees", "other", used=1e9)
    lock_of(tree)
    assert main(["cache", "clear"]) == 1
    said = capsys.readouterr()
    assert "removed 1 entries" in said.out
    assert f"felloe: error: {tree} was not removed" in said.err
    assert names(root) == {"demo-1"}
