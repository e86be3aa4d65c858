"""The policies are auditwheel's, said shorter; and a floor means what it says."""

import json
from importlib.resources import files

import pytest

from felloe.audit.policy.family import FAMILY_OF_LIBC, NEVER, Policy, PolicyFamily, read_policies

POLICIES = read_policies()
MUSL_SONAMES = {
    "aarch64": "libc.musl-aarch64.so.1",
    "armv7l": "libc.musl-armv7.so.1",
    "i686": "libc.musl-x86.so.1",
    "loongarch64": "libc.musl-loongarch64.so.1",
    "ppc64le": "libc.musl-ppc64le.so.1",
    "riscv64": "libc.musl-riscv64.so.1",
    "s390x": "libc.musl-s390x.so.1",
    "x86_64": "libc.musl-x86_64.so.1",
}
"""Architecture -> how musl's build for it names its library."""


def entries_of_auditwheel(family):
    """auditwheel's policies of a family, oldest first, without its ``linux``."""
    text = files("auditwheel").joinpath("policy", f"{family}-policy.json").read_text("utf-8")
    entries = [entry for entry in json.loads(text) if entry["name"] != "linux"]
    return sorted(entries, key=lambda entry: -entry["priority"])


def unfold(family, position):
    """One policy of ``family``, as auditwheel would list it."""
    allowed = {name for name, floor in family.symbol_versions.items() if floor <= position}
    withheld = {
        library: {symbol for symbol, floor in symbols.items() if floor > position}
        for library, symbols in family.unexported.items()
    }
    return {
        "name": family.policies[position].name,
        "aliases": list(family.policies[position].aliases),
        "symbol_versions": allowed,
        "libraries": {name for name, floor in family.libraries.items() if floor <= position},
        "unexported": {library: symbols for library, symbols in withheld.items() if symbols},
    }


def respell(entry, architecture):
    """A policy of auditwheel's in the same words."""
    table = entry["symbol_versions"][architecture]
    libraries = set(entry["lib_whitelist"])
    if "libc.so" in libraries:
        libraries.add(MUSL_SONAMES[architecture])
    return {
        "name": entry["name"],
        "aliases": entry["aliases"],
        "symbol_versions": {f"{prefix}_{n}" for prefix, numbers in table.items() for n in numbers},
        "libraries": libraries,
        "unexported": {lib: set(symbols) for lib, symbols in entry["blacklist"].items() if symbols},
    }


@pytest.mark.tools("auditwheel")
@pytest.mark.parametrize("key", sorted(POLICIES), ids="-".join)
def test_every_policy_is_auditwheels(key):
    family = POLICIES[key]
    unfolded = [unfold(family, position) for position in range(len(family.policies))]
    known = [e for e in entries_of_auditwheel(key[0]) if key[1] in e["symbol_versions"]]
    assert unfolded == [respell(entry, key[1]) for entry in known]


@pytest.mark.tools("auditwheel")
@pytest.mark.parametrize("name", FAMILY_OF_LIBC.values())
def test_no_architecture_of_auditwheels_is_missing(name):
    theirs = {a for entry in entries_of_auditwheel(name) for a in entry["symbol_versions"]}
    assert {architecture for family, architecture in POLICIES if family == name} == theirs


@pytest.mark.parametrize("name", FAMILY_OF_LIBC.values())
def test_a_newer_version_is_a_higher_position(name):
    for (family, _), found in POLICIES.items():
        if family == name:
            versions = [tuple(map(int, p.name.split("_")[1:])) for p in found.policies]
            assert versions == sorted(versions)


@pytest.mark.parametrize(
    ("architecture", "version", "expected"),
    [
        ("x86_64", "GLIBC_2.2.5", "manylinux_2_5"),
        ("x86_64", "GLIBC_2.14", "manylinux_2_17"),
        ("x86_64", "GLIBC_2.34", "manylinux_2_34"),
        ("x86_64", "GLIBCXX_3.4.29", "manylinux_2_34"),
        ("x86_64", "CXXABI_1.3.8", "manylinux_2_24"),
        ("x86_64", "GCC_3.0", "manylinux_2_5"),
        ("x86_64", "GLIBC_ABI_DT_RELR", "manylinux_2_36"),
        ("i686", "GLIBC_2.0", "manylinux_2_5"),
        ("aarch64", "GLIBC_2.17", "manylinux_2_17"),
        ("s390x", "GLIBC_2.2", "manylinux_2_17"),
        ("riscv64", "GLIBC_2.27", "manylinux_2_31"),
        ("loongarch64", "GLIBC_2.36", "manylinux_2_36"),
        # No policy lists these, though it knows the prefix.
        ("x86_64", "GLIBC_PRIVATE", None),
        ("x86_64", "GLIBC_2.99", None),
        ("x86_64", "GLIBC_ABI_GNU2_TLS", None),
        ("x86_64", "GLIBC_", None),
        ("aarch64", "GLIBC_2.5", None),
        # No policy knows the prefix: the version is its library's own affair.
        ("x86_64", "OPENSSL_3.0.0", "manylinux_2_5"),
        ("x86_64", "Base", "manylinux_2_5"),
        ("x86_64", "", "manylinux_2_5"),
        ("riscv64", "OPENSSL_3.0.0", "manylinux_2_31"),
    ],
)
def test_version_floor(architecture, version, expected):
    family = POLICIES["manylinux", architecture]
    assert family.policy_name(family.version_floor(version)) == expected


@pytest.mark.parametrize("architecture", sorted(MUSL_SONAMES))
def test_musl_has_no_symbol_versions(architecture):
    family = POLICIES["musllinux", architecture]
    assert family.version_prefixes == frozenset()
    assert family.version_floor("GLIBC_2.34") == 0


@pytest.mark.parametrize(("architecture", "soname"), MUSL_SONAMES.items())
def test_musl_goes_by_two_names(architecture, soname):
    libraries = POLICIES["musllinux", architecture].libraries
    assert libraries["libc.so"] == libraries[soname] == 0
    others = MUSL_SONAMES.keys() - {architecture}
    assert not libraries.keys() & {MUSL_SONAMES[other] for other in others}


def test_glibc_families_know_no_musl():
    for (name, _), family in POLICIES.items():
        if name == "manylinux":
            assert not any("musl" in soname for soname in family.libraries)
            assert "libc.so" not in family.libraries


@pytest.mark.parametrize(
    ("architecture", "library", "symbol", "expected"),
    [
        ("x86_64", "libc.so.6", "__cxa_thread_atexit_impl", "manylinux_2_24"),
        ("aarch64", "libc.so.6", "__cxa_thread_atexit_impl", "manylinux_2_24"),
        ("x86_64", "libz.so.1", "uncompress2", "manylinux_2_34"),
        ("x86_64", "libz.so.1", "z_errmsg", None),
    ],
)
def test_withheld_symbol(architecture, library, symbol, expected):
    family = POLICIES["manylinux", architecture]
    assert family.policy_name(family.unexported[library][symbol]) == expected


def test_what_is_withheld_is_of_a_library_that_is_expected():
    for family in POLICIES.values():
        assert family.unexported.keys() <= family.libraries.keys()


@pytest.mark.parametrize(
    ("architecture", "soname", "expected"),
    [
        ("x86_64", "libc.so.6", "manylinux_2_5"),
        ("x86_64", "libexpat.so.1", "manylinux_2_12"),
        ("x86_64", "libmvec.so.1", "manylinux_2_24"),
        ("aarch64", "libexpat.so.1", "manylinux_2_17"),
        ("riscv64", "libmvec.so.1", "manylinux_2_31"),
    ],
)
def test_library_floor(architecture, soname, expected):
    family = POLICIES["manylinux", architecture]
    assert family.policy_name(family.libraries[soname]) == expected


def test_ppc64_has_one_policy_where_versions_above_it_have_no_floor():
    family = POLICIES["manylinux", "ppc64"]
    assert family.policies == (Policy("manylinux_2_17", ("manylinux2014",)),)
    assert family.version_floor("GLIBC_2.17") == 0
    assert family.version_floor("GLIBC_2.18") == NEVER
    assert all(floor in (0, NEVER) for floor in family.symbol_versions.values())


def test_ppc64_takes_no_library_that_only_later_policies_expect():
    family = POLICIES["manylinux", "ppc64"]
    assert family.policy_name(family.libraries["libmvec.so.1"]) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("manylinux1", 0),
        ("manylinux_2_5", 0),
        ("manylinux2014", 2),
        ("manylinux_2_17", 2),
        ("manylinux_2_41", 15),
        ("manylinux_2_20", None),
        ("manylinux_2_17_x86_64", None),
        ("musllinux_1_2", None),
        ("linux", None),
    ],
)
def test_position(name, expected):
    assert POLICIES["manylinux", "x86_64"].position(name) == expected


def test_platforms_are_sorted_and_hold_every_alias():
    family = POLICIES["manylinux", "aarch64"]
    assert family.policies[0].platforms("aarch64") == (
        "manylinux2014_aarch64",
        "manylinux_2_17_aarch64",
    )
    assert family.policies[1].platforms("aarch64") == ("manylinux_2_24_aarch64",)


def test_no_policy_has_the_floor_never():
    family = PolicyFamily("manylinux", "x86_64", (Policy("a", ()),), {}, {}, {}, frozenset())
    assert family.policy_name(0) == "a"
    assert family.policy_name(1) is None
    assert family.policy_name(NEVER) is None
