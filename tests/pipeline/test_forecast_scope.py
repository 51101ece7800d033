"""Which totals serve whom: the fresh before the wide, finer ones summed, the past continued, refusals with names."""

from pathlib import Path

import msgspec
import numpy as np
import polars as pl
import pytest

from forecast.histories import DAY, START
from pipeline.daily_lakes import FINE_COINS, FINE_FROM, FINE_TO, FOUR_HOURS, add_fine, daily_lake
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.forecast_history import latest_origin, read_past
from runout.pipeline.forecasts import issue_forecast

WIDE_DAYS = 150
WIDE_END, FINE_END = START + WIDE_DAYS * DAY, START + FINE_TO * DAY


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = daily_lake(tmp_path_factory.mktemp("scopes") / "lake", days=WIDE_DAYS)
    add_fine(made)
    return made


def serving(lake: Lake, at: int) -> str:
    group = read_past(lake, at).group
    return "" if group is None else group.series[0].provider


def test_while_both_go_on_the_wider_totals_serve(lake: Lake) -> None:
    assert serving(lake, WIDE_END) == "test"


def test_wide_totals_that_ended_do_not_stand_before_narrower_ones_that_go_on(lake: Lake) -> None:
    assert serving(lake, WIDE_END + 10 * DAY) == "fine"
    made = issue_forecast(lake, "BTC", WIDE_END + 10 * DAY, moves=())
    assert made.windows[0].level is not None
    assert made.windows[0].lead == 1
    assert any("Wider totals, 7 coins" in note and "ended 2021-05-30" in note for note in made.notes)
    assert any("divided by" in note and "the ratio of 50 later days" in note for note in made.notes)
    assert made.totals == tuple(f"fine/liquidations/{coin}/binance/4h" for coin in FINE_COINS)


def test_days_before_the_serving_totals_are_the_other_ones_over_their_ratio(lake: Lake) -> None:
    past = read_past(lake, WIDE_END + 10 * DAY)
    wide = read_past(lake, WIDE_END, coins=None)
    day = START + 50 * DAY
    mine, other = (one.history.total_usd[one.history.day == day][0] for one in (past, wide))
    both = np.isin(wide.history.day, past.history.day[past.history.day >= START + FINE_FROM * DAY])
    shared = np.isin(past.history.day, wide.history.day[both])
    ratio = np.median(past.history.total_usd[shared] / wide.history.total_usd[both])
    assert mine / other == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("hour", [0, 4, 12, 20])
def test_a_window_is_the_sum_of_its_intervals_at_every_hour(lake: Lake, hour: int) -> None:
    origin = START + 170 * DAY + hour * DAY // 24
    past = read_past(lake, origin + DAY // 24, origin=origin)
    rows = lake.scan("liquidations").filter(
        pl.col("series").str.starts_with("fine"), pl.col("event_time") > origin - DAY, pl.col("event_time") <= origin
    )
    assert past.history.total_usd[-1] == pytest.approx(rows.collect()["value_usd"].sum())
    assert int(past.history.day[-1]) == origin - DAY


def test_a_window_that_lacks_an_interval_has_no_total(lake: Lake, tmp_path: Path) -> None:
    at = START + 170 * DAY
    gone = lake.copy_as_of(at, tmp_path / "gone")
    rows = gone.scan("liquidations").filter(pl.col("event_time") != at - 2 * FOUR_HOURS).collect()
    short = Lake(tmp_path / "short")
    short.register(gone.series())
    for kind in ("bars", "open_interest"):
        short.append(kind, gone.scan(kind).collect())
    short.append("liquidations", rows)
    past = read_past(short, at)
    assert np.isnan(past.history.total_usd[-1])
    assert np.isfinite(past.history.close[-1]).all()
    assert past.totals_through == at - DAY


@pytest.mark.parametrize("minutes", [0, 1, 239, 240, 13 * 60 + 37])
def test_the_next_24_h_begin_where_the_last_interval_known_ends(lake: Lake, minutes: int) -> None:
    at = START + 170 * DAY + minutes * 60 * 10**9
    origin = latest_origin(lake, at)
    assert origin == at // FOUR_HOURS * FOUR_HOURS
    following = issue_forecast(lake, "BTC", at, moves=()).next_24h
    assert following is not None
    assert (following.start, following.end) == (origin, origin + DAY)


def test_nothing_known_later_moves_the_next_24_h_at_any_hour(lake: Lake, tmp_path: Path) -> None:
    for number, at in enumerate((START + 165 * DAY + 5 * FOUR_HOURS // 2, START + 171 * DAY + 7 * DAY // 24)):
        cut = lake.copy_as_of(at, tmp_path / f"cut{number}")
        later = [msgspec.json.encode(issue_forecast(one, "BTC", at, moves=())) for one in (lake, cut)]
        assert later[0] == later[1]


def test_totals_of_whole_days_answer_whole_days_only(tmp_path: Path) -> None:
    daily = daily_lake(tmp_path / "daily", days=60, coins=FINE_COINS)
    noon = START + 60 * DAY + DAY // 2
    assert latest_origin(daily, noon) is None
    assert issue_forecast(daily, "BTC", noon, moves=()).next_24h is None


def test_totals_that_ended_serve_with_their_age_and_at_last_are_refused_by_name(lake: Lake) -> None:
    made = issue_forecast(lake, "BTC", FINE_END + 10 * DAY, moves=())
    assert made.windows[0].lead == 11
    assert "displacement" in made.windows[0].missing
    assert any("ended 10 days before: little more than the base rate" in note for note in made.notes)
    with pytest.raises(NotEnoughDataError, match=r"fine/liquidations/BTC/binance/4h of 2 coins, by 4h, to 2021-07-0"):
        issue_forecast(lake, "BTC", FINE_END + 60 * DAY, moves=())


def test_thirty_days_of_prices_give_a_level_and_own_totals_narrow_it(lake: Lake, tmp_path: Path) -> None:
    at = START + 170 * DAY
    month = Lake(tmp_path / "month")
    month.register([one for one in lake.series() if one.provider == "fine"])
    recent = pl.col("event_time").is_between(at - 30 * DAY, at) & pl.col("series").str.starts_with("fine")
    for kind in ("bars", "open_interest"):
        month.append(kind, lake.scan(kind).filter(recent).collect())
    alone = issue_forecast(month, "BTC", at, moves=())
    month.append("liquidations", lake.scan("liquidations").filter(recent).collect())
    measured = issue_forecast(month, "BTC", at, moves=())
    assert alone.windows[0].level is not None
    assert "expected from prices and open interest of BTC ETH" in alone.scope
    spread = [one.windows[0].headline[0] for one in (alone, measured)]
    assert spread[0].high / spread[0].low > 2 * spread[1].high / spread[1].low
