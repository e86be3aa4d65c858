"""Environments have an address: same contents, same paths."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.environment_samples import SITE, install, origin_of

from felloe.build.environment import store
from felloe.build.environment.distribution import Unplaceable, hash_file, read_content
from felloe.build.environment.store import find_damage, place_environment

SCRIPT = b"import sys\nprint(sys.executable)\n"
ENTRY_POINTS = b"[console_scripts]\nask = demo:main\n"
PROGRAM = Path(sys.executable).resolve().read_bytes()[:20]


def address_of(*sites):
    return read_content(origin_of(*sites)).address


def place(root, *sites):
    origin = origin_of(*sites)
    return place_environment(root, origin, read_content(origin))


@pytest.fixture
def site(tmp_path):
    files = {
        "../../../bin/tool": b"#!/tmp/x/bin/python\n" + SCRIPT,
        "../../../bin/native": PROGRAM,
        "../../../share/demo.txt": b"data",
        "demo/__init__.py": b"def main(): print('asked')",
        "demo-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
        "../../../bin/ask": b"#!/tmp/x/bin/python\n# in this installer's words",
    }
    return install(tmp_path / "build-env-a", files=files)


def test_who_installed_does_not_matter(tmp_path):
    one = {"../../../bin/tool": b"#!/tmp/one/bin/python3.11\n" + SCRIPT}
    long = b"#!/bin/sh\n'''exec' \"/a b/bin/python\" \"$0\" \"$@\"\n' '''\n"
    other = {"../../../bin/tool": long + SCRIPT}
    by_pip = install(tmp_path / "a", files=one, by="pip")
    by_uv = install(tmp_path / "b", files=other, by="uv")
    (by_uv / "_virtualenv.py").write_text("what uv puts into every environment")
    assert address_of(by_pip) == address_of(by_uv)


def test_words_of_entry_points_do_not_matter(tmp_path):
    point = {"demo-1.0.dist-info/entry_points.txt": ENTRY_POINTS}
    one = install(tmp_path / "a", files={**point, "../../../bin/ask": b"#!/x/python\nimport re"})
    other = install(tmp_path / "b", files={**point, "../../../bin/ask": b"#!/y/python\nimport sys"})
    assert address_of(one) == address_of(other)


@pytest.mark.parametrize(
    "files",
    [
        {"demo/__init__.py": b"other"},
        {"demo/more.py": b""},
        {"../../../bin/tool": b"#!/tmp/x/bin/python\nprint('other')"},
        {"../../../bin/tool": PROGRAM},
    ],
)
def test_contents_matter(tmp_path, files):
    tool = {"../../../bin/tool": b"#!/tmp/x/bin/python\n" + SCRIPT}
    one = install(tmp_path / "a", files=tool)
    other = install(tmp_path / "b", files={**tool, **files})
    assert address_of(one) != address_of(other)


def test_files_without_hash_are_read(tmp_path):
    one = install(tmp_path / "a", files={"demo/x.py": b"1"}, hashed=False)
    other = install(tmp_path / "b", files={"demo/x.py": b"2"}, hashed=False)
    same = install(tmp_path / "c", files={"demo/x.py": b"1"}, hashed=False)
    assert address_of(one) == address_of(same) != address_of(other)


@pytest.mark.parametrize(
    "name", ["legacy.egg-info/PKG-INFO", "single.py", "odd.dist-info/METADATA"]
)
def test_files_of_no_record_are_read(tmp_path, name):
    addresses = set()
    for text in ("1", "2"):
        where = install(tmp_path / text)
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_text(text)
        addresses.add(address_of(where))
    assert len(addresses) == 2


def test_the_first_of_two_sites_wins(tmp_path):
    first = install(tmp_path / "a", files={"demo/x.py": b"first"})
    second = install(tmp_path / "b", version="2.0", files={"demo/x.py": b"second"})
    content = read_content(origin_of(first, second))
    (found,) = [file for file in content.files if file.path.endswith("demo/x.py")]
    assert found.source == f"{first}/demo/x.py"
    assert content.names == ("demo-1.0",)


def ask_tool(made):
    """Which interpreter a script of the environment is run by."""
    return subprocess.check_output([made.path / "bin" / "tool"], text=True).strip()


@pytest.mark.parametrize("name", ["cache", "with space", "tab\t", "long" * 30, "\u9577\u3044" * 30])
def test_programs_run_from_the_new_place(site, tmp_path, name):
    made = place(tmp_path / name, site)
    shutil.rmtree(site.parents[2])
    assert ask_tool(made) == made.python
    assert subprocess.check_output([made.path / "bin" / "ask"], text=True) == "asked\n"
    assert (made.path / "bin" / "native").read_bytes() == PROGRAM
    assert (made.path / "share" / "demo.txt").read_bytes() == b"data"


def test_what_was_placed_is_listed_as_installed(site, tmp_path):
    """The packages of cmake and ninja find their programs so."""
    made = place(tmp_path / "cache", site)
    code = "from importlib.metadata import files; print(*sorted(map(str, files('demo'))))"
    listed = subprocess.check_output([made.python, "-c", code], text=True).split()
    info = "demo-1.0.dist-info"
    assert listed == [
        *(f"../../../bin/{name}" for name in ("ask", "native", "tool")),
        "../../../share/demo.txt",
        *(f"{info}/{name}" for name in ("METADATA", "RECORD", "entry_points.txt")),
        "demo/__init__.py",
    ]


def test_files_are_not_copied_where_links_do(site, tmp_path):
    made = place(tmp_path / "cache", site)
    assert (made.path / SITE / "demo" / "__init__.py").samefile(site / "demo" / "__init__.py")


def test_files_are_copied_where_links_do_not(site, tmp_path, monkeypatch):
    def link(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(store.os, "link", link)
    made = place(tmp_path / "cache", site)
    assert not (made.path / SITE / "demo" / "__init__.py").samefile(site / "demo" / "__init__.py")
    assert not find_damage(made.path, hash_file)


def test_links_into_an_installers_cache_are_followed(tmp_path):
    where = install(tmp_path / "a", files={"demo/x.py": b"x"})
    (where / "demo" / "x.py").rename(tmp_path / "kept.py")
    (where / "demo" / "x.py").symlink_to(tmp_path / "kept.py")
    made = place(tmp_path / "cache", where)
    assert not (made.path / SITE / "demo" / "x.py").is_symlink()
    assert (made.path / SITE / "demo" / "x.py").read_bytes() == b"x"


def test_a_second_build_uses_the_first_ones(site, tmp_path):
    first = place(tmp_path / "cache", site)
    inode = (first.path / "pyvenv.cfg").stat().st_ino
    first.lock.release()
    assert (place(tmp_path / "cache", site).path / "pyvenv.cfg").stat().st_ino == inode


def spoil_content(path):
    file = path / SITE / "demo" / "__init__.py"
    file.unlink()
    file.write_bytes(b"import antigravity")


def spoil_top(path):
    (path / SITE / "sitecustomize.py").write_text("import antigravity")


def spoil_by_removal(path):
    (path / SITE / "demo" / "__init__.py").unlink()


def spoil_script(path):
    (path / "bin" / "tool").write_bytes(b"#!/bin/sh\n")


def spoil_interpreter(path):
    (path / "bin" / "python").unlink()


def spoil_manifest(path):
    (path / "manifest").write_text("lib\n")


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_content,
        spoil_top,
        spoil_by_removal,
        spoil_script,
        spoil_interpreter,
        spoil_manifest,
    ],
)
def test_poison_is_noticed_and_the_place_made_again(site, tmp_path, spoil):
    first = place(tmp_path / "cache", site)
    first.lock.release()
    assert not find_damage(first.path)
    spoil(first.path)
    assert find_damage(first.path)
    again = place(tmp_path / "cache", site)
    assert again.path == first.path
    assert not find_damage(again.path, hash_file)
    assert [path.name for path in again.path.parent.iterdir()] == [again.address]


@pytest.mark.parametrize("bring", [shutil.move, shutil.copytree])
def test_in_a_cache_from_elsewhere_the_place_is_made_again(site, tmp_path, bring):
    place(tmp_path / "cache", site).lock.release()
    bring(tmp_path / "cache", tmp_path / "other")
    again = place(tmp_path / "other", site)
    assert ask_tool(again) == again.python


def test_a_cache_behind_a_link_is_in_its_place(site, tmp_path):
    place(tmp_path / "cache", site).lock.release()
    (tmp_path / "link").symlink_to("cache")
    assert not find_damage(tmp_path / "link" / "environments" / address_of(site))


def test_bytes_are_compared_when_asked(site, tmp_path):
    made = place(tmp_path / "cache", site)
    file = made.path / SITE / "demo" / "__init__.py"
    status = file.stat()
    file.write_bytes(bytes(reversed(file.read_bytes())))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not find_damage(made.path)
    assert find_damage(made.path, hash_file) == [f"{SITE}/demo/__init__.py"]


def test_a_path_into_the_vanishing_place_is_refused(tmp_path):
    where = install(tmp_path / "build-env-a")
    (where / "x.pth").write_text(f"{where}/demo\n")
    with pytest.raises(Unplaceable, match=r"x\.pth names a directory that the frontend deletes"):
        read_content(origin_of(where))


def test_a_file_outside_is_refused(tmp_path):
    where = install(tmp_path / "a" / "b", files={"../../../../out.txt": b""})
    with pytest.raises(Unplaceable, match="outside its environment"):
        read_content(origin_of(where))


def test_a_missing_file_is_refused_and_nothing_is_left(site, tmp_path):
    content = read_content(origin_of(site))
    (site / "demo" / "__init__.py").unlink()
    with pytest.raises(Unplaceable, match="missing, though its RECORD lists it"):
        place_environment(tmp_path / "cache", origin_of(site), content)
    assert list((tmp_path / "cache" / "environments").iterdir()) == []


PLACE = """
import sys; sys.path[:0] = {path!r}
from pathlib import Path
from support.environment_samples import origin_of
from felloe.build.environment.distribution import read_content
from felloe.build.environment.store import find_damage, place_environment
origin = origin_of(Path({site!r}))
made = place_environment(Path({root!r}), origin, read_content(origin))
assert not find_damage(made.path)
print(made.path)
"""


def test_many_at_once_make_one(site, tmp_path):
    here = Path(__file__).parents[1]
    path = [str(here), str(here.parent / "src")]
    code = PLACE.format(path=path, site=str(site), root=str(tmp_path / "cache"))
    made = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    answers = {process.communicate()[0] for process in made}
    assert [process.returncode for process in made] == [0] * 6
    (answer,) = answers
    (only,) = (tmp_path / "cache" / "environments").iterdir()
    assert answer.strip() == str(only)


def test_bytecode_of_the_frontend_is_kept(tmp_path, monkeypatch):
    """A first build would else compile the engine a second time."""
    import py_compile

    from felloe.build.environment import store
    from felloe.build.environment.distribution import File

    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    source, part = tmp_path / "site", tmp_path / "part"
    (part / "lib").mkdir(parents=True)
    source.mkdir()
    (source / "m.py").write_text("x = 1\n")
    compiled = Path(py_compile.compile(str(source / "m.py")))
    file = File("lib/m.py", str(source / "m.py"), "")
    store.link_bytecode([file], str(part))
    assert (part / "lib" / "__pycache__" / compiled.name).samefile(compiled)
