"""Call one hook of scikit-build-core: the program that felloe starts for a build.

    python engine_process.py REQUEST ANSWER

REQUEST is a JSON file with ``hook``, ``arguments`` and ``scratch``; the result
of the hook is written to ANSWER as JSON. The program runs in the build
environment, where felloe may not be importable, so it imports nothing of felloe.

It changes three things around the engine:

* The members of a wheel are stored, not deflated: the parent process reads the
  wheel once and deflates the members that it keeps.
* The engine's first temporary directory is ``scratch``, if one is given. It is
  the install prefix, and a random path would make each build differ.
* An error that the engine raised itself, or one about a file, is printed as one
  sentence without a traceback.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

_BACKEND = "scikit_build_core.build"
_OWN_ERRORS = ("scikit_build_core", "pyproject_metadata")


def main() -> None:
    """Run the hook that the command line names."""
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # the directory of this file, whose modules the engine must not import
    import json

    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
    if request["hook"] in {"build_wheel", "build_editable"}:
        store_members()
    if request["scratch"]:
        fix_first_directory(request["scratch"])
    answer = call_hook(request["hook"], request["arguments"])
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(answer, file)


def call_hook(hook: str, arguments: Iterable[Any]) -> Any:  # noqa: ANN401 - JSON
    """Call a hook of the engine. Exit with a sentence for an error that needs no traceback."""
    from importlib import import_module

    try:
        return getattr(import_module(_BACKEND), hook)(*arguments)
    except SystemExit as end:
        if not isinstance(end.code, str):
            raise
        message = end.code
    except Exception as error:
        leaves = list(find_leaves(error))
        if not all(map(is_plain, leaves)):
            raise
        message = "\n".join(f"scikit-build-core: error: {leaf}" for leaf in leaves)
    sys.stdout.flush()
    print(message, file=sys.stderr)  # noqa: T201 - felloe's terminal may be missing here
    raise SystemExit(1)


def store_members() -> None:
    """Make ``zipfile`` store each member: ``ZipFile.open`` writes them all."""
    import zipfile

    open_member: Callable[..., Any] = zipfile.ZipFile.open

    def open_stored(
        self: zipfile.ZipFile, name: object, mode: str = "r", *rest: object, **options: object
    ) -> object:
        if mode == "w" and isinstance(name, zipfile.ZipInfo):
            check_name(name.filename)
            name.compress_type = zipfile.ZIP_STORED
        return open_member(self, name, mode, *rest, **options)

    zipfile.ZipFile.open = open_stored  # type: ignore[assignment,method-assign]


def check_name(name: str) -> None:
    """Exit with a sentence for a file name that ``zipfile`` cannot write."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        if sys.getfilesystemencoding().lower().replace("-", "") != "utf8":
            why = (
                f"Python reads file names as {sys.getfilesystemencoding()} in this locale",
                "set LC_ALL=C.UTF-8 or PYTHONUTF8=1",
            )
        else:
            why = ("its name is not UTF-8", "give the file another name, or do not install it")
        raise SystemExit(
            f"felloe: error: {name!a} cannot be in a wheel: {why[0]}\nfelloe: hint: {why[1]}"
        ) from None


def fix_first_directory(path: str) -> None:
    """Make the first unnamed temporary directory ``path``, which must not exist yet."""
    import os
    import tempfile

    make_random = tempfile.mkdtemp

    def make(suffix: Any = None, prefix: Any = None, dir: Any = None) -> Any:  # noqa: A002, ANN401
        if suffix is prefix is dir is None:
            tempfile.mkdtemp = make_random
            os.mkdir(path, 0o700)
            return path
        return make_random(suffix, prefix, dir)

    tempfile.mkdtemp = make


def is_plain(error: BaseException) -> bool:
    """Return whether the message of an error needs no traceback."""
    if isinstance(error, OSError):
        return error.filename is not None
    return type(error).__module__.partition(".")[0] in _OWN_ERRORS


def find_leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in an exception group, or the error itself."""
    inner = getattr(error, "exceptions", None)
    if inner is None:
        yield error
        return
    for item in inner:
        yield from find_leaves(item)


if __name__ == "__main__":
    main()
