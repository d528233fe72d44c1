"""The arithmetic of the benchmarks."""

import pytest

from dev.bench import suite
from dev.bench.figures import REGISTRY, benchmark, growth, ratio

pytestmark = pytest.mark.unit


def test_a_ratio_compares_the_rounds_pair_by_pair():
    figure = ratio("a / b", [2.0, 9.0, 4.0], [1.0, 3.0, 4.0])
    assert figure.samples == (2.0, 3.0, 1.0)
    assert figure.value == 2.0


@pytest.mark.parametrize(("exponent", "times"), [(1.0, [1.0, 10.0]), (2.0, [1.0, 100.0])])
def test_growth_is_the_exponent_of_the_size(exponent, times):
    assert growth("g", [100, 1000], [[t] for t in times]).value == pytest.approx(exponent)
    assert growth("g", [1000, 100], [[t] for t in times[::-1]]).value == pytest.approx(exponent)


def test_a_name_is_given_once():
    taken = suite.chosen([])[0].name
    with pytest.raises(ValueError, match=taken):
        benchmark(taken, "another")(lambda lab: None)
    assert set(REGISTRY) >= {"startup", "up", "preview"}
