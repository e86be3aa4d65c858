"""auditwheel as the oracle: of public wheels both say the same, or a table here says why not.

Downloads about 55 MB through pip, from whatever index pip is set up with; with -m slow, 190 MB
more. Set WHEEL_CACHE to a directory to keep them. auditwheel is run once for each wheel, two at
a time.
"""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from support.listed_wheels import fetch, read_list

CHOSEN = read_list("public_wheels.txt")
"""Of every kind."""
POPULAR = read_list("popular_wheels.txt")
"""What most people install, as it was in autumn 2026."""
HASHES = {**CHOSEN, **POPULAR}

_LOADER = re.compile(r"ld-linux.*|ld64\.so.*|ld-musl-.*")


class Answer(NamedTuple):
    """What a tool says of a wheel."""

    tag: str
    """The best platform tag, by its name in PEP 600 or 656."""
    symbol_tag: str
    """The best that the symbol versions alone allow."""
    libraries: frozenset
    """What is needed from outside the wheel that no policy, or only a later one, expects."""
    versions: frozenset
    """(library, symbol version) of all objects together."""


class Difference(NamedTuple):
    """Where the answers part, and who is right."""

    aspect: str
    felloe: object
    auditwheel: object
    right: str
    why: str


DIFFERENCES = {
    "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64": Difference(
        "libraries",
        frozenset({"libibverbs.so.1", "libmlx5.so.1", "librdmacm.so.1"}),
        frozenset({"libcufile.so.0", "libibverbs.so.1", "libmlx5.so.1", "librdmacm.so.1"}),
        "both",
        "libcufile_rdma.so.1 needs libcufile.so.0, which lies beside it but on no RPATH. "
        "auditwheel asks that a path leads there. felloe takes a library of the wheel for "
        "given: a loader that has loaded it before, as here, knows it by its soname.",
    ),
}
"""Wheel, up to its first platform -> the one aspect in which the tools differ."""


def name_briefly(wheel):
    return re.match(r".*?linux[^.]*", wheel)[0]


def ask_auditwheel(path):
    """Its answer, and whether it looked into libraries of this machine for it."""
    command = [sys.executable, "-m", "auditwheel", "show", "--json", path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode and "Magic number does not match" in done.stderr:
        return None, True  # it took a linker script of this machine for a library
    assert done.returncode == 0, f"{path.name}: {done.stdout}{done.stderr}"
    found = json.loads(done.stdout)
    answer = Answer(
        found["overall_tag"],
        found["sym_tag"],
        frozenset(found["external_libs"]),
        frozenset((lib, v) for lib, vs in found["versioned_symbols"].items() for v in vs),
    )
    return answer, any(found["external_libs"].values())


def ask_felloe(paths):
    command = [sys.executable, "-m", "felloe", "audit", "--json", *paths]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    return {document["wheel"]: document for document in documents}


def read_felloe(document):
    assert "error" not in document, document
    (platform, *_) = document["proved"]["platform"]
    architecture = re.match(r"(?:many|musl)?linux(?:[12]\d*|_\d+_\d+)?_(.*)", platform)[1]
    policy = f"{document['policy'] or 'linux'}_{architecture}"
    better = document["better"]
    names = [*better, policy]
    constraints = better[names[0]] if better else []

    def worst(kinds, lowest):
        floors = [c["allowed_from"] for c in constraints if c["kind"] in kinds]
        tags = ["linux" if floor is None else floor for floor in floors]
        return max((f"{tag}_{architecture}" for tag in tags), key=names.index, default=lowest)

    # musl has no symbol versions, so they allow its newest policy.
    is_musl = names[0].startswith("musl")
    lowest = f"musllinux_1_2_{architecture}" if is_musl else names[0]
    return Answer(
        policy,
        worst({"symbol-version"}, lowest),
        frozenset(
            c["subject"]
            for c in constraints
            if c["kind"] in ("library", "unreached-library", "libpython")
        ),
        frozenset(
            (library, version)
            for item in document["objects"]
            for library, versions in item["symbol_versions"].items()
            for version in versions
            if not _LOADER.fullmatch(library)
        ),
    )


def compare(ours, theirs, *, of_host):
    """Aspect -> (ours, theirs), where they differ.

    Libraries that auditwheel finds on this machine add their own versions to its
    answer: then it speaks of the machine, and only the rest is compared.
    """
    aspects = [name for name in Answer._fields if not of_host or name in ("tag", "libraries")]
    pairs = {name: (getattr(ours, name), getattr(theirs, name)) for name in aspects}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@pytest.mark.network
@pytest.mark.skipif(sys.version_info < (3, 10), reason="auditwheel 6.8 needs Python 3.10")
@pytest.mark.parametrize("names", [CHOSEN, pytest.param(POPULAR, marks=pytest.mark.exhaustive)])
def test_the_only_differences_are_the_listed_ones(names, once):
    wheels = fetch(names, once)
    with ThreadPoolExecutor(2) as pool:
        theirs = dict(zip(wheels, pool.map(ask_auditwheel, wheels)))
    ours = ask_felloe(wheels)
    found = {
        name_briefly(path.name): compare(read_felloe(ours[path.name]), answer, of_host=of_host)
        for path, (answer, of_host) in theirs.items()
        if answer is not None
    }
    assert len(wheels) - len(found) <= len(wheels) // 20, "auditwheel answered too rarely"
    assert {name: difference for name, difference in found.items() if difference} == {
        name: {item.aspect: (item.felloe, item.auditwheel)}
        for name, item in DIFFERENCES.items()
        if name in found
    }


def test_a_difference_is_one_of_a_listed_wheel():
    briefly = [name_briefly(wheel) for wheel in HASHES]
    assert len(set(briefly)) == len(briefly)
    assert DIFFERENCES.keys() <= set(briefly)
    assert all(item.right in ("felloe", "auditwheel", "both") for item in DIFFERENCES.values())


def test_the_wheels_are_of_every_kind():
    assert len(CHOSEN) >= 30
    assert len(HASHES) >= 140
    text = "\n".join(CHOSEN)
    architectures = ["x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "riscv64"]
    for libc in ("many", "musl"):
        found = set(re.findall(rf"{libc}linux[\d_]+?_([a-z]\w*)", text))
        assert found == set(architectures), libc
    for kind in ("-abi3-", "-pypy311_pp73-", "-cp314t-", "-cp36m-", "-py3-none-"):
        assert kind in text
