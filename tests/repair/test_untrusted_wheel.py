"""What a wheel can have ``felloe repair`` do: copy libraries that it names, and nothing else."""

from __future__ import annotations

import zipfile

import pytest
from support.graft_samples import Forge, libraries_of, module_file

CODE = "int one(void) { return 1; }"
SECRET = b"the first line of a private key\n"


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


@pytest.mark.parametrize("named", ["by path", "by name"])
def test_a_file_that_is_no_library_is_not_copied(forge, named):
    """A module may need whatever its maker wrote into it."""
    home = forge.place / "home"
    home.mkdir()
    soname = str(home / "secret") if named == "by path" else "secret"
    library = forge.library("secret", CODE, at=home, soname=soname)
    module = forge.module("m", "one()", library, rpath=str(home))
    library.write_bytes(SECRET)
    done = forge.repair(forge.pack("m", [(module_file("m"), module)]))
    assert done.exit_code == 1
    assert not done.wheels
    assert "secret" in done.errors
    assert SECRET.decode() not in done.output + done.errors


def test_a_library_that_is_copied_is_told(forge):
    """A wheel's search path leads anywhere: what comes of it is printed, and in the SBOM."""
    home = forge.place / "home"
    library = forge.library("libprivate.so.1", CODE, at=home)
    module = forge.module("m", "one()", library, rpath=str(home))
    done = forge.repair(forge.pack("m", [(module_file("m"), module)]))
    assert done.exit_code == 0, done.errors
    (copied,) = libraries_of(done.wheel)
    assert "libprivate" in copied
    assert "libprivate.so.1" in done.output + done.errors
    with zipfile.ZipFile(done.wheel) as archive:
        (bill,) = (name for name in archive.namelist() if "/sboms/" in name)
        assert b"libprivate" in archive.read(bill)


def test_a_library_behind_a_link_out_of_the_wheel_is_not_looked_for(forge):
    """``$ORIGIN/../../..`` is below the root of the wheel, and not of this machine."""
    library = forge.library("libprivate.so.1", CODE, at=forge.place / "home")
    climb = "$ORIGIN" + "/.." * 20 + str(library.parent)
    module = forge.module("m", "one()", library, rpath=climb)
    done = forge.repair(forge.pack("m", [(module_file("m"), module)]))
    assert done.exit_code == 1
    assert not done.wheels


def test_a_damaged_object_is_not_mended_into_a_sound_one(forge):
    """What is edited is held against its CRC first, as all else is when it is copied."""
    library = forge.library("liba.so.1", CODE, at=forge.place / "home")
    module = forge.module("m", "one()", library, rpath=str(library.parent))
    wheel = forge.pack("m", [(module_file("m"), module)])
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    sound = wheel.read_bytes()
    wheel.write_bytes(sound.replace(b"GCC: (", b"GCC? (", 1))
    assert wheel.read_bytes() != sound
    done = forge.repair(wheel)
    assert done.exit_code == 1
    assert "CRC-32" in done.errors
    assert not done.wheels
