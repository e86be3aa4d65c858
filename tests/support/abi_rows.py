"""Rows of tag truth: Python and ABI tags of one kind of module."""

from __future__ import annotations

from support.compiled_samples import Specimen, module
from support.truth_case import LINUX, OLDEST, Case, Says, m

_EXPORT = Specimen(("PyModExport_m",), ("PyModule_FromSlotsAndSpec",))
_INIT = "give the target the name of the module it defines"
_NO_T = "without the t"

ROWS = (
    Case(
        "version", {m("cpython-311"): module("m")}, f"cp311-cp311-{LINUX}", f"cp311-cp311-{OLDEST}"
    ),
    Case(
        "version-in-package",
        {"pkg/sub/" + m("cpython-39"): module("m"), "pkg/__init__.py": ""},
        f"cp39-cp39-{LINUX}",
        f"cp39-cp39-{OLDEST}",
    ),
    Case(
        "free-threaded",
        {m("cpython-313t"): module("m")},
        f"cp313-cp313t-{LINUX}",
        f"cp313-cp313t-{OLDEST}",
        notes=(
            Says(
                f"importing {m('cpython-313t')} turns the GIL of a free-threaded Python on: the "
                "module does not declare that it works without the GIL",
                "Py_MOD_GIL_NOT_USED",
            ),
        ),
    ),
    Case(
        "free-threaded-file-under-the-tag-of-the-gil",
        {m("cpython-313t"): module("m")},
        f"cp313-cp313-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-313t')} works only with cp313t; the tag cp313-cp313 promises "
                "exactly cp313",
                "build with the Python that the tag names",
            ),
        ),
    ),
    Case(
        "debug",
        {m("cpython-311d"): module("m")},
        f"cp311-cp311d-{LINUX}",
        f"cp311-cp311d-{OLDEST}",
    ),
    Case(
        "two-versions-with-a-file-each",
        {m("cpython-311"): module("m"), m("cpython-313t"): module("m")},
        f"cp311.cp313-cp311.cp313t-{LINUX}",
        f"cp311.cp313-cp311.cp313t-{OLDEST}",
        notes=(
            Says(
                f"importing {m('cpython-313t')} turns the GIL of a free-threaded Python on: the "
                "module does not declare that it works without the GIL",
                "Py_MOD_GIL_NOT_USED",
            ),
        ),
    ),
    Case(
        "two-versions-with-one-file",
        {m("cpython-311"): module("m")},
        f"cp311.cp312-cp311.cp312-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag cp312-cp312 promises "
                "exactly cp312",
                "build with the Python that the tag names",
            ),
        ),
    ),
    Case(
        "other-version",
        {m("cpython-312"): module("m")},
        f"cp311-cp311-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-312')} works only with cp312; the tag cp311-cp311 promises "
                "exactly cp311",
                "`wheel.py-api`",
            ),
        ),
    ),
    Case(
        "version-file-under-abi3",
        {m("cpython-311"): module("m")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag cp39-abi3 promises every "
                "CPython from 3.9 on",
                "remove `wheel.py-api`",
            ),
        ),
    ),
    Case(
        "version-file-under-py3",
        {m("cpython-311"): module("m")},
        f"py3-none-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag py3-none promises every "
                "Python 3",
                "set `wheel.py-api` in [tool.scikit-build] to nothing",
            ),
        ),
    ),
    Case("abi3", {"m.abi3.so": module("m")}, f"cp39-abi3-{LINUX}", f"cp39-abi3-{OLDEST}"),
    Case(
        "abi3-under-a-narrower-tag",
        {"m.abi3.so": module("m")},
        f"cp312-cp312-{LINUX}",
        f"cp312-cp312-{OLDEST}",
        notes=(
            Says(
                "every module of the wheel is built for the stable ABI, its tag cp312-cp312 names "
                "one version",
                "declare the oldest Python it works with: `wheel.py-api` in [tool.scikit-build], "
                'such as "cp39"',
            ),
        ),
    ),
    Case(
        "abi3-under-a-free-threaded-tag",
        {"m.abi3.so": module("m")},
        f"cp313-cp313t-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so works with the stable ABI of builds with the GIL; the tag cp313-cp313t "
                "promises exactly cp313t",
                "build with the Python that the tag names",
            ),
        ),
        notes=(
            Says(
                "every module of the wheel is built for the stable ABI, its tag cp313-cp313t names "
                "one version",
            ),
        ),
    ),
    Case(
        "abi3-under-abi3t",
        {"m.abi3.so": module("m")},
        f"cp315-abi3.abi3t-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so works with the stable ABI of builds with the GIL; the tag cp315-abi3t "
                "promises every free-threaded CPython from 3.15 on",
                "without the t",
            ),
        ),
    ),
    Case(
        "abi3-with-a-platform-before-3.15",
        {m("abi3"): module("m")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('abi3')} has the suffix .abi3-x86_64-linux-gnu.so, which Python 3.14 and "
                "older do not import; the tag cp39-abi3 promises every CPython from 3.9 on",
                "SUFFIX",
            ),
        ),
    ),
    Case(
        "abi3-with-a-platform-from-3.15",
        {m("abi3"): module("m")},
        f"cp315-abi3-{LINUX}",
        f"cp315-abi3-{OLDEST}",
    ),
    Case(
        "abi3t",
        {"m.abi3t.so": _EXPORT},
        f"cp315-abi3.abi3t-{LINUX}",
        f"cp315-abi3.abi3t-{OLDEST}",
    ),
    Case(
        "abi3t-with-a-platform",
        {m("abi3t"): _EXPORT},
        f"cp315-abi3.abi3t-{LINUX}",
        f"cp315-abi3.abi3t-{OLDEST}",
    ),
    Case(
        "abi3t-is-abi3-too",
        {"m.abi3t.so": _EXPORT},
        f"cp315-abi3t-{LINUX}",
        f"cp315-abi3.abi3t-{OLDEST}",
    ),
    Case(
        "abi3t-before-3.15",
        {"m.abi3t.so": _EXPORT},
        f"cp314-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3t.so works with CPython 3.15 and later; the tag cp314-abi3 promises every "
                "CPython from 3.14 on",
                "raise `wheel.py-api` in [tool.scikit-build] to cp315",
            ),
            Says(
                "m.abi3t.so breaks the stable ABI of Python 3.14 it promises:\n"
                "  PyModule_FromSlotsAndSpec: in the stable ABI since Python 3.15",
                "raise `wheel.py-api` in [tool.scikit-build] to cp315",
            ),
        ),
    ),
    Case(
        "reserved-cp314-abi3t",
        {"m.abi3t.so": Specimen(("PyModExport_m",))},
        f"cp314-abi3t-{LINUX}",
        None,
        problems=(
            Says(
                "cp314-abi3t does not exist: abi3t begins with Python 3.15 (PEP 803)",
                "set `wheel.py-api` in [tool.scikit-build] to cp315t or later",
            ),
        ),
    ),
    Case(
        "reserved-cp315t",
        {"m.abi3t.so": Specimen(("PyModExport_m",))},
        f"cp315t-abi3t-{LINUX}",
        None,
        problems=(Says("no interpreter installs a wheel with the python tag cp315t", _NO_T),),
    ),
    Case(
        "pypy",
        {m("pypy311-pp73"): Specimen(("PyInit_m",), ("PyPyModule_Create2",))},
        f"pp311-pypy311_pp73-{LINUX}",
        f"pp311-pypy311_pp73-{OLDEST}",
    ),
    Case(
        "pypy-by-cffi",
        {m("pypy311-pp73"): Specimen(("_cffi_pypyinit_m",))},
        f"pp311-pypy311_pp73-{LINUX}",
        f"pp311-pypy311_pp73-{OLDEST}",
    ),
    Case(
        "cpython-file-under-a-tag-of-pypy",
        {m("cpython-311"): module("m")},
        f"pp311-pypy311_pp73-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag pp311-pypy311_pp73 promises "
                "exactly pypy311_pp73",
                "build with the Python that the tag names",
            ),
        ),
    ),
    Case(
        "graalpy",
        {"m.graalpy250-312-native-x86_64-linux.so": module("m")},
        f"graalpy312-graalpy250_312_native-{LINUX}",
        f"graalpy312-graalpy250_312_native-{OLDEST}",
    ),
)
