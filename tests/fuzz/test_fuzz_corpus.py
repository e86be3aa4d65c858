"""What fuzzing has found worth keeping, replayed: an answer or our own error, and soon."""

import sys
import time

import pytest
from support.paths import ROOT

from felloe.binary.macho.reader import parse_macho
from felloe.binary.pe.reader import parse_pe

sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
from targets import TARGETS, read_kept

KEPT = [(target, data) for target, _, data in read_kept()]


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs_and_seeds(name):
    target = TARGETS[name]
    inputs = [*target.seeds(), *(data for kind, data in KEPT if kind == name)]
    assert len(inputs) > 3
    began = time.process_time()
    for data in inputs:
        target.run(data)
    assert time.process_time() - began < 5 + 0.2 * len(inputs)


def test_every_kept_input_has_its_target():
    assert {kind for kind, _ in KEPT} <= set(TARGETS)


@pytest.mark.parametrize("name", ["macho", "pe"])
def test_fuzzing_begins_with_whole_files_of_other_systems(name):
    """Headers alone teach a fuzzer little of what lies behind them."""
    whole = [data for kind, file, data in read_kept() if kind == name and file.startswith("whole-")]
    assert whole
    for data in whole:
        assert len(data) <= TARGETS[name].longest
        is_pe = data.startswith(b"MZ")
        assert parse_pe(data).dlls if is_pe else parse_macho(data).slices[0].dylibs
