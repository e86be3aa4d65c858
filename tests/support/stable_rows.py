"""The stable ABI: which parts of the C API a declared floor promises."""

from __future__ import annotations

from support.compiled_samples import Need, Specimen, library, module
from support.truth_case import LINUX, OLDEST, Case, Says, m

_RAISE = "raise `wheel.py-api` in [tool.scikit-build] to "
_DROP = "drop the calls (Py_LIMITED_API makes the compiler refuse them)"
_PYBIND11 = (
    "pybind11 has no limited API, so its modules work with one Python version each; "
    "remove `wheel.py-api` in [tool.scikit-build]"
)
_CAST = "_ZN8pybind116detail4castEv"

ROWS = (
    Case(
        "newer-than-the-floor",
        {"m.abi3.so": module("m", "PyUnicode_AsUTF8AndSize")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyUnicode_AsUTF8AndSize: in the stable ABI since Python 3.10",
                f"{_RAISE}cp310, or {_DROP}",
            ),
        ),
    ),
    Case(
        "within-a-newer-floor",
        {"m.abi3.so": module("m", "PyUnicode_AsUTF8AndSize")},
        f"cp310-abi3-{LINUX}",
        f"cp310-abi3-{OLDEST}",
    ),
    Case(
        "in-no-stable-abi",
        {"m.abi3.so": module("m", "PyObject_GetBuffer", "PyUnicode_AsUTF8")},
        f"cp310-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so breaks the stable ABI of Python 3.10 it promises:\n"
                "  PyObject_GetBuffer: in the stable ABI since Python 3.11\n"
                "  PyUnicode_AsUTF8: not in the stable ABI",
                f"remove `wheel.py-api` in [tool.scikit-build], or {_DROP}",
            ),
        ),
    ),
    Case(
        "data-newer-than-the-floor",
        {"m.abi3.so": module("m", "PyExc_EncodingWarning")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyExc_EncodingWarning: in the stable ABI since Python 3.10",
                f"{_RAISE}cp310, or {_DROP}",
            ),
        ),
    ),
    Case(
        "bare-suffix-beyond-the-floor",
        {"m.so": module("m", "PyUnicode_AsUTF8AndSize")},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.so breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyUnicode_AsUTF8AndSize: in the stable ABI since Python 3.10",
                f"{_RAISE}cp310, or {_DROP}",
            ),
        ),
    ),
    Case(
        "helper-library-beyond-the-floor",
        {
            "m.abi3.so": module("m", needs=(Need("libhelper.so.1"),)),
            "libhelper.so.1": library("help_me", imports=("PyUnicode_AsUTF8AndSize",)),
        },
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "libhelper.so.1 breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyUnicode_AsUTF8AndSize: in the stable ABI since Python 3.10",
                f"{_RAISE}cp310, or {_DROP}",
            ),
        ),
    ),
    Case(
        "weak-imports",
        {"m.abi3.so": module("m", weak=("PyUnicode_AsUTF8AndSize", "_PyRuntime"))},
        f"cp39-abi3-{LINUX}",
        f"cp39-abi3-{OLDEST}",
    ),
    Case(
        "own-names-like-python's",
        {"m.abi3.so": Specimen(("PyInit_m", "PyErr_SetFromTruth"), ("PyModule_Create2",))},
        f"cp39-abi3-{LINUX}",
        f"cp39-abi3-{OLDEST}",
    ),
    Case(
        "a-sibling's-names-like-python's",
        {
            "m.abi3.so": module("m", needs=(Need("libkit.so.2", symbols=("PyKit_Start",)),)),
            "truth.libs/libkit.so.2": library("PyKit_Start"),
        },
        f"cp39-abi3-{LINUX}",
        f"cp39-abi3-{OLDEST}",
    ),
    Case(
        "names-that-only-begin-like-python's",
        {"m.abi3.so": module("m", "PyramidHeight")},
        f"cp39-abi3-{LINUX}",
        f"cp39-abi3-{OLDEST}",
    ),
    Case(
        "free-threaded-beyond-the-floor",
        {"m.abi3t.so": Specimen(("PyModExport_m",), ("_PyObject_GetDictPtr",))},
        f"cp315-abi3.abi3t-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3t.so breaks the stable ABI of Python 3.15 it promises:\n"
                "  _PyObject_GetDictPtr: not in the stable ABI",
                f"remove `wheel.py-api` in [tool.scikit-build], or {_DROP}",
            ),
        ),
    ),
    Case(
        "pybind11-by-version",
        {m("cpython-311"): Specimen(("PyInit_m", _CAST), ("PyModule_Create2",))},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag cp39-abi3 promises every "
                "CPython from 3.9 on",
                _PYBIND11,
            ),
        ),
    ),
    Case(
        "pybind11-by-the-name-of-abi3",
        {"m.abi3.so": Specimen(("PyInit_m", _CAST), ("PyObject_GetBuffer",))},
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so breaks the stable ABI of Python 3.9 it promises:\n"
                "  PyObject_GetBuffer: in the stable ABI since Python 3.11",
                _PYBIND11,
            ),
        ),
    ),
    Case(
        "pybind11-with-hidden-symbols",
        {
            m("cpython-311"): module(
                "m", "PyInstanceMethod_Type", code='const char type[] = "pybind11_object";'
            )
        },
        f"cp39-abi3-{LINUX}",
        None,
        problems=(
            Says(
                f"{m('cpython-311')} works only with cp311; the tag cp39-abi3 promises every "
                "CPython from 3.9 on",
                _PYBIND11,
            ),
        ),
    ),
    Case(
        "several-floors",
        {"m.abi3.so": module("m", "PyObject_GetBuffer")},
        f"cp310.cp311-abi3-{LINUX}",
        None,
        problems=(
            Says(
                "m.abi3.so breaks the stable ABI of Python 3.10 it promises:\n"
                "  PyObject_GetBuffer: in the stable ABI since Python 3.11",
                f"{_RAISE}cp311, or {_DROP}",
            ),
        ),
    ),
)
