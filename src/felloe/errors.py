"""The error kinds.

One root. A kind of its own exists only where an exit code or a caller differs.
"""

from __future__ import annotations


class FelloeError(Exception):
    """A problem the user can act on: what, where, why; the hint is the way out."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class FelloeWarning(UserWarning):
    """A warning that a hook gives to the build frontend."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}\nfelloe: hint: {hint}" if hint else message)


class UsageError(FelloeError):
    """A command was called with words or files it cannot work on."""

    exit_code = 2


class MalformedBinary(FelloeError):
    """Bytes that begin like an executable format and break its rules."""


class MalformedArchive(FelloeError):
    """A wheel or sdist that breaks the rules of its format."""


class EngineFailed(FelloeError):
    """The engine ended with an error, which it has already printed itself."""

    def __init__(self, hook: str, returncode: int) -> None:
        super().__init__(f"scikit-build-core's {hook} ended with exit code {returncode}")
        self.exit_code = returncode
