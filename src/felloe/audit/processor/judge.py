"""Find files that not every x86-64 processor runs, if the extra ``felloe[isa]`` is installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from posixpath import basename
from typing import TYPE_CHECKING

from felloe.audit.evidence import AuditedObject
from felloe.audit.object import BinaryMember, Role
from felloe.errors import MalformedBinary
from felloe.finding import Finding

if TYPE_CHECKING:  # the module imports the decoder
    from felloe.audit.processor.reach import Reached

_CHOSEN_BY_NAME = re.compile(r"(?i)sse[234]|avx|fma|bmi|x86_64_v[234]|neon|haswell|skylake")
_HINT = "build without -march, or with -march=x86-64, and choose faster code at run time{accept}"
_ACCEPT = "; `--processor x86-64-v{level}` accepts this level"
_HIGHEST = 4


def judge_processor(
    members: Iterable[BinaryMember], objects: Sequence[AuditedObject], level: int
) -> Iterator[Finding]:
    """Yield a finding for each x86-64 file whose import needs more than ``level`` (1 to 4).

    Files whose names say an instruction set are left out: a package imports them
    after it has asked for the processor.
    """
    files = {
        item.path
        for item in objects
        if item.elf.architecture == "x86_64"
        and item.elf.is_dynamic
        and item.role is not Role.OBJECT
    }
    if not files or find_spec("iced_x86") is None:
        return
    from felloe.audit.processor.reach import find_reached
    from felloe.binary.elf.memory import LoadedObject

    for member in members:
        if member.name not in files or _CHOSEN_BY_NAME.search(basename(member.name)):
            continue
        try:
            reached = find_reached(LoadedObject(member.read()), level)
        except MalformedBinary:
            continue  # the audit of the file reports the problem
        if reached:
            worst = max(reached, key=lambda item: item.use.level)
            yield _explain(member.name, worst)


def _explain(path: str, reached: Reached) -> Finding:
    where = "a constructor" if reached.root == "constructor" else reached.root
    use = reached.use
    return Finding(
        f"{path} stops with an illegal instruction on processors without {use.feature}: loading "
        f"it runs `{use.text}` (address {use.address:#x}, reached from {where})",
        hint=_HINT.format(accept=_ACCEPT.format(level=use.level) if use.level <= _HIGHEST else ""),
        path=path,
    )
