import pytest

import example_name


@pytest.mark.parametrize(
    ("below", "count"), [(0, 0), (2, 0), (3, 1), (10, 4), (100, 25), (100_000, 9592)]
)
def test_primes_are_counted(below, count):
    assert example_name.count_primes(below) == count


def test_a_negative_limit_is_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        example_name.count_primes(-1)


def test_a_limit_that_is_no_integer_is_refused():
    with pytest.raises(TypeError):
        example_name.count_primes("ten")
