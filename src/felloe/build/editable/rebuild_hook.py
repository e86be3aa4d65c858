"""Rebuild an editable install when it is imported after a change of its files.

felloe writes this file into the editable wheel, beside scikit-build-core's
import hook, which calls it. It imports only the standard library, and it is
imported only with the package that it is for.
"""

import os
import sys
import zlib

# felloe replaces these values.
PROJECT = "project"
STATE = "state"
PYTHON = "python"
HOME = "home"

SKIP = "SKBUILD_EDITABLE_SKIP"
VERBOSE = "SKBUILD_EDITABLE_VERBOSE"
START = "import sys; sys.path[:1] = []; sys.path.append(sys.argv[1]); \
from felloe.cli.rebuild import main; sys.exit(main(sys.stdin.read()))"

failure = None  # the changes and the message of the last failed rebuild of this process


def rebuild(finder):
    """Rebuild what ``finder`` imports. Raise ImportError if that fails."""
    global failure
    if finder.path in os.environ.get(SKIP, "").split(os.pathsep):
        return  # a step of the build imports the package that is being built
    prefix = getattr(finder, "install_dir", "")
    if prefix is None:
        raise ImportError(
            "wheel.install-dir is outside of site-packages, so nothing can be rebuilt"
        )
    stamps = os.path.join(STATE, f"stamps-{hash_text(prefix)}")
    register()
    changes = find_changes(stamps)
    if changes == []:
        return
    if failure is None or failure[0] is None or failure[0] != changes:
        failure = None
        problem = run(finder, prefix)
        if problem is None:
            return
        failure = (find_changes(stamps), problem)
    finder.rebuilt = False  # else the next import would use the old module
    raise ImportError(failure[1])


def find_changes(stamps):
    """Return the changed files with their state now; None if there are no stamps."""
    import json

    try:
        with open(stamps, encoding="utf-8") as file:
            files = json.load(file)["files"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    changes = []
    for key, was in files.items():
        now = look_at(key)
        if now != (was[:4] if isinstance(was, list) else was):
            changes.append((key, now))
    return changes


def look_at(key):
    """Return the state of a file as felloe.build.tree.identity does, without its content."""
    path = key[1:]
    try:
        if key[0] == "l":
            return "-> " + os.readlink(path)
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    kind = status.st_mode & 0o170000
    if kind == 0o040000 and key[0] == "f":
        return "directory"
    if kind not in (0o040000, 0o100000):
        return "special"
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def register():
    """Register this file as a user of the kept build, so that the cache keeps it."""
    users = os.path.join(STATE, "users")
    user, pending = os.path.join(users, hash_text(__file__)), os.path.join(users, "pending")
    is_pending = os.path.exists(pending)
    if is_pending or not os.path.exists(user):
        try:
            with open(user, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(os.path.abspath(__file__))
            if is_pending:
                os.unlink(pending)
        except OSError:
            pass  # the cache is not writable, or another process was faster


def run(finder, prefix):
    """Run felloe in the environment of the first build. Return the error message, or None."""
    import json
    import subprocess

    options = [list(finder.build_options), list(getattr(finder, "install_options", ()))]
    words = json.dumps([STATE, str(finder.path), prefix, *options])
    environ = dict(os.environ)
    environ[SKIP] = os.pathsep.join(filter(None, (environ.get(SKIP), finder.path)))
    verbose = environ.get(VERBOSE, "1" if finder.verbose else "0") not in ("", "0")
    try:
        process = subprocess.Popen(
            [PYTHON, "-c", START, HOME],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as cause:
        return explain(
            f"its build environment is gone: {cause}\ninstall it again: pip install -e '{PROJECT}'"
        )
    said = []
    with process:
        try:
            process.stdin.write(words)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended early and prints the reason
        for line in process.stdout:
            said.append(line)
            if verbose and sys.stderr is not None:
                sys.stderr.write(line)
    return explain("".join(said)) if process.returncode else None


def explain(said):
    return f"the editable install of {PROJECT} could not be rebuilt:\n\n{said.rstrip()}"


def hash_text(text):
    return f"{zlib.crc32(os.fsencode(text)):08x}"
