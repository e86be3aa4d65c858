"""Libraries that a wheel leaves to the user's machine, recorded in the wheel.

``{name}-{version}.dist-info/felloe.json`` lists what a build or ``felloe repair``
was told to leave out::

    {"version": 1, "waived": [
        {"library": "libcuda.so.1", "reason": "driver", "distribution": null},
        {"library": "libtorch_cpu.so", "reason": "provided-by", "distribution": "torch"}]}

A reader ignores unknown keys. A document without waivers is not written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from felloe.errors import FelloeError

WAIVER_FILE = "felloe.json"
"""Name of the record within the ``.dist-info`` directory."""

_VERSION = 1


class WaiverReason(Enum):
    """Reason why a library is not in the wheel."""

    DRIVER = "driver"
    """It belongs to the driver of a device, such as libcuda.so.1."""
    EXCLUDE = "exclude"
    """The setting ``libraries.exclude`` or the flag ``--exclude`` names it."""
    PROVIDED_BY = "provided-by"
    """A distribution that the wheel requires installs it."""


@dataclass(frozen=True)
class Waiver:
    """A library that the wheel needs and deliberately does not contain."""

    library: str
    """The name by which files need it: a soname, an install name or a DLL name."""
    reason: WaiverReason
    distribution: str | None = None
    """Normalized name of the distribution that installs it."""


def parse_waivers(data: bytes) -> tuple[Waiver, ...]:
    """Parse the record. Raises :class:`FelloeError` if it is malformed or of a newer version."""
    try:
        document = json.loads(data)
        version = document["version"]
        if version != _VERSION:
            raise FelloeError(
                f"{WAIVER_FILE} has version {version!r}, this felloe reads version {_VERSION}",
                hint="update felloe",
            )
        return tuple(_parse_waiver(entry) for entry in document["waived"])
    except (ValueError, LookupError, TypeError, RecursionError) as cause:
        raise FelloeError(
            f"{WAIVER_FILE} is not a list of waived libraries: {cause}",
            hint="repair the wheel again with `felloe repair`",
        ) from cause


def _parse_waiver(entry: dict[str, Any]) -> Waiver:
    library, distribution = entry["library"], entry.get("distribution")
    if not isinstance(library, str) or not isinstance(distribution, (str, type(None))):
        raise TypeError("names are not strings")
    return Waiver(library, WaiverReason(entry["reason"]), distribution)


def render_waivers(waivers: Iterable[Waiver]) -> bytes:
    """Render the record; equal waivers give equal bytes."""
    rows = sorted({(x.library, x.reason.value, x.distribution or "") for x in waivers})
    waived = [
        {"library": library, "reason": reason, "distribution": distribution or None}
        for library, reason, distribution in rows
    ]
    document = {"version": _VERSION, "waived": waived}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
