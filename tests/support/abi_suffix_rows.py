"""Rows of tag truth: bare suffixes, mixed wheels, module names."""

from __future__ import annotations

from support.compiled_samples import Specimen, library, module
from support.truth_case import LINUX, OLDEST, Case, Says, m

_EXPORT = Specimen(("PyModExport_m",), ("PyModule_FromSlotsAndSpec",))
_INIT = "give the target the name of the module it defines"
_NO_T = "without the t"

ROWS = (
    Case(
        "bare-suffix-of-a-module",
        {"m.so": module("m")},
        f"cp311-cp311-{LINUX}",
        f"cp311-cp311-{OLDEST}",
    ),
    Case(
        "bare-suffix-under-abi3",
        {"m.so": module("m")},
        f"cp39-abi3-{LINUX}",
        f"cp39-abi3-{OLDEST}",
    ),
    Case(
        "bare-suffix-of-a-module-under-py3",
        {"m.so": module("m")},
        f"py3-none-{LINUX}",
        None,
        problems=(
            Says(
                "m.so is bound to the Python it was built with; the tag py3-none promises every "
                "Python 3",
                "the Python version the module is for",
            ),
        ),
    ),
    Case(
        "bare-suffix-of-a-module-under-py39",
        {"m.so": module("m")},
        f"py39-none-{LINUX}",
        None,
        problems=(
            Says(
                "m.so is bound to the Python it was built with; the tag py39-none promises every "
                "Python 3.9",
                "the Python version the module is for",
            ),
        ),
    ),
    Case(
        "bare-suffix-of-a-library",
        {"pkg/m.so": library()},
        f"cp311-cp311-{LINUX}",
        f"py3-none-{OLDEST}",
    ),
    Case(
        "version-by-the-python-tag-alone",
        {m("cpython-311"): module("m")},
        f"cp311-none-{LINUX}",
        f"cp311-none-{OLDEST}",
    ),
    Case(
        "version-by-the-python-tag-alone-where-two-abis-share-it",
        {m("cpython-313"): module("m")},
        f"cp313-none-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-313')} works only with cp313; the tag cp313-none promises every "
                "Python 3.13",
                "the Python version the module is for",
            ),
        ),
    ),
    Case(
        "free-threaded-by-the-python-tag-alone",
        {m("cpython-313t"): module("m")},
        f"cp313-none-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-313t')} works only with cp313t; the tag cp313-none promises every "
                "Python 3.13",
                "the Python version the module is for",
            ),
        ),
    ),
    Case(
        "one-file-for-each-python",
        {m("cpython-311"): module("m"), m("cpython-312"): module("m")},
        f"cp311.cp312-none-{LINUX}",
        f"cp311.cp312-none-{OLDEST}",
    ),
    Case(
        "a-python-without-its-file",
        {m("cpython-311"): module("m"), m("cpython-312"): module("m")},
        f"cp311.cp312.cp313-none-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag cp313-none promises every "
                "Python 3.13",
                "the Python version the module is for",
            ),
        ),
    ),
    Case(
        "mixed-under-the-narrower-tag",
        {"a.abi3.so": module("a"), m("cpython-311", "b"): module("b")},
        f"cp311-cp311-{LINUX}",
        f"cp311-cp311-{OLDEST}",
    ),
    Case(
        "mixed-under-abi3",
        {"a.abi3.so": module("a"), m("cpython-311", "b"): module("b")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311', 'b')} works only with cp311; the tag cp39-abi3 promises every "
                "CPython from 3.9 on",
                "remove `wheel.py-api`",
            ),
        ),
    ),
    Case(
        "mixed-with-a-fallback",
        {"a.abi3.so": module("a"), m("cpython-39", "a"): module("a")},
        f"cp39-abi3-{LINUX}",
        f"cp39-abi3-{OLDEST}",
    ),
    Case(
        "same-name-in-two-packages",
        {"p/m.abi3.so": module("m"), "q/" + m("cpython-311"): module("m")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                f"q/{m('cpython-311')} works only with cp311; the tag cp39-abi3 promises every "
                "CPython from 3.9 on",
                "remove `wheel.py-api`",
            ),
        ),
    ),
    Case(
        "no-init",
        {m("cpython-311"): module("other")},
        f"cp311-cp311-{LINUX}",
        f"cp311-cp311-{OLDEST}",
        notes=(
            Says(
                f"{m('cpython-311')} exports neither PyInit_m nor PyModExport_m: importing it "
                "will fail",
                _INIT,
            ),
        ),
    ),
    Case(
        "init-by-slots",
        {m("cpython-315"): _EXPORT},
        f"cp315-cp315-{LINUX}",
        f"cp315-cp315-{OLDEST}",
    ),
    Case(
        "name-beyond-ascii",
        {m("cpython-311", "café"): Specimen(("PyInitU_caf_dma",), ("PyModule_Create2",))},
        f"cp311-cp311-{LINUX}",
        f"cp311-cp311-{OLDEST}",
    ),
    Case(
        "no-init-beyond-ascii",
        {m("cpython-311", "café"): module("cafe")},
        f"cp311-cp311-{LINUX}",
        f"cp311-cp311-{OLDEST}",
        notes=(
            Says(
                f"{m('cpython-311', 'café')} exports neither PyInitU_caf_dma nor "
                "PyModExportU_caf_dma: importing it will fail",
                _INIT,
            ),
        ),
    ),
    Case(
        "package-as-a-module",
        {"pkg/" + m("cpython-311", "__init__"): module("pkg")},
        f"cp311-cp311-{LINUX}",
        f"cp311-cp311-{OLDEST}",
    ),
)
