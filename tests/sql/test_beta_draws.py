"""The Beta draw against the true distribution, at a million draws a pair."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

PAIRS = [
    (0.5, 0.5),
    (0.5, 3),
    (1, 1),
    (1, 3),
    (2, 200),
    (3, 0.7),
    (5, 5),
    (10, 90),
    (30, 1),
    (100, 900),
]
DRAWS = 1_000_000
LIMIT = 0.002

pytestmark = [pytest.mark.sql, pytest.mark.emulator]


@pytest.fixture(scope="module")
def sampler(build):
    return build("beta_draws", only=["beta_draws"])


@pytest.mark.parametrize(("alpha", "beta"), PAIRS)
def test_distance_to_the_true_distribution(sampler, alpha, beta):
    # The sorted draws are thinned to 20,000 ranks: between two of them the empirical
    # distribution moves by 0.00005 at most, which is added to the distance.
    step = 50
    rows = sampler.run(f"""
        DECLARE arms ARRAY<STRUCT<arm STRING, alpha FLOAT64, beta FLOAT64>>;
        SET arms = ARRAY(
            SELECT AS STRUCT
                CAST(number AS STRING) AS arm,
                CAST({alpha} AS FLOAT64) AS alpha,
                CAST({beta} AS FLOAT64) AS beta
            FROM UNNEST(GENERATE_ARRAY(1, {DRAWS})) AS number
        );
        SELECT place, draw
        FROM (
            SELECT draw, ROW_NUMBER() OVER (ORDER BY draw) AS place
            FROM beta_draws(arms, 20251031)
        )
        WHERE MOD(place, {step}) = 0
        ORDER BY place
    """)
    places = np.array([row["place"] for row in rows]) / DRAWS
    draws = np.array([row["draw"] for row in rows])
    assert len(draws) == DRAWS // step
    assert np.all((draws >= 0) & (draws <= 1))
    distance = np.abs(stats.beta(alpha, beta).cdf(draws) - places).max() + step / DRAWS
    assert distance < LIMIT


def test_arms_are_independent_of_each_other(sampler):
    rows = sampler.run("""
        SELECT draws.draw, CAST(draws.arm AS INT64) AS arm
        FROM beta_draws(
            ARRAY(
                SELECT AS STRUCT CAST(number AS STRING) AS arm, 2.0 AS alpha, 5.0 AS beta
                FROM UNNEST(GENERATE_ARRAY(1, 20000)) AS number
            ),
            1
        ) AS draws
        ORDER BY arm
    """)
    draws = [row["draw"] for row in rows]
    neighbours = np.array(list(itertools.pairwise(draws)))
    assert abs(np.corrcoef(neighbours.T)[0, 1]) < 0.03
