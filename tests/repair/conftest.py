"""Libraries and modules that the tests of ``felloe repair`` start from."""

from __future__ import annotations

import pytest
from support.graft_samples import (
    Forge,
)


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


@pytest.fixture
def chain(forge):
    """liba needs libb needs libc: 100 + 10 + 1."""
    c = forge.library("libchain_c.so.1", "int c(void) { return 1; }")
    b = forge.library("libchain_b.so.1", "int c(void); int b(void) { return 10 + c(); }", c)
    return forge.library("libchain_a.so.1", "int b(void); int a(void) { return 100 + b(); }", b)


@pytest.fixture
def simple(forge):
    """A module over one library."""
    library = forge.library("libone.so.1", "int one(void) { return 1; }")
    return forge.module("m", "one()", library)
