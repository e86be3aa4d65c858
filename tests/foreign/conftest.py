"""The wheels that are tried on other systems."""

from __future__ import annotations

import hashlib

import pytest
from foreign import systems
from foreign.picture import compute
from support.interpreters import need_python
from support.paths import EXAMPLES
from support.process import run


@pytest.fixture(scope="session")
def host_wheel(example_wheel):
    """``host_wheel(example, version)``: an example built by this machine's own compiler."""
    return lambda example, version: example_wheel(example, need_python(version))


@pytest.fixture(scope="session")
def shared_wheel(once, environ, newton_prefix):
    """The example newton-shared for CPython 3.13: two libraries of this machine are in it."""

    def make(place):
        steered = {**environ, "CMAKE_PREFIX_PATH": str(newton_prefix)}
        command = (need_python("3.13"), "-m", "pip", "wheel", "--no-deps", "-w", place)
        run(*command, EXAMPLES / "newton-shared", env=steered, cwd=place)

    (wheel,) = once("newton-shared-3.13", make).glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def installed(once):
    """``installed(wheel, system)``: where a wheel lies, put there by pip as that system runs it."""

    def install(wheel, system):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()[:10]
        return once(
            f"{wheel.stem}-{digest}-{system.name}", lambda place: system.install(wheel, place)
        )

    return install


@pytest.fixture(scope="session")
def host_picture(host_wheel, installed):
    """What this machine's compiler makes of the C++ library, here."""
    here = systems.system("here")
    return compute(here, "newton_basins", installed(host_wheel("newton-basins", "3.13"), here))
