"""How right a slide was: draws, the map without feedback, the regression, error factors and their summary."""

import numpy as np
import pytest

from runout.cascade.depth import Band, depth
from runout.cascade.ladder import ladder_from_prices
from runout.cascade.market import Market, Venue, coin_market, market
from runout.cascade.shock import Move
from runout.cascade.simulation import simulate
from runout.errors import NotEnoughDataError
from studies.cascade.scores import (
    at_factor,
    band_of,
    central_usd,
    drawn,
    error_factor,
    line,
    moves,
    on_the_way,
    summary,
)

FACTOR = Band(1.25, 2.0, 3.3)


def _market(book_usd: float = 1e9, band: tuple[float, float] = (1.0, 1.0)) -> Market:
    edges = np.linspace(80_000.0, 120_000.0, 401)
    reported = np.full(400, 1e6)
    levels = ladder_from_prices(
        "BTC", 100_000.0, edges, long_usd=reported * FACTOR.value, short_usd=reported * FACTOR.value,
        band=(band[0] * FACTOR.low / FACTOR.value, band[1] * FACTOR.high / FACTOR.value),
    )  # fmt: skip
    book = depth(book_usd, definition="a test", half_life_seconds=30.0)
    return market(coin_market(levels, (Venue(name="one", depth=book),)))


def test_a_known_factor_leaves_the_band_of_the_map() -> None:
    whole = at_factor(_market(band=(0.5, 3.0)), 1.25, FACTOR)
    side = whole.coins[0].ladder.long
    assert side is not None
    assert side.usd.sum() == pytest.approx(200e6 * 1.25)
    assert side.low_usd.sum() == pytest.approx(200e6 * 1.25 * 0.5)
    assert side.high_usd.sum() == pytest.approx(200e6 * 1.25 * 3.0)


@pytest.mark.parametrize("direction", ["down", "up"])
def test_without_feedback_draws_are_the_map_and_reports_have_no_factor(direction: str) -> None:
    side = "down" if direction == "down" else "up"
    whole = _market(book_usd=1e15)
    found = drawn(whole, moves(np.full(400, 0.05), side), side, FACTOR, np.random.default_rng(1))
    alone = on_the_way(whole.coins[0].ladder.side(side), 0.05)
    np.testing.assert_allclose(found.reported_usd, alone.value / FACTOR.value, rtol=0.03)
    assert band_of(found.forced_usd).low == pytest.approx(alone.low, rel=0.25)
    assert band_of(found.forced_usd).high == pytest.approx(alone.high, rel=0.25)
    assert found.beyond == 0.0


def test_one_step_at_the_centre_is_the_static_solution() -> None:
    whole = _market(book_usd=400e6)
    slide = simulate(whole, Move(-0.04)).value
    assert central_usd(whole, moves([slide.shock_distance], "down"), "down") == pytest.approx(slide.liquidated_usd)


def test_feedback_adds_and_refilling_takes_away() -> None:
    whole = _market(book_usd=150e6)
    once = central_usd(whole, moves([0.04], "down"), "down")
    slowly = central_usd(whole, -np.linspace(0.0, 0.04, 240), "down")
    alone = on_the_way(whole.coins[0].ladder.long, 0.04).value
    assert alone <= slowly < once


def test_beyond_the_map_is_counted() -> None:
    found = drawn(_market(), moves(np.full(16, 0.9), "down"), "down", FACTOR, np.random.default_rng(1))
    assert found.beyond == 1.0


def test_no_map_of_a_side_has_nothing_on_the_way() -> None:
    assert on_the_way(None, 0.1) == Band(0.0, 0.0, 0.0)


def test_the_line_finds_its_slope_and_band() -> None:
    rng = np.random.default_rng(3)
    fall = np.exp(rng.normal(-3.5, 0.6, 4000))
    usd = np.exp(20.0 + 1.5 * np.log(fall) + 0.4 * rng.standard_normal(4000))
    usd[:5] = 0.0
    fitted = line(np.log(fall)[:, np.newaxis], usd)
    assert fitted.coefficients[1] == pytest.approx(1.5, abs=0.05)
    band = fitted.band([np.log(0.05)])
    assert np.log(band.high / band.value) == pytest.approx(0.4 * 1.645, rel=0.05)


def test_too_few_cases_for_a_line_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="at least 5 cases"):
        line([[1.0], [2.0], [3.0]], [1.0, 2.0, 3.0])


def test_error_factors_are_symmetric() -> None:
    assert error_factor([2.0, 50.0, 0.0], [1.0, 100.0, 5.0]).tolist() == [2.0, 2.0, np.inf]


def test_a_summary_counts_the_band_and_the_median() -> None:
    bands = [Band(1.0, 2.0, 4.0), Band(10.0, 20.0, 40.0), Band(0.0, 1.0, 2.0)]
    found = summary(bands, [4.0, 10.0, 8.0], np.random.default_rng(1))
    assert (found.cases, found.error, found.ratio) == (3, 2.0, 0.5)
    assert found.inside.frequency == pytest.approx(2 / 3)
    assert found.error_low <= found.error <= found.error_high
    with pytest.raises(NotEnoughDataError):
        summary([], [], np.random.default_rng(1))
