"""Open interest against price: in coins, by a plain loop, and the real week to 18 August 2025."""

from math import exp, log
from pathlib import Path

import polars as pl
import pytest

from indicators import real_tables
from indicators.markets import DAY, interest
from runout.clock import parse_time
from runout.indicators.divergence import WINDOWS, divergence, quadrant


def plain(rows: pl.DataFrame, window: int, at: int) -> tuple[float, float, float, float]:
    """Return both changes and both scores at a time, one row after another."""
    values = {t: (p, o / p) for t, p, o in rows.select("event_time", "price", "open_interest_usd").iter_rows()}
    found: list[float] = []
    scores: list[float] = []
    for which in (0, 1):
        steps = {t: log(v[which] / values[t - window][which]) for t, v in values.items() if t - window in values}
        past = [step for t, step in steps.items() if at - 365 * DAY < t <= at]
        mean = sum(past) / len(past)
        deviation = (sum((step - mean) ** 2 for step in past) / (len(past) - 1)) ** 0.5
        found.append(exp(steps[at]) - 1)
        scores.append(steps[at] / deviation)
    return found[0], found[1], scores[0], scores[1]


@pytest.mark.parametrize("label", WINDOWS)
def test_changes_and_scores_are_those_of_a_plain_loop(label: str) -> None:
    rows, window = interest(420, 3), WINDOWS[label]
    found = divergence(rows, window)
    for i in (1000, 2519):
        row = found.row(i, named=True)
        price, coins, price_score, coin_score = plain(rows.head(i + 1), window, rows["event_time"][i])
        assert row["price_change"] == pytest.approx(price)
        assert row["coin_change"] == pytest.approx(coins)
        assert row["price_score"] == pytest.approx(price_score)
        assert row["coin_score"] == pytest.approx(coin_score)
        assert row["divergence"] == pytest.approx(price_score - coin_score)


def test_dollars_that_move_with_the_price_alone_are_no_change_of_open_interest() -> None:
    rows = interest(100, 1).with_columns(open_interest_usd=7e5 * pl.col("price"))
    found = divergence(rows, DAY)["coin_change"].drop_nulls()
    assert found.abs().max() < 1e-9


def test_scores_need_sixty_days_of_changes() -> None:
    found = divergence(interest(80, 1), 7 * DAY)
    assert found["price_change"].null_count() == 7 * 6
    scored = found.filter(pl.col("price_score").is_not_null())["event_time"]
    assert scored.min() == 66 * DAY + DAY // 6


@pytest.mark.parametrize(
    ("price", "coins", "where"),
    [
        (0.01, 0.01, "new leverage into a rise"),
        (-0.01, 0.01, "new leverage into a fall"),
        (0.01, -0.01, "positions close into a rise"),
        (-0.01, -0.01, "deleveraging"),
        (None, 0.0, "unknown"),
        (0.0, None, "unknown"),
    ],
)
def test_quadrants_are_read_from_signs_and_name_no_side(price: float | None, coins: float | None, where: str) -> None:
    assert quadrant(price, coins) == where
    assert "long" not in where
    assert "short" not in where


@pytest.mark.real
def test_in_the_week_to_18_august_2025_the_price_fell_and_coins_were_added(real_data: Path) -> None:
    rows, at = real_tables.interest(real_data), parse_time("2025-08-18T12:00Z")
    found = divergence(rows, 7 * DAY).filter(pl.col("event_time") == at).row(0, named=True)
    ends = [rows.filter(pl.col("event_time") == time).row(0, named=True) for time in (at - 7 * DAY, at)]
    coins = [end["open_interest_usd"] / end["price"] for end in ends]
    assert found["price_change"] == pytest.approx(ends[1]["price"] / ends[0]["price"] - 1)
    assert found["coin_change"] == pytest.approx(coins[1] / coins[0] - 1)
    assert found["price_change"] == pytest.approx(-0.0468, abs=5e-5)
    assert found["coin_change"] == pytest.approx(0.0530, abs=5e-5)
    _, _, price_score, coin_score = plain(rows.filter(pl.col("event_time") <= at), 7 * DAY, at)
    assert found["divergence"] == pytest.approx(price_score - coin_score)
    assert quadrant(found["price_change"], found["coin_change"]) == "new leverage into a fall"
