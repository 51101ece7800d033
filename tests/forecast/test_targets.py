"""Thresholds: the headline's chance holds the uncertainty of its ratio, shares of open interest, base rates."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from runout.coverage.market_wide_ratio import WIDE_PRIOR, Coverage, StudentT, fit
from runout.forecast.laws import StateLaw
from runout.forecast.protocol import Predictive
from runout.forecast.targets import (
    HEADLINE_USD,
    OWN_SHARES,
    base_rate,
    headline,
    measured,
    own_thresholds,
)

LAW = StateLaw(location=float(np.log(1.3e8)), noise=0.7, error=0.12, freedom=8.0)
MADE = Predictive(law=LAW, start=0, scope="made up")
RATIO = Coverage(terms=(StudentT(0.75, 0.35, 6.0),))
CERTAIN = Coverage(terms=(StudentT(float(np.log(2.0)), 1e-9, 30.0),))
TWO_PARTS = RATIO.times(StudentT(0.2, 0.25, 9.0))
PRIOR = fit([], WIDE_PRIOR)
DRAWS = 400_000


@pytest.mark.parametrize(
    ("ratio", "thresholds"),
    [(RATIO, HEADLINE_USD), (TWO_PARTS, (1e9,)), (PRIOR, HEADLINE_USD)],
    ids=["one part", "two parts", "prior alone"],
)
def test_the_chance_of_a_headline_is_that_of_drawn_totals_times_drawn_ratios(
    ratio: Coverage, thresholds: tuple[float, ...]
) -> None:
    rng = np.random.default_rng(4)
    spread = np.hypot(LAW.noise, LAW.error) * np.sqrt(0.75)
    measured_usd = np.exp(LAW.location + spread * rng.standard_t(LAW.freedom, DRAWS))
    places = [(term.at(np.log(measured_usd)), term.degrees_of_freedom) for term in ratio.terms]
    total = measured_usd * np.exp(sum(m + s * rng.standard_t(freedom, DRAWS) for (m, s), freedom in places))
    for one in headline(MADE, ratio, thresholds):
        share = (total >= one.theta_usd).mean()
        error = np.sqrt(share * (1 - share) / DRAWS)
        assert one.probability == pytest.approx(share, abs=4 * error + 2e-4)


def test_a_ratio_known_for_certain_only_moves_the_threshold() -> None:
    found = headline(MADE, CERTAIN, HEADLINE_USD)
    plain = measured(MADE, [theta / 2 for theta in HEADLINE_USD])
    for one, other in zip(found, plain, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=2e-3)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=2e-3)


def test_a_ratio_less_sure_makes_a_far_threshold_likelier() -> None:
    wide = Coverage(terms=(StudentT(0.75, 0.8, 6.0),))
    sure, unsure = (headline(MADE, ratio, (5e9,))[0].probability for ratio in (RATIO, wide))
    assert unsure > 2 * sure


LAWS = some.builds(
    StateLaw,
    location=some.floats(16, 23),
    noise=some.floats(0.2, 1.5),
    error=some.floats(0, 0.5),
    freedom=some.floats(2.1, 30),
    skew=some.floats(0, 0.5),
)


@given(LAWS, some.floats(-1, 2), some.floats(0.05, 1), some.floats(-0.2, 0.3))
def test_chances_fall_with_the_threshold_and_lie_within_their_interval(
    law: StateLaw, log_ratio: float, spread: float, growth: float
) -> None:
    made = msgspec.structs.replace(MADE, law=law)
    ratio = Coverage(terms=(StudentT(log_ratio, spread, 5.0, growth, 19.5, 0.01),))
    found = headline(made, ratio, HEADLINE_USD)
    chances = [one.probability for one in found]
    assert np.all(np.diff(chances) <= 1e-12)
    assert all(0 <= one.low <= one.probability <= one.high <= 1 for one in found)


def test_a_ratio_that_grows_with_the_total_makes_far_thresholds_likelier_and_near_ones_less() -> None:
    grown = Coverage(terms=(StudentT(0.75, 0.35, 6.0, 0.3, float(np.log(4e8)), 0.0),))
    plain, more = ([one.probability for one in headline(MADE, ratio, HEADLINE_USD)] for ratio in (RATIO, grown))
    assert more[0] < plain[0]
    assert more[-1] > plain[-1]


@given(LAWS)
def test_a_law_in_two_halves_has_its_mean_at_its_location_and_falls_from_one_to_zero(law: StateLaw) -> None:
    law = msgspec.structs.replace(law, freedom=max(law.freedom, 4.0))
    x = law.location + np.linspace(-60.0, 60.0, 60001)
    above = law.survival(x)
    assert above[0] == pytest.approx(1.0, abs=1e-4)
    assert above[-1] == pytest.approx(0.0, abs=1e-4)
    assert np.all(np.diff(above) <= 1e-12)
    middle = (x[1:] + x[:-1]) / 2.0
    assert float(-np.diff(above) @ (middle - law.location)) == pytest.approx(0.0, abs=0.02)


def test_thresholds_of_a_scope_are_what_shares_of_its_past_year_reached() -> None:
    rng = np.random.default_rng(5)
    total = np.concatenate([np.full(400, 9e12), np.exp(rng.normal(17.0, 1.0, 365))])
    for theta, share in zip(own_thresholds(total), OWN_SHARES, strict=True):
        assert (total[-365:] >= theta).mean() == pytest.approx(share, abs=0.01)
    assert own_thresholds(total[:29]) == ()


def test_measured_chances_are_those_of_the_law_with_its_band() -> None:
    one = measured(MADE, [2.5e8])[0]
    assert one.probability == pytest.approx(float(LAW.survival(np.log([2.5e8]))[0]))
    assert (one.low, one.high) == tuple(float(end[0]) for end in MADE.interval([2.5e8]))
    assert MADE.exceedance([0.0, -1.0]).tolist() == [1.0, 1.0]


# -- base rate --------------------------------------------------------------------------------------------------------


def test_a_base_rate_is_the_share_of_the_last_observed_days() -> None:
    total = np.tile([5e9, 1e9, np.nan, 2e9, 0.5e9, np.nan, 1e9], 8)
    assert base_rate(total, None, 1e9) == 0.8
    assert base_rate(total[:14], None, 1e9) is None
    assert base_rate(total, CERTAIN, 0.9e9) == pytest.approx(1.0)
    assert base_rate(total, CERTAIN, 3e9) == pytest.approx(0.4)


@pytest.mark.parametrize("total", [np.array([]), np.full(90, np.nan)])
def test_without_observed_days_there_is_no_base_rate(total: np.ndarray) -> None:
    assert base_rate(total, None, 1e9) is None
    assert base_rate(total, RATIO, 1e9) is None


def test_a_base_rate_of_the_headline_averages_the_chance_of_each_past_day() -> None:
    total = np.exp(np.random.default_rng(2).normal(np.log(4e8), 0.9, 500))
    each = float(RATIO.exceedance(total[-365:], 1e9).mean())
    assert base_rate(total, RATIO, 1e9) == pytest.approx(each, abs=0.005)


def test_only_the_last_year_counts() -> None:
    total = np.concatenate([np.full(500, 9e9), np.full(365, 1e8)])
    assert base_rate(total, None, 1e9) == 0.0
