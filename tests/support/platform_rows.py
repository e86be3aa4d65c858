"""Platform tags of x86-64 objects: what they need of the system."""

from __future__ import annotations

from support.compiled_samples import NO_STACK_MARKER, Need, Specimen, library, module
from support.truth_case import LINUX, ML2014, OLDEST, Case, Says, m

_M = m("cpython-311")
_CLAIM = f"cp311-cp311-{LINUX}"
_NEVER = f"cp311-cp311-{LINUX}"
_ORIGIN = "set INSTALL_RPATH in CMake to $ORIGIN paths"
_RELATIVE = "static char v[4]; char *p[4] = {v, v + 1, v + 2, v + 3};"
_TEXT = "static int v; int *address(void) { return &v; }"


def _libc(version: str, *symbols: str) -> Need:
    return Need("libc.so.6", version, symbols or ("puts",))


def _needing(*needs: Need) -> dict[str, Specimen]:
    return {_M: module("m", needs=needs)}


def _case(name: str, files: dict, platform: str = OLDEST, *notes: Says) -> Case:
    return Case(name, files, _CLAIM, f"cp311-cp311-{platform}", notes=notes)


def _at(number: int) -> str:
    return f"manylinux_2_{number}_x86_64"


_FLOORS = (
    _case("floor-2.2.5", _needing(_libc("GLIBC_2.2.5")), OLDEST),
    _case(
        "floor-2.12", _needing(_libc("GLIBC_2.12")), "manylinux2010_x86_64.manylinux_2_12_x86_64"
    ),
    _case("floor-2.17", _needing(_libc("GLIBC_2.17")), ML2014),
    _case("floor-2.18-is-in-2.24", _needing(_libc("GLIBC_2.18")), _at(24)),
    _case("floor-2.34", _needing(_libc("GLIBC_2.34"), _libc("GLIBC_2.17", "gets")), _at(34)),
    _case("floor-of-the-newest-policy", _needing(_libc("GLIBC_2.41")), _at(41)),
    _case("version-that-no-policy-knows", _needing(_libc("GLIBC_2.99")), LINUX),
    _case("private-version", _needing(_libc("GLIBC_PRIVATE")), LINUX),
    _case(
        "loader's-version",
        _needing(Need("ld-linux-x86-64.so.2", "GLIBC_2.35", ("__rseq_offset",))),
        _at(35),
    ),
    _case(
        "c++-floor",
        _needing(Need("libstdc++.so.6", "GLIBCXX_3.4.29", ("_ZSt4cout",)), _libc("GLIBC_2.17")),
        _at(34),
    ),
    _case(
        "c++-runtime-floor",
        _needing(Need("libstdc++.so.6", "CXXABI_1.3.13", ("__cxa_throw",))),
        _at(34),
    ),
    _case("gcc-floor", _needing(Need("libgcc_s.so.1", "GCC_7.0.0", ("__cpu_model",))), _at(27)),
    _case(
        "highest-of-two-objects",
        {
            "a." + _M.partition(".")[2]: module("a", needs=(_libc("GLIBC_2.17"),)),
            "b." + _M.partition(".")[2]: module("b", needs=(_libc("GLIBC_2.28"),)),
        },
        _at(28),
    ),
    _case(
        "floor-of-a-plain-library",
        {_M: module("m"), "libdeep.so.1": library(needs=(_libc("GLIBC_2.31"),))},
        _at(31),
    ),
)

_LIBRARIES = (
    _case("library-of-every-system", _needing(Need("libz.so.1"), Need("libm.so.6"))),
    _case(
        "library-of-newer-systems",
        _needing(Need("libexpat.so.1")),
        "manylinux2010_x86_64.manylinux_2_12_x86_64",
    ),
    _case("vector-library", _needing(Need("libmvec.so.1")), _at(24)),
    _case("external", _needing(Need("libtruth.so.3")), LINUX),
    _case("two-external", _needing(Need("libtruth.so.3"), Need("liblie.so.4")), LINUX),
    _case("external-with-versions", _needing(Need("libssl.so.3", "OPENSSL_3.0.0", ("s",))), LINUX),
    _case(
        "brought-along-by-name",
        {**_needing(Need("libssl.so.3", "OPENSSL_3.0.0", ("s",))), "x/libssl.so.3": library("s")},
    ),
    _case(
        "brought-along-by-soname",
        {
            **_needing(Need("libtruth.so.3")),
            "truth.libs/renamed.so": library(flags=("-Wl,-soname,libtruth.so.3",)),
        },
    ),
    _case(
        "brought-along-for-another-machine",
        {
            **_needing(Need("libtruth.so.3")),
            "libtruth.so.3": library(target="aarch64-linux-gnu"),
        },
        LINUX,
        Says("libtruth.so.3 is for aarch64: not audited"),
    ),
    _case(
        "external-of-a-library-brought-along",
        {**_needing(Need("liba.so")), "liba.so": library(needs=(Need("libb.so.1"),))},
        LINUX,
    ),
    _case(
        "libpython-brought-along",
        {**_needing(Need("libpython3.11.so.1.0")), "l/libpython3.11.so.1.0": library()},
    ),
    _case("loader", _needing(Need("ld-linux-x86-64.so.2"))),
    _case("nothing-needed", {_M: module("m")}),
    _case(
        "nameless-library",
        {_M: module("m", needs=(Need("libvoid.so.1"),), edits=((b"libvoid.so.1", bytes(12)),))},
        LINUX,
    ),
    _case("withheld-for-some-time", _needing(Need("libz.so.1", symbols=("uncompress2",))), _at(34)),
    _case("withheld-for-ever", _needing(Need("libz.so.1", symbols=("z_errmsg",))), LINUX),
    _case(
        "withheld-but-weak",
        {_M: module("m", weak=("z_errmsg",), needs=(Need("libz.so.1"),))},
    ),
    _case("relic", {_M: module("m", "PyFPE_jbuf")}, LINUX),
)

_LIBPYTHONS = (
    "libpython3.11.so.1.0",
    "libpython3.13t.so.1.0",
    "libpython3.14d.so.1.0",
    "libpython3.7m.so.1.0",
    "libpython3.so",
    "libpython3t.so",
    "libpypy3.11-c.so",
)
_INTERPRETERS = tuple(
    Case(
        f"linked-with-{soname}",
        _needing(Need(soname)),
        "cp311-cp311-manylinux_2_28_x86_64",
        f"cp311-cp311-{LINUX}",
        problems=(
            Says(
                "the tag manylinux_2_28_x86_64 is not proved:\n"
                f"  {_M} needs {soname}: allowed by no policy\n"
                "without these it would be manylinux_2_5_x86_64",
                "link Python::Module (component Development.Module) and not Python::Python",
            ),
        ),
    )
    for soname in _LIBPYTHONS
)

_CODE = (
    _case("executable-stack", {_M: module("m", flags=("-Wl,-z,execstack",))}, LINUX),
    _case("no-stack-marker", {_M: module("m", edits=NO_STACK_MARKER)}, LINUX),
    _case("x86-64-v2", {_M: module("m", flags=("-Wl,-z,x86-64-v2",))}, LINUX),
    _case("x86-64-v3", {_M: module("m", flags=("-Wl,-z,x86-64-v3",))}, LINUX),
    _case("x86-64-baseline", {_M: module("m", flags=("-Wl,-z,x86-64-baseline",))}),
    _case(
        "x86-64-v3-by-the-compiler",
        {_M: module("m", flags=("-march=x86-64-v3", "-mneeded"))},
        LINUX,
    ),
    _case(
        "packed-relocations",
        {_M: module("m", code=_RELATIVE, flags=("-Wl,-z,pack-relative-relocs",))},
        _at(36),
    ),
    _case(
        "packed-relocations-with-their-version",
        {
            _M: module(
                "m",
                code=_RELATIVE,
                flags=("-Wl,-z,pack-relative-relocs",),
                needs=(_libc("GLIBC_ABI_DT_RELR"),),
            )
        },
        _at(36),
    ),
    _case(
        "plain-relocations",
        {_M: module("m", code=_RELATIVE, flags=("-Wl,-z,nopack-relative-relocs",))},
    ),
    _case(
        "text-relocations",
        {
            _M: module(
                "m",
                code=_TEXT,
                flags=("-fno-pic", "-mcmodel=large", "-Wl,-z,notext"),
            )
        },
        OLDEST,
        Says(
            f"{_M} has text relocations, which hardened systems refuse",
            "compile every source of it with -fPIC",
        ),
    ),
)


def _rpath(name: str, path: str, *notes: Says, old: bool = False) -> Case:
    tags = "--disable-new-dtags" if old else "--enable-new-dtags"
    return _case(
        name, {_M: module("m", flags=(f"-Wl,-rpath,{path}", f"-Wl,{tags}"))}, OLDEST, *notes
    )


def _strange(kind: str, entry: str) -> Says:
    return Says(f"{_M} has the {kind} entry {entry}, a place on the build machine", _ORIGIN)


def _empty(kind: str) -> Says:
    return Says(
        f"{_M} has an empty {kind} entry: the loader searches the current directory, whoever "
        "owns it",
        _ORIGIN,
    )


_PATHS = (
    _rpath("runpath-to-origin", "$ORIGIN/../truth.libs:${ORIGIN}"),
    _rpath("absolute-runpath", "/home/me/build", _strange("RUNPATH", "/home/me/build")),
    _rpath("absolute-rpath", "/opt/x:$ORIGIN", _strange("RPATH", "/opt/x"), old=True),
    _rpath("empty-runpath", "", _empty("RUNPATH")),
    _rpath("empty-rpath-entry", "$ORIGIN::/x", _empty("RPATH"), _strange("RPATH", "/x"), old=True),
)

_DUPLICATE = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"


def _overclaim(name: str, files: dict, platform: str, proved: str, says: Says) -> Case:
    return Case(name, files, f"cp311-cp311-{platform}", f"cp311-cp311-{proved}", problems=(says,))


_OVERCLAIMS = (
    Case("claim-that-holds", _needing(_libc("GLIBC_2.17")), _DUPLICATE, f"cp311-cp311-{ML2014}"),
    Case(
        "claim-that-could-be-wider",
        _needing(_libc("GLIBC_2.17")),
        "cp311-cp311-manylinux_2_28_x86_64",
        f"cp311-cp311-{ML2014}",
    ),
    Case(
        "claim-of-a-system-yet-to-come",
        _needing(_libc("GLIBC_2.17")),
        "cp311-cp311-manylinux_2_99_x86_64",
        f"cp311-cp311-{ML2014}",
    ),
    _overclaim(
        "claim-beyond-a-symbol",
        _needing(_libc("GLIBC_2.34", "a", "b", "c", "d", "e", "f")),
        "manylinux_2_17_x86_64",
        _at(34),
        Says(
            "the tag manylinux_2_17_x86_64 is not proved:\n"
            f"  {_M} needs GLIBC_2.34 of libc.so.6 (a, b, c and 3 more): "
            "allowed from manylinux_2_34 on\n"
            "without these it would be manylinux_2_5_x86_64",
            "build where the C library is older",
        ),
    ),
    _overclaim(
        "claim-between-two-policies",
        _needing(_libc("GLIBC_2.31")),
        "manylinux_2_30_x86_64",
        _at(31),
        Says(
            "the tag manylinux_2_30_x86_64 is not proved:\n"
            f"  {_M} needs GLIBC_2.31 of libc.so.6 (puts): allowed from manylinux_2_31 on\n"
            "without these it would be manylinux_2_5_x86_64",
            "build where the C library is older",
        ),
    ),
    _overclaim(
        "claim-beyond-two-libraries",
        _needing(Need("libtruth.so.3"), Need("liblie.so.4"), _libc("GLIBC_2.17")),
        "manylinux_2_17_x86_64",
        LINUX,
        Says(
            "the tag manylinux_2_17_x86_64 is not proved:\n"
            f"  {_M} needs liblie.so.4: allowed by no policy\n"
            f"  {_M} needs libtruth.so.3: allowed by no policy\n"
            "without these it would be manylinux_2_17_x86_64",
            "link that library statically, or have it copied in",
        ),
    ),
    _overclaim(
        "claim-beyond-the-stack",
        {_M: module("m", flags=("-Wl,-z,execstack",))},
        "manylinux_2_28_x86_64",
        LINUX,
        Says(
            "the tag manylinux_2_28_x86_64 is not proved:\n"
            f"  {_M} needs an executable stack: allowed by no policy\n"
            "without these it would be manylinux_2_5_x86_64",
            "-Wl,-z,noexecstack",
        ),
    ),
    _overclaim(
        "claim-beyond-old-processors",
        {_M: module("m", flags=("-Wl,-z,x86-64-v3",))},
        "manylinux_2_28_x86_64",
        LINUX,
        Says(
            "the tag manylinux_2_28_x86_64 is not proved:\n"
            f"  {_M} needs x86-64-v3 instructions: allowed by no policy\n"
            "without these it would be manylinux_2_5_x86_64",
            "compile without -march",
        ),
    ),
    _overclaim(
        "claim-beyond-old-loaders",
        {_M: module("m", code=_RELATIVE, flags=("-Wl,-z,pack-relative-relocs",))},
        "manylinux_2_28_x86_64",
        _at(36),
        Says(
            "the tag manylinux_2_28_x86_64 is not proved:\n"
            f"  {_M} needs packed relocations (DT_RELR): allowed from manylinux_2_36 on\n"
            "without these it would be manylinux_2_5_x86_64",
            "-Wl,-z,nopack-relative-relocs",
        ),
    ),
    _overclaim(
        "claim-beyond-every-loader",
        {
            _M: module(
                "m",
                code=_RELATIVE,
                flags=("-Wl,-z,pack-relative-relocs",),
                needs=(_libc("GLIBC_2.17"), Need("libc.so.6", "GLIBC_ABI_DT_RELR", ("strlen",))),
                edits=((b"GLIBC_ABI_DT_RELR", b"XLIBC_ABI_DT_RELR"),),
            )
        },
        "manylinux_2_36_x86_64",
        LINUX,
        Says(
            "the tag manylinux_2_36_x86_64 is not proved:\n"
            f"  {_M} needs packed relocations (DT_RELR) without GLIBC_ABI_DT_RELR, which every "
            "glibc refuses to load: allowed by no policy\n"
            "without these it would be manylinux_2_17_x86_64",
            "-Wl,--pack-dyn-relocs=none",
        ),
    ),
    _overclaim(
        "claim-beyond-a-withheld-symbol",
        _needing(Need("libz.so.1", symbols=("uncompress2",))),
        "manylinux_2_28_x86_64",
        _at(34),
        Says(
            "the tag manylinux_2_28_x86_64 is not proved:\n"
            f"  {_M} needs uncompress2 of libz.so.1: allowed from manylinux_2_34 on\n"
            "without these it would be manylinux_2_5_x86_64",
            "do without that symbol",
        ),
    ),
    _overclaim(
        "claim-beyond-a-nameless-library",
        {_M: module("m", needs=(Need("libvoid.so.1"),), edits=((b"libvoid.so.1", bytes(12)),))},
        "manylinux_2_28_x86_64",
        LINUX,
        Says(
            "the tag manylinux_2_28_x86_64 is not proved:\n"
            f"  {_M} needs a library without a name: allowed by no policy\n"
            "without these it would be manylinux_2_5_x86_64",
            "link that library statically",
        ),
    ),
    _overclaim(
        "claim-of-musl",
        _needing(_libc("GLIBC_2.17")),
        "musllinux_1_2_x86_64",
        ML2014,
        Says("the tag musllinux_1_2_x86_64 is not proved: its binaries are for manylinux systems"),
    ),
)

ROWS = _FLOORS + _LIBRARIES + _INTERPRETERS + _CODE + _PATHS + _OVERCLAIMS
