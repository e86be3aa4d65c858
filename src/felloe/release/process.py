"""Programs that run while felloe waits, and that end with it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_GRACE = 3.0
"""Seconds between one signal and the next, stronger one."""
_STEP = 0.05


class Stopped(Exception):
    """A program was started, or ended, after :meth:`Children.stop`."""


@dataclass
class Children:
    """The programs that run. All can be stopped at once, from another thread.

    Each leads a process group of its own, so that the programs which it starts
    end with it. On Windows ``taskkill`` ends a program and its descendants.
    """

    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def run(self, command: Sequence[str], log: Path, environ: Mapping[str, str], cwd: Path) -> int:
        """Run a program to its end; append both its streams to ``log``.

        Return its exit code, 127 if it cannot be started. Raises :class:`Stopped`.
        """
        with log.open("ab") as output:
            output.write(f"$ {shlex.join(command)}\n".encode("utf-8", "surrogateescape"))
            output.flush()
            with self._lock:
                if self._stopped:
                    raise Stopped
                try:
                    child = subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        env=dict(environ),
                        cwd=cwd,
                        start_new_session=True,
                    )
                except OSError as cause:
                    output.write(f"{command[0]}: {cause.strerror}\n".encode())
                    return 127
                self._running.add(child)
            code = child.wait()
        with self._lock:
            self._running.discard(child)
            if self._stopped:
                raise Stopped
        return code

    def stop(self) -> None:
        """End all programs and their descendants, and wait until they have ended."""
        with self._lock:
            self._stopped = True
            running = set(self._running)
        # SIGINT lets Python programs clean up; a shell may have had it ignored.
        for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
            for child in running:
                _signal(child, number)
            if _all_ended(running):
                break


def _signal(child: subprocess.Popen[bytes], number: int) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, number)
        elif child.poll() is None:
            kill = ("taskkill", "/T", "/F", "/PID", str(child.pid))
            subprocess.run(kill, capture_output=True, check=False)
    except (ProcessLookupError, PermissionError):
        pass  # the group has ended


def _all_ended(children: set[subprocess.Popen[bytes]]) -> bool:
    end = time.monotonic() + _GRACE
    while any(_is_alive(child) for child in children):
        if time.monotonic() > end:
            return False
        time.sleep(_STEP)
    return True


def _is_alive(child: subprocess.Popen[bytes]) -> bool:
    """Return whether a program of its group still runs."""
    if child.poll() is None:
        return True
    if not hasattr(os, "killpg"):
        return False
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
