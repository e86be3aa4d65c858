"""auditwheel's own integration cases (6.8.2), told again with our sources and commands.

Each runs without a container: the libraries of the build machine are in a directory that is gone
when the module is imported. Where the outcome differs on purpose, the table says why.

| auditwheel's case | what must come out | differs |
|---|---|---|
| rpath[none, rpath, runpath] | both copied; liba has RPATH `$ORIGIN`, libb none; works | no |
| partialresolution | nothing copied; the two libraries find each other; works | (1) |
| internal_rpath | the package's library stays, the other is copied; both work | no |
| multiple_top_level | two modules in site-packages itself share the copies | no |
| nonpy_rpath | a C++ library of the package needs a copied one | no |
| with_binary_executable | needy program behind a script, the other as it was | (2) |
| exclude | neither the library nor what it needs is copied | (3) |
| analyze_wheel_abi, exclude matrix | globs on the soname, on the path, and `*` | (4) |
| image_dependencies[0, 1] | older policies than proved are refused; `auto` finds it | no |
| isa_variants | a copy that needs newer processors keeps the wheel from any policy | (5) |
| compat | the policy asked for and its alias are among the tags; no empty directory | (6) |
| pure_wheel, non_platform_wheel_pure_allow | passes through | (7) |
| libpython | dropped from the module | no |

(1) auditwheel leaves the libraries without a path: the module that is loaded first has one, which
    the loader goes on to use. felloe gives each object the path it needs, whoever loads it.
(2) The script looks on `sys.path` and beside its directory, so `pip install --target` works too.
(3) auditwheel prints `Excluding liba.so`. felloe prints what it copies, not what it leaves.
(4) libpython is not among what remains: it is dropped before anything is looked for.
(5) There is no `--disable-isa-ext-check`: such a tag would be false.
(6) There is no `--only-plat`: the best tag that is proved is always written beside the one asked
    for, since installers of any age then find one they know.
(7) auditwheel ends with 1, or copies the file byte for byte when allowed to. felloe writes the
    wheel under the same name, normalised: members sorted, time stamps fixed.

Told elsewhere: numpy and its SBOM (test_many_libraries.py, test_sbom.py), zlib and glibc symbols
withheld, libmvec, PyFPE, weak symbols, other machines and C libraries (tests/cases),
SOURCE_DATE_EPOCH (test_wheel_writing.py). Not told: Android, patchers of other makers.
"""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from support.graft_samples import (
    FAMILY,
    LINUX,
    MACHINE,
    OLDEST,
    TAG,
    Forge,
    dynamic_of,
    libraries_of,
    module_file,
    platforms_of,
    unpack,
)

pytestmark = pytest.mark.slow

M = module_file("m")
FB = "int fb(void) { return 10; }"
FA = "int fb(void); int fa(void) { return 1 + fb(); }"


@pytest.fixture
def forge(tmp_path):
    return Forge(tmp_path)


def make_chain(forge, dtag="none"):
    """liba.so over libb.so, each in its own directory, with the kind of path asked for."""
    kind = "--enable-new-dtags" if dtag == "runpath" else "--disable-new-dtags"
    path = () if dtag == "none" else (f"-Wl,{kind}", "-Wl,-rpath,$ORIGIN/../b")
    b = forge.library("libb.so", FB, *path, soname="", at=forge.lib / "b")
    flags = (f"-L{b.parent}", "-lb", *path)
    a = forge.library("liba.so", FA, *flags, soname="", at=forge.lib / "a")
    link = (f"-L{a.parent}", "-la", f"-Wl,-rpath-link,{b.parent}")
    places = [a.parent] if dtag != "none" else [a.parent, b.parent]
    return link, {"LD_LIBRARY_PATH": ":".join(map(str, places))}


@pytest.mark.parametrize("dtag", ["none", "rpath", "runpath"])
def test_rpath(dtag, forge, tmp_path):
    link, env = make_chain(forge, dtag)
    wheel = forge.repaired("testrpath", [(M, forge.module("m", "fa()", *link))], env=env)
    assert libraries_of(wheel) == ["liba.so", "libb.so"]
    a = dynamic_of(wheel, r"testrpath\.libs/liba", tmp_path)
    assert (a.rpath, a.runpath) == ("$ORIGIN", "")
    b = dynamic_of(wheel, r"testrpath\.libs/libb", tmp_path)
    assert (b.rpath, b.runpath) == ("", "")
    assert forge.ask(forge.install(wheel), "m").values == [11]


def test_partialresolution(forge, tmp_path):
    b = forge.library("libb.so", FB, soname="")
    a = forge.library("liba.so", FA, f"-L{forge.lib}", "-lb", soname="")
    flags = (f"-L{forge.lib}", "-la", f"-Wl,-rpath-link,{forge.lib}", "-Wl,--disable-new-dtags")
    module = forge.module("m", "fa()", *flags, rpath="$ORIGIN")
    files = [(f"pkg/{M}", module), ("pkg/liba.so", a.read_bytes()), ("pkg/libb.so", b.read_bytes())]
    wheel = forge.repaired("partial", files, env={"LD_LIBRARY_PATH": ""})
    assert libraries_of(wheel) == []
    assert dynamic_of(wheel, "pkg/liba", tmp_path).rpath == "$ORIGIN"  # (1)
    assert dynamic_of(wheel, "pkg/libb", tmp_path)[2:4] == ("", "")
    assert unpack(wheel)[f"pkg/{M}"] == module
    assert forge.ask(forge.install(wheel), "pkg.m").values == [11]


def test_internal_rpath(forge, tmp_path):
    a = forge.library("liba.so", "int fa(void) { return 11; }", soname="")
    flags = (f"-L{forge.lib}", "-la")
    files = [
        (f"pkg/{M}", forge.module("m", "fa()", *flags, rpath="$ORIGIN")),
        ("pkg/liba.so", a.read_bytes()),
    ]
    a.unlink()
    forge.library("libb.so", FB, soname="")
    files.append((f"pkg/{module_file('n')}", forge.module("n", "fb()", f"-L{forge.lib}", "-lb")))
    wheel = forge.repaired("internal", files)
    assert libraries_of(wheel) == ["libb.so"]
    found = dynamic_of(wheel, f"pkg/{M}", tmp_path)
    assert found.rpath + found.runpath == "$ORIGIN"
    assert forge.ask(forge.install(wheel), "pkg.m", "pkg.n").values == [11, 10]


def test_multiple_top_level(forge):
    link, env = make_chain(forge)
    files = [
        (module_file("example_a"), forge.module("example_a", "fa()", *link)),
        (module_file("example_b"), forge.module("example_b", "10 * fa()", *link)),
    ]
    wheel = forge.repaired("multiple_top_level", files, env=env)
    assert libraries_of(wheel) == ["liba.so", "libb.so"]
    site = forge.install(wheel)
    assert forge.ask(site, "example_a", "example_b").values == [11, 110]


def test_nonpy_rpath(forge, tmp_path):
    outer = forge.library("libcipher.so.1", "int cipher(void) { return '*'; }")
    code = """
    #include <string>
    extern "C" int cipher(void);
    std::string encrypt() { return std::string(3, (char)cipher()); }
    """
    flags = (outer, "-Wl,-rpath,$ORIGIN")
    name = f"lib_example{M[1:]}"
    own = forge.library(name, code, *flags, compiler="g++", at=forge.place / "own")
    module = forge.module(
        "m",
        "(int)encrypt().size()",
        own,
        f"-Wl,-rpath-link,{forge.lib}",
        code="#include <string>\nstd::string encrypt();",
        rpath="$ORIGIN",
        compiler="g++",
    )
    files = [(f"pkg/{M}", module), (f"pkg/{name}", own.read_bytes())]
    wheel = forge.repaired("nonpy", files)
    assert libraries_of(wheel) == ["libcipher.so.1"]
    found = dynamic_of(wheel, "pkg/lib_example", tmp_path)
    assert "$ORIGIN/../nonpy.libs" in (found.rpath + found.runpath).split(":")
    assert forge.ask(forge.install(wheel), "pkg.m").values == [3]


def test_with_binary_executable(forge):
    square = forge.library("libsquare.so.1", "double square(double x) { return x * x; }")
    code = """
    #include <stdio.h>
    #include <stdlib.h>
    %s
    int main(int count, char **words) {
      if (count != 2) { fputs("one argument\\n", stderr); return 1; }
      double x = atof(words[1]);
      printf("%%g\\n", %s);
      return 0;
    }
    """
    plain = forge.program(code % ("", "x * x"))
    files = [
        ("testpackage-1.0.data/scripts/testprogram",
         forge.program(code % ("double square(double);", "square(x)"), square)),
        ("testpackage-1.0.data/scripts/testprogram_nodeps", plain),
        ("testpackage/__init__.py", ""),
    ]  # fmt: skip
    wheel = forge.repaired("testpackage", files, tag="py3-none-any")
    assert wheel.name.startswith("testpackage-1.0-py3-none-manylinux")
    bin_directory = forge.install(wheel) / "bin"
    for name in ("testprogram", "testprogram_nodeps"):
        command = [bin_directory / name, "1.5"]
        done = subprocess.run(command, check=True, text=True, capture_output=True)
        assert done.stdout == "2.25\n"
        done = subprocess.run([bin_directory / name], check=False, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (1, "one argument\n")
    assert (bin_directory / "testprogram").read_text().startswith("#!/")
    assert (bin_directory / "testprogram_nodeps").read_bytes() == plain


def test_exclude(forge):
    link, env = make_chain(forge)
    files = [(M, forge.module("m", "fa()", *link))]
    done = forge.repair(forge.pack("excluded", files), "--exclude=liba.so", env=env)
    assert libraries_of(done.wheel) == []
    assert "copying" not in done.output


@pytest.mark.parametrize(
    ("exclude", "copied", "missing"),
    [
        ([], ["libffi.so.5"], False),
        (["libffi.so.5", "libpython2.7.so.1.0"], [], False),
        (["libffi.so.noexist", "libnoexist.so.*"], ["libffi.so.5"], False),
        (["libffi.so.[4,5]"], [], False),
        (["libffi.so.[6,7]"], ["libffi.so.5"], False),
        (["{lib}/*"], [], False),
        (["{lib}/*"], [], True),  # without the variable it is not found there, so not excluded
        (["libffi.so.*"], [], True),
        (["*"], [], True),
    ],
)
def test_analyze_wheel_abi(exclude, copied, missing, forge):
    libraries = [
        forge.library("libffi.so.5", "int ffi(void) { return 5; }"),
        forge.library("libpython2.7.so.1.0", "int python(void) { return 27; }"),
    ]
    module = forge.module("m", "ffi() + 0 * python()", "-Wl,--no-as-needed", *libraries)
    given = forge.pack("cffi", [(M, module)])
    options = [f"--exclude={glob.format(lib=forge.lib)}" for glob in exclude]
    done = forge.repair(given, *options, env={"LD_LIBRARY_PATH": ""} if missing else None)
    if missing and exclude == ["{lib}/*"]:
        assert done.exit_code == 1
        assert "libffi.so.5, which" in done.errors
    else:
        assert libraries_of(done.wheel) == copied
        assert platforms_of(done.wheel) == OLDEST
    assert f"{M} no longer needs libpython2.7.so.1.0" in done.errors  # (4)


@pytest.mark.parametrize("with_dependency", [False, True])
def test_image_dependencies(with_dependency, forge):
    """The newer symbol is the module's, or only the copied library's."""
    code = "#define _GNU_SOURCE\n#include <unistd.h>\nint run(void) { return gettid() > 0; }"
    flags = (forge.library("libdependency.so", code, soname=""),) if with_dependency else ()
    module = forge.module("m", "run()", *flags, code="int run(void);" if flags else code)
    given = forge.pack("dependencies", [(M, module)])
    for policy in ("manylinux2014", "manylinux_2_28"):
        done = forge.repair(given, f"--platform={policy}")
        assert done.exit_code == 1
        assert "gettid" in done.errors
    wheel = forge.repair(given, "--platform=auto").wheel
    assert platforms_of(wheel) == f"manylinux_2_31_{MACHINE}"
    assert forge.ask(forge.install(wheel), "m").values == [1]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="levels of x86-64")
@pytest.mark.parametrize("level", [2, 3, 4])
def test_isa_variants(level, forge):
    library = forge.library("libfast.so", "int fast(void) { return 1; }", f"-Wl,-z,x86-64-v{level}")
    done = forge.repair(forge.pack("isa", [(M, forge.module("m", "fast()", library))]))
    assert done.exit_code == 1
    assert f"needs x86-64-v{level} instructions: allowed by no policy" in done.errors


@pytest.mark.parametrize("asked", ["manylinux2014", "manylinux_2_17", "manylinux_2_28"])
def test_compat(asked, forge):
    given = forge.pack("compat", [(M, forge.module("m", "1"))])
    wheel = forge.repair(given, f"--platform={asked}").wheel
    position = FAMILY.position(asked)
    wanted = {*OLDEST.split("."), *FAMILY.policies[position].platforms(MACHINE)}
    assert set(platforms_of(wheel).split(".")) == wanted
    assert f"{asked}_{MACHINE}" in wanted
    assert not any(".libs" in name for name in unpack(wheel))


def test_pure_wheel(forge):
    given = forge.pack("pure", [("pure.py", "x = 1\n")], tag="py2.py3-none-any")
    wheel = forge.repair(given).wheel
    assert wheel.name == given.name
    assert unpack(wheel)["pure.py"] == b"x = 1\n"


def test_libpython(forge, tmp_path):
    soname = "libpython{}.{}.so.1.0".format(*sys.version_info[:2])
    stub = forge.library(soname, "int nothing;")
    module = forge.module("m", "1", "-Wl,--no-as-needed", stub)
    stub.unlink()
    done = forge.repair(forge.pack("mscl", [(M, module)]))
    assert done.wheel.name == f"mscl-1.0-{TAG}-{OLDEST}.whl"
    assert f"{M} no longer needs {soname}" in done.errors
    assert soname not in dynamic_of(done.wheel, M, tmp_path).needed
    assert LINUX not in done.wheel.name
