"""Runs a hook script of the engine's child process, with two things different.

    python launch.py SCRIPT HOOK ARGUMENT…

The members of a wheel are stored instead of deflated: it is read once, a
moment later, by the parent process, which deflates what it keeps. So
``zipfile.ZipFile.open``, through which everything that writes a member
passes, is told here to store it.

An error that the engine itself raised is a user's mistake, and one about a
file is the machine's: they are printed as their sentences, without a
traceback. The engine is untouched by either.
"""

import sys

_ENGINE = ("scikit_build_core", "pyproject_metadata")


def main():
    if sys.argv[2] in ("build_wheel", "build_editable"):
        store_members()
    sys.excepthook = report
    script = sys.argv[1]
    del sys.argv[0]
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = script.rpartition("/")[0]  # as python itself would have set it

    import runpy

    runpy.run_path(script, run_name="__main__")


def store_members():
    import zipfile

    open_member = zipfile.ZipFile.open

    def open_stored(self, name, mode="r", *arguments, **options):
        if mode == "w" and isinstance(name, zipfile.ZipInfo):
            check_name(name.filename)
            name.compress_type = zipfile.ZIP_STORED
        return open_member(self, name, mode, *arguments, **options)

    zipfile.ZipFile.open = open_stored


def check_name(name):
    """End with a sentence where ``zipfile`` would end in a traceback."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise SystemExit(
            f"felloe: error: {name!a} cannot be in a wheel: its name is not UTF-8\n"
            "felloe: hint: give the file another name, or do not install it"
        ) from None


def report(kind, error, trace):
    leaves = list(leaves_of(error))
    if all(is_told_by_its_words(leaf) for leaf in leaves):
        sys.stdout.flush()
        for leaf in leaves:
            print(f"scikit-build-core: error: {leaf}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def is_told_by_its_words(error):
    """The engine's own errors, and the system's about a file: which, and what is wrong."""
    if isinstance(error, OSError):
        return error.filename is not None
    return type(error).__module__.partition(".")[0] in _ENGINE


def leaves_of(error):
    """The errors that an exception group holds, or the error itself."""
    for inner in getattr(error, "exceptions", ()):
        yield from leaves_of(inner)
    if not hasattr(error, "exceptions"):
        yield error


if __name__ == "__main__":
    main()
