"""Runs a hook script with zip members stored instead of deflated.

    python launch.py SCRIPT ARGUMENT…

The wheel that the engine writes is read once, a moment later, by its parent
process, which deflates what it keeps. So ``zipfile.ZipFile.open``, through
which everything that writes a member passes, is told here to store it. The
engine itself is untouched.
"""

import runpy
import sys
import zipfile

_open = zipfile.ZipFile.open


def _open_stored(self, name, mode="r", *arguments, **options):  # type: ignore[no-untyped-def]
    if mode == "w" and isinstance(name, zipfile.ZipInfo):
        name.compress_type = zipfile.ZIP_STORED
    return _open(self, name, mode, *arguments, **options)


if __name__ == "__main__":
    zipfile.ZipFile.open = _open_stored  # type: ignore[method-assign]
    sys.argv = sys.argv[1:]
    # As python itself would have set it for the script.
    sys.path[0] = sys.argv[0].rpartition("/")[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
