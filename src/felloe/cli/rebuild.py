"""The door through which an import rebuilds an editable install.

``launcher/rebuild_hook.py`` calls it, in the environment of the first build,
with ``["STATE", "BUILD_DIR", "PREFIX", [build options], [install options]]`` on
stdin: in its command the directories would count as being worked in. What it
prints is the text of an ImportError, if it fails.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from felloe import terminal
from felloe.build.editable.rebuild import Request, rebuild
from felloe.errors import FelloeError


def main(text: str) -> int:
    """Rebuild an editable install. Return 0 if it is up to date afterwards."""
    state, build_dir, prefix, build_options, install_options = json.loads(text)
    request = Request(
        Path(state), Path(build_dir), prefix, tuple(build_options), tuple(install_options)
    )
    try:
        rebuild(request, os.environ)
    except FelloeError as error:
        terminal.report_error(error)
        return error.exit_code
    return 0
