"""The SBOM of the libraries that were copied into a wheel, as PEP 770 allows one.

The format is CycloneDX 1.6 in JSON, https://cyclonedx.org/docs/1.6/json/. Equal
components give equal bytes: it contains neither a serial number nor a time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

from felloe.repair.sbom.license import find_expression, find_identifier
from felloe.repair.sbom.package import SystemPackage

_Json = Any
"""Parsed JSON that anybody may have written."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


@dataclass(frozen=True)
class Component:
    """One library that was copied."""

    path: str
    """Its path in the wheel: ``newton.libs/libz-1a2b3c4d.so.1``."""
    soname: str
    """Its name before it was renamed."""
    original_sha256: str
    """Of the file it was copied from, 64 hexadecimal digits."""
    sha256: str
    """Of the file in the wheel."""
    version: str | None = None
    purl: str | None = None
    """The package-url of the package that installed it."""
    licenses: tuple[str, ...] = ()
    """SPDX identifiers or expressions where they are known, else the names the package uses."""

    def with_package(self, package: SystemPackage | None) -> Component:
        """Return it with the facts of the package that it belongs to, if that is known."""
        if package is None:
            return self
        version = self.version or package.version
        return replace(self, version=version, purl=package.purl, licenses=package.licenses)


def render_sbom(
    distribution: str, version: str, tool_version: str, components: Iterable[Component]
) -> bytes:
    """Render the document for the wheel of a distribution, in ASCII, with a final newline."""
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
    described: dict[str, Any] = {
        "type": "library",
        "bom-ref": component.path,
        "name": component.soname,
    }
    if component.version:
        described["version"] = component.version
    described["hashes"] = _hashes(component.sha256)
    licenses = _licenses(component.licenses)
    if licenses:
        described["licenses"] = licenses
    if component.purl:
        described["purl"] = component.purl
    # The file it was made from: the same library before felloe changed names in it.
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


def _licenses(licenses: Sequence[str]) -> list[dict[str, Any]]:
    """Return one expression, or a list of identifiers and names. CycloneDX forbids a mixture."""
    named = [text for text in dict.fromkeys(licenses) if text.strip()]
    expressions = [find_expression(text) for text in named]
    if len(named) == 1 and expressions[0] and not find_identifier(named[0]):
        return [{"expression": expressions[0]}]
    return [{"license": _license(text)} for text in named]


def _license(text: str) -> dict[str, str]:
    identifier = find_identifier(text)
    return {"id": identifier} if identifier else {"name": text}


def _purl_pypi(name: str, version: str) -> str:
    return f"pkg:pypi/{canonicalize_name(name)}@{quote(version, safe=':')}"


def parse_components(document: bytes) -> list[Component]:
    """Return the components of a document as :func:`render_sbom` writes them.

    Anybody may have written the document: unknown keys and malformed components
    are left out.
    """
    try:
        found = json.loads(document, parse_constant=_refuse_constant)["components"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    items = found if isinstance(found, list) else []
    return [component for component in map(_parse_component, items) if component is not None]


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _parse_component(item: _Json) -> Component | None:
    try:
        return Component(
            path=_text(item["bom-ref"]),
            soname=_text(item["name"]),
            original_sha256=_digest(item["pedigree"]["ancestors"][0]["hashes"]),
            sha256=_digest(item["hashes"]),
            version=_text(item.get("version", "")) or None,
            purl=_text(item.get("purl", "")) or None,
            licenses=tuple(map(_parse_license, item.get("licenses", ()))),
        )
    except (LookupError, TypeError, ValueError, AttributeError):
        return None


def _parse_license(item: _Json) -> str:
    named = item.get("license") or {}
    return _text(item.get("expression") or named.get("id") or named["name"])


def _text(value: _Json) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _digest(hashes: _Json) -> str:
    digest = _text(hashes[0]["content"])
    if not _SHA256.fullmatch(digest):
        raise ValueError("not a SHA-256")
    return digest
