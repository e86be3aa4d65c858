"""Which interpreters, which builds, in which order, with how many processors."""

import pytest
from support.release_samples import interpreter, interpreters

from felloe.errors import UsageError
from felloe.release.interpreter_choice import check_words, choose_interpreters
from felloe.release.matrix import MatrixEntry, choose_builds, find_cover, plan_matrix, share_jobs
from felloe.wheel.tags import parse_wheel_name

FOUND = interpreters("cp38", "cp313", "cp39", "cp314", "cp314t", "cp313d", "pp311")


def tags(items):
    return [item.tag for item in items]


@pytest.mark.parametrize(
    ("words", "requires", "expected"),
    [
        ([], "", ["cp39", "cp313", "cp314", "cp314t", "pp311"]),
        ([], ">=3.10", ["cp313", "cp314", "cp314t", "pp311"]),
        ([], ">=3.14,<4", ["cp314", "cp314t"]),
        ([], "not a specifier", ["cp39", "cp313", "cp314", "cp314t", "pp311"]),
        (["3.13"], "", ["cp313"]),
        (["313"], "", ["cp313"]),
        (["cp313"], "", ["cp313"]),
        (["3.13.0"], "", ["cp313"]),
        (["cp313d"], "", ["cp313d"]),
        (["3.14"], "", ["cp314"]),
        (["3.14t"], "", ["cp314t"]),
        (["cp314t", "cp39", "3.9"], "", ["cp39", "cp314t"]),
        (["pp311"], "", ["pp311"]),
        (["pypy3.11"], "", ["pp311"]),
    ],
)
def test_interpreters_are_chosen(words, requires, expected):
    assert tags(choose_interpreters(words, FOUND, requires).chosen) == expected


@pytest.mark.parametrize(
    ("words", "requires", "text"),
    [
        (["3.12", "pp310"], "", "3.12 is not installed; pp310 is not installed; found cp38"),
        (["3.13.7"], "", "3.13.7 is not installed"),
        (["3.8"], "", "3.8: felloe builds for Python 3.9 and later"),
        (["3.9"], ">=3.10", "3.9: the project requires Python >=3.10"),
        ([], ">=3.15", "no interpreter fits the project"),
    ],
)
def test_what_cannot_be_is_said_at_once(words, requires, text):
    with pytest.raises(UsageError) as raised:
        choose_interpreters(words, FOUND, requires)
    assert text in raised.value.message
    assert "uv python install" in raised.value.hint


def test_what_is_passed_over_is_said():
    passed_over = choose_interpreters([], FOUND, ">=3.13").passed_over
    assert {item.interpreter.tag: item.reason for item in passed_over} == {
        "cp38": "felloe builds for Python 3.9 and later",
        "cp39": "the project requires Python >=3.13",
        "pp311": "the project requires Python >=3.13",
        "cp313d": "it is a debug build, used only if --python names it",
    }


def test_the_first_place_stands_for_its_tag():
    first, second = interpreter("cp313", source="/opt/python"), interpreter("cp313", patch=9)
    assert choose_interpreters([], [first, second], "").chosen == (first,)
    assert choose_interpreters(["3.13.9"], [first, second], "").chosen == (second,)


def test_a_path_is_a_request_of_its_own():
    named = interpreter("cp313", source="/some/python")
    found = [named, interpreter("cp313")]
    assert choose_interpreters(["/some/python"], found, "").chosen == (named,)


@pytest.mark.parametrize("word", ["examples", "3", "three", "3.13x", "cp"])
def test_words_that_name_no_version(word):
    with pytest.raises(UsageError, match="is not a version or a path"):
        check_words(["3.9", "/usr/bin/python3", word])


@pytest.mark.parametrize(
    ("tag", "wheel", "expected"),
    [
        ("cp313", "cp313-cp313", True),
        ("cp313", "cp312-cp312", False),
        ("cp313", "cp39-abi3", True),
        ("cp39", "cp310-abi3", False),
        ("cp314t", "cp314-cp314t", True),
        ("cp314t", "cp314-cp314", False),
        ("cp314t", "cp39-abi3", False),
        ("cp315t", "cp315-abi3.abi3t", True),
        ("cp315", "cp315-abi3.abi3t", True),
        ("pp311", "cp39-abi3", False),
        ("pp311", "pp311-pypy311_pp73", True),
        ("pp311", "py3-none", True),
        ("cp313", "py3-none", True),
        ("cp313", "py2-none", False),
        ("cp313d", "cp313-cp313d", True),
    ],
)
def test_what_an_interpreter_loads(tag, wheel, expected):
    name = parse_wheel_name(f"demo-1-{wheel}-manylinux_2_17_x86_64.whl")
    assert interpreter(tag).loads(name) is expected


def entries(*names, target="auto"):
    return tuple(MatrixEntry(item, target) for item in interpreters(*names))


def test_the_matrix_is_a_product_without_repetition():
    one, two = "manylinux_2_17_x86_64", "musllinux_1_2_x86_64"
    planned = plan_matrix(interpreters("cp39", "cp313"), [one, two, one])
    labels = [entry.label for entry in planned]
    assert labels == [f"cp39 {one}", f"cp313 {one}", f"cp39 {two}", f"cp313 {two}"]
    assert [entry.label for entry in plan_matrix(interpreters("cp39"), [])] == ["cp39"]


@pytest.mark.parametrize(
    ("waiting", "building", "py_api", "expected"),
    [
        ("cp39 cp310 cp311", "", "", "cp39 cp310 cp311"),
        ("cp39 cp310 cp311", "", "cp39", "cp39"),
        ("cp310 cp311", "cp39", "cp39", ""),
        ("cp310 cp311", "", "cp39", "cp310"),
        ("cp310 cp311 cp312 cp313", "", "cp312", "cp310 cp311 cp312"),
        ("cp313 cp313t pp311", "", "cp312", "cp313 cp313t pp311"),
        ("cp314 cp315 cp315t", "", "cp315t", "cp314 cp315 cp315t"),
        # Only the free-threaded build makes the wheel for both.
        ("cp314 cp315 cp315t", "", "cp315.cp315t", "cp314 cp315t"),
        ("cp315 cp316", "cp315t", "cp315.cp315t", ""),
        ("cp315 cp316", "", "cp315.cp315t", "cp315"),
        ("cp39 cp310", "", "py2.py3", "cp39"),
        ("cp39 cp313t pp311", "", "py3", "cp39"),
        ("cp310 pp311", "cp39", "py3", ""),
    ],
)
def test_builds_that_may_share_a_wheel_wait_for_the_first(waiting, building, py_api, expected):
    chosen = choose_builds(entries(*waiting.split()), entries(*building.split()), py_api)
    assert [entry.label for entry in chosen] == expected.split()


def test_every_target_has_a_first_of_its_own():
    both = (*entries("cp39", "cp310"), *entries("cp39", "cp310", target="manylinux_2_17_aarch64"))
    chosen = choose_builds(both, (), "cp39")
    assert [entry.label for entry in chosen] == ["cp39", "cp39 manylinux_2_17_aarch64"]


def test_a_finished_wheel_covers_whoever_loads_it():
    first, later, free = entries("cp39", "cp313", "cp314t")
    (elsewhere,) = entries("cp313", target="manylinux_2_17_aarch64")
    made = {first: parse_wheel_name("demo-1-cp39-abi3-manylinux_2_17_x86_64.whl")}
    assert find_cover(later, made) == first
    assert find_cover(free, made) is None
    assert find_cover(elsewhere, made) is None


@pytest.mark.parametrize(
    ("jobs", "builds", "expected"),
    [
        (2, 5, [1, 1]),
        (2, 1, [2]),
        (1, 3, [1]),
        (8, 5, [1, 1, 2, 2, 2]),
        (8, 1, [8]),
        (3, 2, [1, 2]),
    ],
)
def test_the_budget_is_divided_and_never_exceeded(jobs, builds, expected):
    shares, free = [], jobs
    for left in range(builds, 0, -1):
        if free:
            shares.append(share_jobs(free, left))
            free -= shares[-1]
    assert shares == expected
    assert sum(shares) <= jobs


@pytest.mark.parametrize(
    ("target", "libc", "expected"),
    [
        ("auto", "glibc", True),
        ("manylinux_2_17_x86_64", "glibc", True),
        ("manylinux2014_x86_64", "glibc", True),
        ("linux_x86_64", "glibc", True),
        ("manylinux_2_17_x86_64", "musl", False),
        ("musllinux_1_2_x86_64", "musl", True),
        ("musllinux_1_2_x86_64", "glibc", False),
        ("manylinux_2_17_aarch64", "glibc", False),
        ("win_amd64", "glibc", False),
        ("macosx_11_0_x86_64", "glibc", False),
    ],
)
def test_which_wheels_can_be_tried_here(target, libc, expected):
    assert MatrixEntry(interpreter("cp313", libc=libc), target).runs_here is expected
