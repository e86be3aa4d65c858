"""Where the samples of the ELF editor are compiled."""

import pytest
from support.patch_samples import DEP, SOURCES, run


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("patch")
    for name, text in SOURCES.items():
        (place / name).write_text(text)
    run("gcc", *DEP.split(), cwd=place)
    return place
