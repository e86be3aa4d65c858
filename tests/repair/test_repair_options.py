"""Choices of the user: excluded, included, provided and searched libraries."""

from __future__ import annotations

import os
import sys

import pytest
from support.graft_samples import (
    LINUX,
    OLDEST,
    dynamic_of,
    libraries_of,
    module_file,
    platforms_of,
    rpath_of,
    unpack,
)

M = module_file("m")


@pytest.mark.parametrize(
    "glob", ["libone.so.1", "libone.*", "{lib}/libone.so.1", "{lib}/*", "{real}/libone.so.1.9"]
)
def test_exclude(glob, forge, tmp_path):
    """By what it is needed as, by the path it is found at, and by the file's own."""
    real = forge.place / "real"
    two = forge.library("libtwo.so.1", "int two(void) { return 2; }", at=real)
    code = "int two(void); int one(void) { return 1 + two(); }"
    forge.library("libone.so.1.9", code, two, soname="libone.so.1", at=real)
    (forge.lib / "libone.so.1").symlink_to(real / "libone.so.1.9")
    flags = (forge.lib / "libone.so.1", f"-Wl,-rpath-link,{real}")
    files = [(M, forge.module("m", "one()", *flags))]
    pattern = glob.format(lib=forge.lib, real=real)
    wheel = forge.repaired("excluded", files, "--exclude", pattern)
    assert libraries_of(wheel) == []  # nor what it needs in turn
    assert platforms_of(wheel) == OLDEST
    assert "libone.so.1" in dynamic_of(wheel, M, tmp_path).needed
    other = forge.repaired("other", files, "--exclude=libone.so", "--search", real)
    assert libraries_of(other) == ["libone.so.1", "libtwo.so.1"]


def test_drivers_are_never_copied(forge, tmp_path):
    stubs = [
        forge.library("libcuda.so.1", "int cuda(void) { return 40; }"),
        forge.library("libnvidia-ml.so.1", "int nvml(void) { return 2; }"),
    ]
    module = forge.module("m", "cuda() + nvml()", *stubs)
    wheel = forge.repaired("driver", [(M, module)])
    assert libraries_of(wheel) == []
    assert platforms_of(wheel) == OLDEST
    assert {"libcuda.so.1", "libnvidia-ml.so.1"} <= set(dynamic_of(wheel, M, tmp_path).needed)
    copied = forge.repaired("driver", [(M, module)], "--include", "libcuda.so.1")
    assert libraries_of(copied) == ["libcuda.so.1"]


_DLOPEN = """
#include <dlfcn.h>
static int plug(void) {
  void *library = dlopen("libplug.so.1", RTLD_NOW);
  int (*found)(void) = library ? (int (*)(void))dlsym(library, "plug") : 0;
  return found ? found() : -1;
}
"""


@pytest.mark.parametrize("where", ["module", "library"])
@pytest.mark.parametrize("tags", ["--enable-new-dtags", "--disable-new-dtags"])
def test_include(where, tags, forge):
    """What is loaded by name keeps its name, and is found by whoever asks for it."""
    inner = forge.library("libinner.so.1", "int inner(void) { return 5; }")
    code = "int inner(void); int plug(void) { return 10 + inner(); }"
    forge.library("libplug.so.1.4", code, inner, soname="libplug.so.1")
    (forge.lib / "libplug.so.1").symlink_to("libplug.so.1.4")
    asker = _DLOPEN.replace("static int plug", "int ask")
    if where == "library":
        library = forge.library("libasks.so.1", asker)
        module = forge.module("m", "ask()", library, f"-Wl,{tags}", rpath="$ORIGIN")
    else:
        module = forge.module("m", "ask()", f"-Wl,{tags}", code=asker, rpath="$ORIGIN")
    wheel = forge.repaired("plug", [(f"pkg/{M}", module)], "--include", "libplug.so.1")
    assert "plug.libs/libplug.so.1" in unpack(wheel)
    assert forge.ask(forge.install(wheel), "pkg.m").values == [15]


def test_include_by_another_name_than_the_soname(forge):
    """The name in the call of dlopen is the one that counts."""
    forge.library("libplug.so.1.4", "int plug(void) { return 5; }", soname="libplug.so.1.4")
    (forge.lib / "libplug.so.1").symlink_to("libplug.so.1.4")
    module = forge.module("m", "plug()", code=_DLOPEN)
    wheel = forge.repaired("alias", [(M, module)], "--include=libplug.so.1")
    assert forge.ask(forge.install(wheel), "m").values == [5]


def test_an_included_library_that_is_not_there(forge):
    given = forge.pack("absent", [(M, forge.module("m", "1"))])
    done = forge.repair(given, "--include=libno.so")
    assert "`libraries.include` is not fulfilled: libno.so was not found in " in done.errors
    assert (done.exit_code, done.wheels) == (1, [])


_NOTE = """
#define TEXT "[{\\"soname\\":[\\"libplug.so.1\\"],\\"feature\\":\\"plug\\"}]"
static const struct { unsigned n, d, t; char o[4]; char s[(sizeof TEXT + 3) & ~3]; } note
  __attribute__((used, aligned(4), section(".note.dlopen"))) =
  {4, sizeof TEXT, 0x407c0c0a, "FDO", TEXT};
"""


def test_a_declared_dlopen_is_reported(forge):
    forge.library("libplug.so.1", "int plug(void) { return 5; }")
    given = forge.pack("note", [(M, forge.module("m", "plug()", code=_NOTE + _DLOPEN))])
    done = forge.repair(given)
    assert f"{M} declares that it loads libplug.so.1 at run time" in done.errors
    assert "`libraries.include`" in done.errors


def test_a_declared_dlopen_that_is_included_is_nothing_to_report(forge):
    forge.library("libplug.so.1", "int plug(void) { return 5; }")
    given = forge.pack("note", [(M, forge.module("m", "plug()", code=_NOTE + _DLOPEN))])
    done = forge.repair(given, "--include=libplug.so.1")
    assert "libplug.so.1" in libraries_of(done.wheel)
    assert "declares" not in done.errors


@pytest.fixture
def provider(forge):
    """A distribution that installs a library, and where it is installed now."""
    library = forge.library("libprov.so.1", "int prov(void) { return 9; }")
    files = [("provider/__init__.py", ""), ("provider/lib/libprov.so.1", library.read_bytes())]
    return forge.pack("provider", files, tag=f"py3-none-{LINUX}"), library


def test_a_library_that_another_distribution_provides(forge, provider, tmp_path):
    wheel, library = provider
    outer = forge.library(
        "libouter.so.1", "int prov(void); int o(void) { return prov(); }", library
    )
    files = [
        (f"pkg/sub/{M}", forge.module("m", "1 + prov()", library)),
        (f"pkg/{module_file('n')}", forge.module("n", "o()", outer)),
    ]
    library.unlink()
    builder = forge.install(wheel, to="builder")
    (forge.place / "lib-is-gone").rename(forge.lib)
    given = forge.pack("taker", files, metadata="Requires-Dist: Provider>=1\n")
    env = {"PYTHONPATH": f"{builder}:{os.environ.get('PYTHONPATH', '')}"}
    done = forge.repair(given, "--provided-by=provider=libprov*.so*", env=env)
    assert done.exit_code == 0, done.errors
    assert platforms_of(done.wheel) == OLDEST
    assert libraries_of(done.wheel) == ["libouter.so.1"]
    assert rpath_of(done.wheel, f"pkg/sub/{M}", tmp_path) == "$ORIGIN/../../provider/lib"
    assert rpath_of(done.wheel, r"taker\.libs/", tmp_path) == "$ORIGIN/../provider/lib"
    site = forge.install(done.wheel, wheel)
    # Each by itself: what one has loaded, the other would be given.
    for module, value in (("pkg.sub.m", 10), ("pkg.n", 9)):
        seen = forge.ask(site, module)
        assert seen.values == [value]
        assert seen.named("libprov") == [f"{site}/provider/lib/libprov.so.1"]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("required", "which is not installed here"),
        ("installed", "which the wheel does not require"),
        ("other", "says that provider provides libprov.so.1, but it does not install it"),
    ],
)
def test_a_provider_must_be_required_and_there(case, said, forge, provider):
    wheel, library = provider
    module = forge.module("m", "prov()", library)
    if case == "other":
        wheel = forge.pack("provider", [("provider/libelse.so", library.read_bytes())], at="other")
    env = {}
    if case != "required":
        builder = forge.install(wheel, to="builder")
        env = {"PYTHONPATH": f"{builder}:{os.environ.get('PYTHONPATH', '')}"}
    metadata = "" if case == "installed" else "Requires-Dist: provider\n"
    given = forge.pack("taker", [(M, module)], metadata=metadata)
    env["FELLOE_LIBRARIES_PROVIDED_BY"] = "provider=libprov.so.1"
    done = forge.repair(given, env=env)
    assert done.exit_code == 1
    assert said in done.errors
    assert not done.wheels


def test_a_missing_library(forge, simple):
    (forge.lib / "libone.so.1").unlink()
    given = forge.pack("missing", [(f"pkg/{M}", simple)])
    search = forge.place / "search"
    search.mkdir()
    done = forge.repair(given, "--search", search)
    assert done.exit_code == 1
    assert not done.wheels
    warning = next(line for line in done.errors.splitlines() if line.startswith("felloe: warning"))
    assert f"libone.so.1, which pkg/{M} needs, was not found in {search} (libraries" in warning
    assert f"{forge.lib} (LD_LIBRARY_PATH)" in warning
    assert "/etc/ld.so.cache (system)" in warning
    assert f"the wheel is tagged {LINUX}, which PyPI refuses" in done.errors
    kept = forge.repair(given, env={"FELLOE_ON_VIOLATION": "degrade"})
    assert kept.exit_code == 0
    assert platforms_of(kept.wheel) == LINUX


def test_a_directory_to_search(forge, simple):
    forge.lib.rename(forge.place / "hidden")
    given = forge.pack("search", [(M, simple)])
    assert forge.repair(given).exit_code == 1
    done = forge.repair(given, "--search", forge.place / "hidden")
    assert done.exit_code == 0
    assert f"felloe: copying libone.so.1 from {forge.place}/hidden/libone.so.1\n" in done.output


def test_libpython_is_dropped_from_what_an_interpreter_loads(forge, tmp_path):
    soname = "libpython{}.{}.so.1.0".format(*sys.version_info[:2])
    stub = forge.library(soname, "int nothing;")
    flags = ("-Wl,--no-as-needed", stub)
    files = [
        (M, forge.module("m", "1", *flags)),
        ("libinside.so", forge.library("libinside.so", "int i;", *flags).read_bytes()),
    ]
    stub.unlink()
    given = forge.pack("python", files)
    done = forge.repair(given)
    assert libraries_of(done.wheel) == []
    assert f"{M} no longer needs {soname}" in done.errors
    assert platforms_of(done.wheel) == OLDEST
    for member in (M, "libinside.so"):
        assert soname not in dynamic_of(done.wheel, member, tmp_path).needed
    assert forge.ask(forge.install(done.wheel), "m").values == [1]


def test_a_program_keeps_its_libpython(forge, tmp_path):
    """It is no guest of an interpreter. No policy promises the library, so the tag says so."""
    soname = "libpython{}.{}.so.1.0".format(*sys.version_info[:2])
    stub = forge.library(soname, "int Py_Main(void) { return 0; }")
    program = forge.program("int Py_Main(void); int main(void) { return Py_Main(); }", stub)
    stub.unlink()
    given = forge.pack("embeds", [("pkg/program", program), (M, forge.module("m", "1"))])
    done = forge.repair(given, env={"FELLOE_ON_VIOLATION": "degrade"})
    assert soname in dynamic_of(done.wheel, "pkg/program", tmp_path).needed
    assert platforms_of(done.wheel) == LINUX


def test_platform_linux_copies_nothing(forge, simple):
    given = forge.pack("local", [(M, simple)])
    done = forge.repair(given, "--platform=linux")
    assert done.exit_code == 0
    assert platforms_of(done.wheel) == LINUX
    assert unpack(done.wheel)[M] == simple
    assert libraries_of(done.wheel) == []


def test_a_flag_wins_over_the_environment(forge, simple):
    given = forge.pack("flag", [(M, simple)])
    env = {"FELLOE_PLATFORM": "linux", "FELLOE_LIBRARIES_EXCLUDE": "libone*"}
    done = forge.repair(given, "--platform=auto", "--exclude=libtwo*", env=env)
    assert libraries_of(done.wheel) == ["libone.so.1"]
    done = forge.repair(given, "--platform=musllinux_1_2", env=env)
    assert done.exit_code == 1
    assert "error: --platform wants musllinux_1_2; the wheel is tagged" in done.errors
    done = forge.repair(given, "--platform=macosx")
    assert done.exit_code == 2
    assert "argument --platform: 'macosx' is not" in done.errors
