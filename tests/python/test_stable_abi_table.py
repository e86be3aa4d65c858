"""The table of the stable ABI beside abi3info's."""

import pytest

from felloe.python.stable_abi import read_stable_abi


@pytest.mark.tools("abi3info")
def test_functions_and_variables_are_those_of_abi3info():
    from abi3info import DATAS, FUNCTIONS

    abi = read_stable_abi()
    for ours, theirs in ((abi.functions, FUNCTIONS), (abi.variables, DATAS)):
        expected = {s.name: (e.added.major, e.added.minor) for s, e in theirs.items()}
        assert ours == expected


def test_a_name_outside_has_no_version():
    abi = read_stable_abi()
    assert abi.find_added("PyModule_Create2") == (3, 2)
    assert abi.find_added("PyUnicode_AsUTF8") is None or abi.find_added("PyUnicode_AsUTF8") > (3, 2)
    assert abi.find_added("_PyNo_Such") is None
