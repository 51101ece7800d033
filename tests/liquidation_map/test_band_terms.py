"""The band of a total holds each term of its variance: lumps, scatter of wholes, and what the weights leave open."""

import msgspec
import numpy as np
import pytest
from scipy.stats import gamma

from liquidation_map.map_specimens import side_weights
from runout.liquidation_map.weights import band

INFERRED = np.array([[3e7, 1e7], [2e7, 0.0], [5e6, 5e6]])
NOTHING = {"lump_usd": 1e-6, "shape": 1e12, "background_shape": 1e12, "covariance": np.eye(6) * 1e-12}


def with_only(**terms: object):
    """Return weights of which only these terms of the variance are left."""
    return msgspec.structs.replace(side_weights(), **(NOTHING | terms))


@pytest.mark.parametrize(
    ("term", "variance"),
    [
        ({"lump_usd": 4e3}, lambda mean, _: 4e3 * mean),
        ({"shape": 3.0}, lambda mean, _: mean**2 / 3.0),
        ({"covariance": np.eye(6) * 0.05}, lambda _, parts: 0.05 * (parts**2).sum()),
        ({"covariance": np.full((6, 6), 0.05)}, lambda mean, _: 0.05 * mean**2),
    ],
    ids=["lumps", "levels as a whole", "weights apart", "weights together"],
)
def test_each_term_alone_makes_the_band_of_its_gamma_law(term, variance) -> None:
    of = with_only(**term)
    parts = INFERRED * of.weight
    mean, spread = parts.sum(), variance(parts.sum(), parts)
    law = gamma(mean**2 / spread, scale=spread / mean)
    found = band(of, INFERRED)
    assert found.low == pytest.approx(law.ppf(0.05), rel=1e-4)
    assert found.high == pytest.approx(law.ppf(0.95), rel=1e-4)


def test_the_background_of_a_bucket_has_a_scatter_of_its_own() -> None:
    of = with_only(background_shape=0.5)
    rest = of.background_usd
    mean, spread = (INFERRED * of.weight).sum() + rest, rest**2 / 0.5
    law = gamma(mean**2 / spread, scale=spread / mean)
    assert band(of, INFERRED, background=True).high == pytest.approx(law.ppf(0.95), rel=1e-4)
    assert band(of, INFERRED).high < (INFERRED * of.weight).sum() * 1.001


def test_variances_add() -> None:
    of, parts = side_weights(), INFERRED * side_weights().weight
    mean = parts.sum()
    spread = of.lump_usd * mean + mean**2 / of.shape + 0.05 * (parts**2).sum()
    law = gamma(mean**2 / spread, scale=spread / mean)
    found = band(of, INFERRED)
    assert (found.low, found.high) == pytest.approx((law.ppf(0.05), law.ppf(0.95)), rel=1e-9)
