"""The platforms that pipelines build for, and the images of the Linux ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Platform:
    """What a job builds for."""

    name: str
    system: str
    """``linux``, ``macos`` or ``windows``."""
    architecture: str
    libc: str = ""
    """``glibc`` or ``musl``; empty off Linux."""

    @property
    def docker_platform(self) -> str:
        """What docker calls it; the default is not right for i686 on another machine."""
        names = {"x86_64": "amd64", "i686": "386", "aarch64": "arm64"}
        return f"linux/{names[self.architecture]}"


PLATFORMS = {
    platform.name: platform
    for platform in (
        Platform("manylinux_x86_64", "linux", "x86_64", "glibc"),
        Platform("manylinux_i686", "linux", "i686", "glibc"),
        Platform("manylinux_aarch64", "linux", "aarch64", "glibc"),
        Platform("musllinux_x86_64", "linux", "x86_64", "musl"),
        Platform("musllinux_aarch64", "linux", "aarch64", "musl"),
        Platform("macos_arm64", "macos", "arm64"),
        Platform("macos_x86_64", "macos", "x86_64"),
        Platform("windows_amd64", "windows", "amd64"),
        Platform("windows_arm64", "windows", "arm64"),
    )
}

COMMON = (
    "manylinux_x86_64",
    "manylinux_i686",
    "manylinux_aarch64",
    "musllinux_x86_64",
    "macos_arm64",
    "macos_x86_64",
    "windows_amd64",
)
"""What a pipeline builds for if nobody says otherwise."""

MUSLLINUX = "musllinux_1_2"

MACOS_FLOOR = "11.0"
"""The oldest macOS that wheels are for: the first on arm64, and what PyPI takes as a tag."""

IMAGE_VERSION = "2026.10.26-1"
"""The tag of the images; the digests are those that cibuildwheel 4.3.5 pins."""

_DIGESTS = {
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


def policy_of(platform: Platform, manylinux: str) -> str:
    """The platform tag that a Linux job is to reach."""
    policy = manylinux if platform.libc == "glibc" else MUSLLINUX
    return f"{policy}_{platform.architecture}"


def image_of(platform: Platform, manylinux: str) -> str:
    """The image that a Linux job runs in: ``quay.io/pypa/…@sha256:…``."""
    policy = policy_of(platform, manylinux)
    return f"quay.io/pypa/{policy}@sha256:{_DIGESTS[policy]}"
