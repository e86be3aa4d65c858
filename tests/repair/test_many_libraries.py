"""An extension over HDF5, OpenBLAS and curl: some thirty-five libraries of the build machine.

Needs the packages libhdf5-dev, libopenblas-dev, libcurl4-openssl-dev and pkg-config, or what
another distribution calls them.
"""

from __future__ import annotations

import subprocess

import pytest
from support.graft_samples import (
    MACHINE,
    SUFFIX,
    Forge,
    build_many,
    libraries_of,
    platforms_of,
    read_dynamic,
    unpack,
)

pytestmark = pytest.mark.tools("hdf5", "openblas", "libcurl")


@pytest.fixture(scope="module")
def forge(tmp_path_factory):
    return Forge(tmp_path_factory.mktemp("many"))


@pytest.fixture(scope="module")
def repaired(forge):
    try:
        module = build_many(forge)
    except (OSError, AssertionError, subprocess.CalledProcessError) as cause:
        pytest.fail(f"{__doc__}\n{getattr(cause, 'stderr', None) or cause}")
    return forge.repaired("many", [(f"many{SUFFIX}", module)])


def test_all_are_mapped_from_inside_the_wheel(forge, repaired):
    copied = {name for name in unpack(repaired) if name.startswith("many.libs/")}
    assert len(copied) >= 25
    names = {name.partition(".so")[0] for name in libraries_of(repaired)}
    assert {"libcurl", "libopenblas", "libcrypto"} < names
    assert any(name.startswith("libhdf5") for name in names)
    site = forge.install(repaired)
    seen = forge.ask(site, "many")
    assert seen.values == [32]
    inside = {path[len(f"{site}/") :] for path in seen.mapped if path.startswith(f"{site}/")}
    assert inside == copied | {f"many{SUFFIX}"}
    stems = {name.partition(".")[0] for name in names}
    outside = [path for path in seen.mapped if not path.startswith(f"{site}/")]
    # The interpreter has modules that need OpenSSL or the like, but none of them is imported here.
    assert not [path for path in outside if path.rpartition("/")[2].partition(".")[0] in stems]


def test_no_name_is_left_behind(repaired, tmp_path):
    members = unpack(repaired)
    copied = {name.rpartition("/")[2] for name in members if name.startswith("many.libs/")}
    replaced = {name.partition(".so")[0] for name in libraries_of(repaired)}
    for name, data in members.items():
        if data[:4] == b"\x7fELF":
            found = read_dynamic(data, tmp_path)
            assert found.runpath == "", name
            assert found.rpath in {"", "$ORIGIN", "$ORIGIN/many.libs"}, name
            for needed in {*found.needed, *found.version_files} - copied:
                assert needed.partition(".so")[0] not in replaced, name


def test_the_tag_is_that_of_the_hardest_library(repaired):
    assert platforms_of(repaired).endswith(f"_{MACHINE}")
    assert platforms_of(repaired).startswith("manylinux_2_")
