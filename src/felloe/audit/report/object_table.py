"""The files of a wheel as tables for people: one for each format, those alike in one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from felloe.audit.evidence import AuditedObject, Evidence
from felloe.audit.macos.object import MachObject
from felloe.audit.object import AuditedFile
from felloe.audit.platform import list_paths
from felloe.audit.windows.object import PeObject

Row = tuple[str, str, str, str]
"""What a file is for, in the words of its format's columns; paths apart."""

_ELF = ("object", "machine", "ABI or kind", "best policy", "needs")
_MACHO = ("object", "machine", "ABI or kind", "macOS from", "needs")
_PE = ("object", "machine", "ABI or kind", "Windows from", "needs")


def render_tables(
    evidence: Evidence, find_policy: Callable[[AuditedObject], str | None]
) -> Iterator[str]:
    """The lines; ``find_policy`` says what the best policy of an ELF file is."""

    def describe_elf(item: AuditedObject) -> Row:
        machine = item.elf.architecture or "unknown"
        return machine, _kind(item), find_policy(item) or "none", _join(item.elf.needed)

    yield from _table(_ELF, ((item.path, describe_elf(item)) for item in evidence.objects))
    yield from _table(_MACHO, ((x.path, _describe_macho(x)) for x in evidence.mach_objects))
    yield from _table(_PE, ((x.path, _describe_pe(x)) for x in evidence.pe_objects))


def _describe_macho(item: MachObject) -> Row:
    images = item.macho.slices
    versions = dict.fromkeys(str(image.minimum_macos or "unknown") for image in images)
    needed = dict.fromkeys(dylib.name for image in images for dylib in image.dylibs)
    return " ".join(item.macho.cpus), _kind(item), " ".join(versions), _join(needed)


def _describe_pe(item: PeObject) -> Row:
    machine = ".NET" if item.pe.is_managed else item.pe.platform or f"{item.pe.machine:#x}"
    version = ".".join(map(str, item.pe.subsystem_version))
    return machine, _kind(item), version, _join(dict.fromkeys(dll.name for dll in item.pe.dlls))


def _kind(item: AuditedFile) -> str:
    if item.module is None:
        return item.role.value
    return item.module.abi_tag or item.module.abi.value


def _join(names: Iterable[str]) -> str:
    return " ".join(names) or "nothing"


def _table(head: tuple[str, ...], files: Iterable[tuple[str, Row]]) -> Iterator[str]:
    alike: dict[Row, list[str]] = {}
    for path, row in files:
        alike.setdefault(row, []).append(path)
    if not alike:
        return
    rows: list[tuple[str, ...]] = [head]
    rows += [(list_paths(paths), *row) for row, paths in alike.items()]
    widths = [max(len(line[column]) for line in rows) for column in range(4)]
    yield ""
    for line in rows:
        cells = [cell.ljust(width) for cell, width in zip(line, widths)]
        yield "  " + "  ".join([*cells, line[4]])
