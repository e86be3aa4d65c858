"""The list of libraries that were copied into a wheel, as PEP 770 lets it carry one.

The format is CycloneDX 1.6 in JSON, https://cyclonedx.org/docs/1.6/json/. Equal
components give equal bytes: it holds neither a serial number nor a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from felloe.repair.sbom.license import find_expression, find_identifier
from felloe.repair.sbom.package import SystemPackage

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


@dataclass(frozen=True)
class Component:
    """One library that was copied."""

    path: str
    """Where it is in the wheel: ``newton.libs/libz-1a2b3c4d.so.1``."""
    soname: str
    """Its name before it was renamed."""
    original_sha256: str
    """Of the file it was copied from, 64 hexadecimal digits."""
    sha256: str
    """Of the file in the wheel."""
    package: SystemPackage | None = None
    """What it belongs to on the build machine; None if that is not known."""
    version: str | None = None
    """Its own, if it says one; else the package's stands for it."""


def render_sbom(
    distribution: str, version: str, tool_version: str, components: Iterable[Component]
) -> bytes:
    """The document for the wheel of a distribution, in ASCII, with a final newline."""
    ordered = sorted(components, key=lambda component: component.path)
    wheel = _purl_pypi(distribution, version)
    felloe = {
        "type": "application",
        "bom-ref": "felloe",
        "name": "felloe",
        "version": tool_version,
        "purl": _purl_pypi("felloe", tool_version),
    }
    document = {
        "$schema": _SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [felloe]},
            "component": {
                "type": "library",
                "bom-ref": wheel,
                "name": distribution,
                "version": version,
                "purl": wheel,
            },
        },
        "components": [_component(component) for component in ordered],
        "dependencies": [{"ref": wheel, "dependsOn": [c.path for c in ordered]}]
        + [{"ref": c.path} for c in ordered],
    }
    return json.dumps(document, indent=2).encode("ascii") + b"\n"


def _component(component: Component) -> dict[str, Any]:
    package = component.package
    version = component.version or (package.version if package else None)
    described: dict[str, Any] = {
        "type": "library",
        "bom-ref": component.path,
        "name": component.soname,
    }
    if version:
        described["version"] = version
    described["hashes"] = _hashes(component.sha256)
    licences = _licences(package.licences) if package else []
    if licences:
        described["licenses"] = licences
    if package:
        described["purl"] = package.purl
    # What it was made from: the same library, before felloe changed names in it.
    ancestor = {"type": "file", "name": component.soname}
    described["pedigree"] = {
        "ancestors": [{**ancestor, "hashes": _hashes(component.original_sha256)}],
        "notes": "copied by felloe, which may have changed names in its dynamic section",
    }
    described["properties"] = [
        {"name": "felloe:path", "value": component.path},
        {"name": "felloe:soname", "value": component.soname},
    ]
    return described


def _hashes(sha256: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": sha256}]


def _licences(licences: Sequence[str]) -> list[dict[str, Any]]:
    """Either one expression, or a list of identifiers and names: the format mixes them not."""
    named = [text for text in dict.fromkeys(licences) if text.strip()]
    expressions = [find_expression(text) for text in named]
    if len(named) == 1 and expressions[0] and not find_identifier(named[0]):
        return [{"expression": expressions[0]}]
    return [{"license": _licence(text)} for text in named]


def _licence(text: str) -> dict[str, str]:
    identifier = find_identifier(text)
    return {"id": identifier} if identifier else {"name": text}


def _purl_pypi(name: str, version: str) -> str:
    normalized = re.sub(r"[-_.]+", "-", name).lower()
    return f"pkg:pypi/{quote(normalized, safe='')}@{quote(version, safe=':')}"
