"""Select the environment variables that a build may read: all but a list of exceptions.

Compilers, CMake and a project's own scripts read variables of any name. A kept
result is therefore bound to the whole environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNREAD = re.compile(
    r"""
    # Terminals: colors and line breaks of the output.
      TERM | TERMCAP | TERM_\w+ | COLORTERM | COLUMNS | LINES | NO_COLOR | FORCE_COLOR
    | CLICOLOR\w* | \w+_COLORS? | CMAKE_COLOR_DIAGNOSTICS | WINDOWID | VTE_VERSION | WT_\w+
    | (ITERM|KITTY|ALACRITTY|KONSOLE|GNOME_TERMINAL|WEZTERM|VSCODE|TMUX|STARSHIP|P9K)_\w+
    | TMUX | STY | WINDOW | PAGER | LESS\w* | EDITOR | VISUAL | BROWSER
    # The login session.
    | (SSH|XDG_SESSION|GPG|SUDO|DBUS|SYSTEMD|LISTEN)_\w+ | XDG_(SEAT|VTNR|RUNTIME_DIR)
    | DISPLAY | WAYLAND_DISPLAY | XAUTHORITY | DESKTOP_\w+ | SESSION_MANAGER | KRB5CCNAME | MAIL
    | INVOCATION_ID | JOURNAL_STREAM | MANAGERPID | SECURITYSESSIONID
    # The shell: prompt, history, current directory. Programs ask the system for the last.
    | SHLVL | _ | PS\d | PROMPT\w* | HIST\w+ | PWD | OLDPWD | VIRTUAL_ENV_PROMPT | _OLD_VIRTUAL_\w+
    | CONDA_(PROMPT_MODIFIER|SHLVL)
    # Frontends and test runners.
    | (PIP|UV|PYTEST|TOX|NOX|HATCH|_PYPROJECT_HOOKS|PEP517)_\w+ | UV | PYTHONNOUSERSITE
    | SKBUILD_EDITABLE_\w+ | PYTHON_HISTORY
    # The directory of temporary files.
    | TMPDIR | TMP | TEMP | TEMPDIR
    # The file of ccache's statistics, which felloe sets for each build.
    | CCACHE_STATSLOG
    # The number of jobs at once, and how it is passed on.
    | CMAKE_BUILD_PARALLEL_LEVEL | NINJA_STATUS | MAKELEVEL | (GNU)?MAKEFLAGS | MFLAGS
    # Settings of felloe that change the speed of a build, not its result.
    | FELLOE_(CACHE|CACHE_DIR|CACHE_LIMIT|COMPILER_LAUNCHER)""",
    re.VERBOSE,
)
_MAKE = "MAKEFLAGS"


def select_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may change the result of a build, sorted by name.

    Of make's flags they include the definitions. The others only control its jobs.
    """
    chosen = {name: environ[name] for name in sorted(environ) if not _UNREAD.fullmatch(name)}
    flags = environ.get(_MAKE, "").split()
    defined = " ".join(word for word in flags if "=" in word and not word.startswith("-"))
    return {**chosen, _MAKE: defined} if defined else chosen
