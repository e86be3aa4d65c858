"""The platforms that CI jobs build for, and the images of the Linux ones."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMON = (
    "manylinux_2_28_x86_64",
    "manylinux_2_28_i686",
    "manylinux_2_28_aarch64",
    "musllinux_1_2_x86_64",
    "macosx_11_0_arm64",
    "macosx_11_0_x86_64",
    "win_amd64",
)
"""The targets of a project that names none."""

IMAGE_VERSION = "2026.10.26-1"
"""The tag of the images; the digests are those that cibuildwheel 4.3.5 pins."""

DIGESTS = {
    "manylinux2014_x86_64": "296069bc05d85275248f168f6e3b34ba8aa06181b67e40cd7447c64d56d3a851",
    "manylinux_2_28_x86_64": "e0adf18521ad35192df733a6c62d35df7801957d24e0470238aacecfab2188a3",
    "manylinux_2_34_x86_64": "834a2a31de5eabacd4411417b3bbc9fcb6ff9f959972711ab3b73355e7b0928d",
    "musllinux_1_2_x86_64": "04e877afa939007f6784f9076d2aa797d1156f31281cfe19f203945d7b624970",
    "manylinux2014_i686": "b89ff42fdc19d9f03b4abb7c4acc0fbafdf883a08bab96be4edbe688875a4fa0",
    "manylinux_2_28_i686": "541324ddb178a1611c25485a8fcce73c227131f273a510006b9fb0bfa0672d27",
    "manylinux_2_34_i686": "64b9b88abdf34d30ba8c8c18741e5622f019e0e58793b57bd5d981157c3e5707",
    "manylinux2014_aarch64": "ec445e2688785976c727d304f421ae8af5489715c19508526a749716e240541a",
    "manylinux_2_28_aarch64": "a3e02308c822fb6ce0d12248b0c941817ba5e1a1bc9e7bb5929f29c50eaa40a9",
    "manylinux_2_34_aarch64": "934a318cec5315c720ed4e5b6d7285d41604d90f55bacc0dbc852160d872a405",
    "musllinux_1_2_aarch64": "1db347533f8a7ea39aa20b0203f4e4af00630cdb621216a2b43771523c9983c5",
}


@dataclass(frozen=True)
class Target:
    """A platform tag, and the machine that its job needs."""

    tag: str

    @property
    def system(self) -> str:
        """``linux``, ``macos`` or ``windows``."""
        family = re.match(r"[a-z]+", self.tag)
        names = {"macosx": "macos", "win": "windows"}
        return names.get(family[0] if family else "", "linux")

    @property
    def architecture(self) -> str:
        """The last part of the tag: ``x86_64``."""
        return self.tag[re.search(r"x86_64$|[^_]+$", self.tag).start() :]  # type: ignore[union-attr]

    @property
    def machine(self) -> str:
        """``linux-x86_64``: the kind of machine. 32-bit containers run on 64-bit machines."""
        return f"{self.system}-{self.architecture.replace('i686', 'x86_64')}"

    @property
    def image(self) -> str:
        """The image of a Linux job: ``quay.io/pypa/…@sha256:…``."""
        policy = self.tag
        return f"quay.io/pypa/{policy}@sha256:{DIGESTS[policy]}"

    @property
    def docker_platform(self) -> str:
        """The value of ``docker run --platform``; its default is wrong for i686."""
        names = {"x86_64": "amd64", "i686": "386", "aarch64": "arm64"}
        return f"linux/{names[self.architecture]}"

    @property
    def personality(self) -> str:
        """The program that starts others: a 64-bit kernel must call itself a 32-bit one."""
        return "linux32" if self.architecture == "i686" else "env"

    @property
    def deployment_target(self) -> str:
        """The oldest macOS: ``11.0``."""
        return ".".join(self.tag.split("_")[1:3])
