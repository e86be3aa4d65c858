"""Write src/felloe/audit/policy/windows.json: the DLLs that every Windows has.

    python -m pip install delvewheel
    python tools/update_windows.py

delvewheel lists, machine by machine, the DLLs with exported functions that it
found on the installation discs of Windows 7 to 11 (arm64: 10 and 11). A name
that all three lists have is one that a wheel may expect. What is known for
other reasons stands in ``GROUPS``. tests/audit/test_system.py holds both
against delvewheel.
"""

from __future__ import annotations

import importlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "felloe" / "audit" / "policy" / "windows.json"

GROUPS: list[dict[str, Any]] = [
    {
        "reason": "API sets: the loader maps these names to DLLs of the system",
        "patterns": ["api-ms-*.dll", "ext-ms-*.dll"],
    },
    {
        "reason": "the C library of Windows 10 and later, of which Python 3.5 to 3.8 brought a "
        "copy for older ones",
        "patterns": ["ucrtbase.dll"],
    },
    {
        "reason": "in every Windows that a supported Python runs on, though not in Windows 7",
        "patterns": ["combase.dll", "bcryptprimitives.dll", "dcomp.dll", "d3d12.dll", "shcore.dll"],
    },
    {
        "reason": "Unicode's library, in Windows 10 from 1703 on",
        "patterns": ["icuin.dll", "icuuc.dll"],
    },
    {
        "reason": "the compiler's runtime, which lies beside python.exe; a program elsewhere "
        "does not find it there",
        "patterns": ["vcruntime140.dll", "vcruntime140_1.dll"],
        "beside_python": True,
    },
    {
        "reason": "the driver of a graphics card brings it, and nobody may redistribute it",
        "patterns": ["nvcuda.dll", "nvml.dll", "nvcuvid.dll", "nvencodeapi*.dll", "amdhip64*.dll"],
    },
]


def main() -> None:
    """Write the file."""
    lists = importlib.import_module("delvewheel._dll_list")
    everywhere = lists.ignore_names_x86 & lists.ignore_names_x64 & lists.ignore_names_arm64
    system = {
        "reason": "on the installation discs of every Windows from 7 to 11, as delvewheel "
        f"{version('delvewheel')} lists them",
        "patterns": sorted(everywhere),
    }
    text = json.dumps({"groups": [*GROUPS, system]}, indent=1)
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
