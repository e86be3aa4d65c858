"""Audit wheels: compare their tags with their binaries.

The public names are :func:`audit_wheel` and :class:`AuditReport`::

    from felloe.audit import audit_wheel

    report = audit_wheel("dist/demo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl")
    if not report.passed:
        print(report.text)

Everything else in this package may change in any version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from felloe.audit.api import AuditReport, audit_wheel

__all__ = ["AuditReport", "audit_wheel"]


def __getattr__(name: str) -> object:
    # Imported when it is asked for: the hooks import parts of this package.
    if name in __all__:
        from felloe.audit import api

        found: object = getattr(api, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
