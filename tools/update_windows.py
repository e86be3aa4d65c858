"""Write src/felloe/audit/policy/windows.json: the DLLs of Windows, machine by machine.

    python -m pip install delvewheel
    python tools/update_windows.py

delvewheel lists, machine by machine, the DLLs with exported functions that it
found on the installation discs of Windows 7 to 11 (arm64: 10 and 11). A wheel for
a machine may expect the names of its list. ``GROUPS`` holds names that are known
for other reasons. tests/audit/test_system.py compares both with delvewheel.
"""

from __future__ import annotations

import importlib
import json
from collections import defaultdict
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
        "patterns": [
            "bcryptprimitives.dll",
            "combase.dll",
            "d3d12.dll",
            "d3dcompiler_47.dll",
            "dcomp.dll",
            "shcore.dll",
            "xinput1_4.dll",
        ],
    },
    {
        "reason": "a side-by-side assembly of every Windows, found without a manifest",
        "patterns": ["gdiplus.dll"],
    },
    {
        "reason": "Windows for arm64 has them too: its SDK has their import libraries",
        "platforms": ["win_arm64"],
        "patterns": ["glu32.dll", "opengl32.dll"],
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
        "reason": "the C++ runtime of Visual Studio 2015 and later: not a part of Windows; the "
        "Visual C++ Redistributable installs it, and most machines have that",
        "patterns": [
            "concrt140.dll",
            "msvcp140.dll",
            "msvcp140_*.dll",
            "vcamp140.dll",
            "vccorlib140.dll",
            "vcomp140.dll",
            "vcruntime140_threads.dll",
        ],
        "redistributable": True,
    },
    {
        "reason": "the driver of a graphics card brings it, and nobody may redistribute it",
        "patterns": ["nvcuda.dll", "nvml.dll", "nvcuvid.dll", "nvencodeapi*.dll", "amdhip64*.dll"],
    },
]


def main() -> None:
    """Write the file."""
    lists = importlib.import_module("delvewheel._dll_list")
    machines = {
        "win32": lists.ignore_names_x86,
        "win_amd64": lists.ignore_names_x64,
        "win_arm64": lists.ignore_names_arm64,
    }
    platforms: dict[str, list[str]] = defaultdict(list)
    for platform, names in machines.items():
        for name in names:
            platforms[name].append(platform)
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, found in platforms.items():
        alike[tuple(found)].append(name)
    listed = [
        {
            "reason": "on the installation discs of Windows for these machines, as delvewheel "
            f"{version('delvewheel')} lists them",
            "platforms": list(found),
            "patterns": sorted(names),
        }
        for found, names in sorted(alike.items())
    ]
    text = json.dumps({"groups": [*GROUPS, *listed]}, indent=1)
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
