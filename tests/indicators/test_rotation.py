"""Rotation: identities between dominance, TOTAL and TOTAL2, the quadrant by signs, breadth by a plain count."""

from math import exp, log
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.markets import DAY
from indicators.real_tables import closes, daily
from runout.clock import parse_time
from runout.indicators.rotation import breadth, derive_total2, quadrant, rotation

shares = st.floats(0.2, 0.9)
prices = st.floats(1e3, 1e6)


def two_days(before: tuple[float, float], after: tuple[float, float], apart: int = DAY) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "event_time": [DAY, DAY + apart],
            "known_time": [DAY, DAY + apart],
            "dominance": [before[0], after[0]],
            "price": [before[1], after[1]],
        }
    )


@given(shares, prices, shares, prices)
def test_returns_are_those_of_the_capitalisations_themselves(d0: float, p0: float, d1: float, p1: float) -> None:
    supply = 19.9e6
    total = [supply * p / d for d, p in ((d0, p0), (d1, p1))]
    rest = [t - supply * p for t, p in zip(total, (p0, p1), strict=True)]
    found = rotation(two_days((d0, p0), (d1, p1))).row(0, named=True)
    assert found["total_return"] == pytest.approx(total[1] / total[0] - 1, rel=1e-9, abs=1e-9)
    assert found["total2_return"] == pytest.approx(rest[1] / rest[0] - 1, rel=1e-9, abs=1e-9)
    assert found["dominance_growth"] == pytest.approx(d1 / d0 - 1, rel=1e-9, abs=1e-9)


def test_small_moves_obey_the_documented_approximation() -> None:
    found = rotation(two_days((0.58, 100_000.0), (0.5805, 101_000.0))).row(0, named=True)
    bitcoin, rest = log(1.01), log(1 + found["total2_return"])
    assert log(1 + found["dominance_growth"]) == pytest.approx((1 - 0.58) * (bitcoin - rest), rel=0.01)


@pytest.mark.parametrize("after", [(1.0, 1.0), (0.0, 1.0), (0.5, None)])
def test_a_dominance_or_price_that_cannot_be_gives_no_row(after: tuple[float, float]) -> None:
    assert rotation(two_days((0.58, 1.0), after)).is_empty()


def test_a_missing_day_gives_no_row_rather_than_a_change_over_two() -> None:
    assert rotation(two_days((0.58, 1.0), (0.59, 1.0), apart=2 * DAY)).is_empty()


def test_a_row_is_known_when_both_of_its_days_are() -> None:
    rows = two_days((0.58, 1.0), (0.59, 1.0)).with_columns(known_time=pl.Series([9 * DAY, 2 * DAY]))
    assert rotation(rows)["known_time"].to_list() == [9 * DAY]


def test_the_rest_of_the_market_follows_from_dominance() -> None:
    assert derive_total2(0.5, 2e12) == 2e12
    assert derive_total2(0.5862, 2.3e12) == pytest.approx(2.3e12 / 0.5862 - 2.3e12)
    for impossible in (0.0, 1.0, 58.62):
        with pytest.raises(ValueError, match="dominance inside 0 and 1"):
            derive_total2(impossible, 1.0)


@pytest.mark.parametrize(
    ("dominance", "total", "where"),
    [
        (0.01, 0.02, "risk-on, Bitcoin leads"),
        (-0.01, 0.02, "risk-on, altcoins lead"),
        (0.01, -0.02, "flight to Bitcoin"),
        (-0.01, -0.02, "flight to cash"),
        (None, 0.1, "unknown"),
        (0.1, None, "unknown"),
    ],
)
def test_quadrants_are_read_from_signs(dominance: float | None, total: float | None, where: str) -> None:
    assert quadrant(dominance, total) == where


def test_breadth_counts_coins_observed_at_both_ends_and_is_known_when_both_are() -> None:
    rows = pl.DataFrame(
        [
            ("A", DAY, 30 * DAY, 1.0), ("B", DAY, DAY, 1.0), ("C", DAY, DAY, None),
            ("A", 2 * DAY, 2 * DAY, 2.0), ("B", 2 * DAY, 2 * DAY, 1.0), ("C", 2 * DAY, 2 * DAY, 5.0),
            ("D", 2 * DAY, 2 * DAY, 1.0),
        ],
        schema=["coin", "event_time", "known_time", "close"], orient="row",
    )  # fmt: skip
    assert breadth(rows, DAY).rows() == [(2 * DAY, 30 * DAY, 0.5, 2)]


@pytest.mark.real
def test_dominance_rose_from_58_62_to_58_98_percent_on_18_august_2025_and_the_rest_lost_2_5_percent(
    real_data: Path,
) -> None:
    rows = daily(real_data, "btc_dominance", "dominance").with_columns(pl.col("dominance") / 100)
    rows = rows.join(closes(real_data, DAY), on="event_time")
    at = parse_time("2025-08-19")
    found = rotation(rows).filter(pl.col("event_time") == at).row(0, named=True)
    assert found["dominance"] == pytest.approx(0.5898)
    assert found["dominance_change"] == pytest.approx(0.5898 - 0.5862)
    assert found["known_time"] == at
    before, after = (rows.filter(pl.col("event_time") == time)["price"][0] for time in (at - DAY, at))
    by_hand = exp(log(after / before) + log((1 - 0.5898) / 0.5898) - log((1 - 0.5862) / 0.5862)) - 1
    assert found["total2_return"] == pytest.approx(by_hand)
    assert by_hand == pytest.approx(-0.0246, abs=5e-5)
    assert quadrant(found["dominance_growth"], found["total_return"]) == "flight to Bitcoin"
