"""The record of libraries that a wheel leaves to the user's machine."""

from __future__ import annotations

import json

import pytest

from felloe.audit.waiver import Waiver, WaiverReason, parse_waivers, render_waivers
from felloe.errors import FelloeError

CUDA = Waiver("libcuda.so.1", WaiverReason.DRIVER)
TORCH = Waiver("libtorch_cpu.so", WaiverReason.PROVIDED_BY, "torch")
OTHER = Waiver("libß.so", WaiverReason.EXCLUDE)


def test_what_is_written_is_read_again() -> None:
    data = render_waivers([TORCH, CUDA, OTHER, CUDA])
    assert parse_waivers(data) == (CUDA, TORCH, OTHER)
    assert data == render_waivers([OTHER, CUDA, TORCH])
    assert json.loads(data)["waived"][0] == {
        "library": "libcuda.so.1",
        "reason": "driver",
        "distribution": None,
    }


def test_unknown_keys_are_ignored() -> None:
    entry = {"library": "libcuda.so.1", "reason": "driver", "since": "2027"}
    assert parse_waivers(json.dumps({"version": 1, "waived": [entry], "x": 1}).encode()) == (CUDA,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"version": 1}',
        '{"version": 1, "waived": 3}',
        '{"version": 1, "waived": ["libcuda.so.1"]}',
        '{"version": 1, "waived": [{"library": 1, "reason": "driver"}]}',
        '{"version": 1, "waived": [{"library": "libx.so", "reason": "whim"}]}',
        '{"version": 1, "waived": [{"library": "libx.so", "reason": []}]}',
        '{"version": 1, "waived": [{"library": "x", "reason": "driver", "distribution": 3}]}',
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_malformed_record_is_an_error(text: str) -> None:
    with pytest.raises(FelloeError, match=r"felloe\.json is not a list of waived libraries"):
        parse_waivers(text.encode(errors="surrogateescape"))


def test_a_newer_version_is_an_error() -> None:
    with pytest.raises(FelloeError, match="version 2, this felloe reads version 1") as caught:
        parse_waivers(b'{"version": 2, "waived": []}')
    assert caught.value.hint == "update felloe"
