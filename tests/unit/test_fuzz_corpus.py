"""What fuzzing has found worth keeping, replayed: an answer or our own error, and soon."""

import sys
import time
import zipfile

import pytest
from world import ROOT

sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
from targets import TARGETS

with zipfile.ZipFile(ROOT / "tests" / "fuzz" / "corpus.zip") as archive:
    KEPT = [(name.partition("/")[0], archive.read(name)) for name in archive.namelist()]


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
