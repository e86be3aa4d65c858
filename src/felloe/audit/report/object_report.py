"""The files of a wheel as plain values, for the audit's JSON document."""

from __future__ import annotations

from typing import Any

from felloe.audit.macos.object import MachObject
from felloe.audit.object import AuditedFile
from felloe.audit.windows.object import PeObject
from felloe.binary.macho.reader import MachoSlice


def render_file(item: AuditedFile, kind: str) -> dict[str, Any]:
    """What is said of every file; ``kind`` is the name of its format."""
    return {
        "path": item.path,
        "format": kind,
        "role": item.role.value,
        "abi": item.module.abi.value if item.module else None,
    }


def render_mach_object(item: MachObject) -> dict[str, Any]:
    """One Mach-O file, image by image."""
    return {
        **render_file(item, "Mach-O"),
        "images": [_render_image(image) for image in item.macho.slices],
    }


def _render_image(image: MachoSlice) -> dict[str, Any]:
    return {
        "architecture": image.cpu,
        "minimum_macos": str(image.minimum_macos) if image.minimum_macos else None,
        "install_name": image.install_name,
        "needed": [dylib.name for dylib in image.dylibs],
        "rpath": list(image.rpaths),
        "signed": image.is_signed,
    }


def render_pe_object(item: PeObject) -> dict[str, Any]:
    """One PE file."""
    return {
        **render_file(item, "PE"),
        "platform": item.pe.platform,
        "managed": item.pe.is_managed,
        "minimum_windows": ".".join(map(str, item.pe.subsystem_version)),
        "needed": [dll.name for dll in item.pe.dlls if not dll.delayed],
        "needed_late": [dll.name for dll in item.pe.dlls if dll.delayed],
    }
