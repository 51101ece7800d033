"""Flows and rotation: what leads, what is derived, and nothing said of what is not held."""

import math

import polars as pl
import pytest

from bulletin.section_readings import AT, DAY, MIDNIGHT, by_name, is_sound, reading, series, text_of
from runout.bulletin.findings import Finding, Section
from runout.bulletin.readings import Reading
from runout.bulletin.sections import flows, rotation
from runout.bulletin.sections.flows import Flow, Level
from runout.bulletin.sections.track_record import Record

CHANCE = Record(46, 24, 0.50, 0.40, 0.64)
NET = {"spot_net_usd": -278e6, "perpetual_net_usd": -1.48e9, "leverage_share": 0.887}
RANKED = {"leverage_share_percentile": 33.0, "turnover_usd": 15.4e9, "turnover_percentile": 35.0, "ranked_days": 229.0}
NO_HISTORY = pl.DataFrame()


def flow(history: pl.DataFrame = NO_HISTORY, record: Record | None = CHANCE, **values: float) -> Flow:
    both = (series("bars", "binance"), series("taker_flow", "binance"))
    named = Reading(series=both, rows=pl.DataFrame(), scope="BTC, Binance, BTCUSDT")
    records = {"24h": record, "7d": None}
    return Flow(reading=named, time=AT, values=NET | values, records=records, history=history)


def level(**values: float) -> Level:
    return Level(reading=reading("depth", "binance"), time=AT, values=values)


def section(
    one: Flow | None = None, wider: Flow | None = None, depths: dict[str, Level] | None = None,
    basis: Level | None = None, premium: Level | None = None,
) -> Section | None:  # fmt: skip
    return flows.section(one, wider, depths or {}, basis=basis, premium=premium, at=AT)


def first(made: Section | None) -> Finding:
    assert made is not None
    for one in made.findings:
        is_sound(one)
    return made.findings[0]


# -- spot against leverage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spot", "leveraged", "said"),
    [
        (-2.3, -2.7, "Spot and leverage agree: this is no false signal."),
        (-2.3, 2.7, "a so-called false signal."),
        (0.2, 2.7, "a so-called false signal."),
        (2.0, 0.1, "Only spot is unusual: this is no false signal."),
        (0.1, -0.1, "Neither is unusual: there is no signal."),
    ],
)
def test_a_false_signal_is_leverage_without_spot_and_carries_its_record(
    spot: float, leveraged: float, said: str
) -> None:
    found = first(section(flow(spot_score=spot, perpetual_score=leveraged)))
    assert said in found.statement
    assert found.statement.endswith("against 50% at all moments: no more than chance.")
    assert {"record_24h_rate", "record_24h_cases"} <= set(by_name(found))
    assert not any(name.startswith("record_7d") for name in by_name(found))


@pytest.mark.parametrize("scores", [{}, {"spot_score": -2.0}, {"perpetual_score": 3.0}])
def test_with_too_little_history_nothing_is_judged_and_no_record_cited(scores: dict[str, float]) -> None:
    found = first(section(flow(**scores)))
    assert found.statement.endswith("Too little history to judge.")
    assert "bought" not in found.statement


def test_without_a_record_that_is_said() -> None:
    found = first(section(flow(record=None, spot_score=-2.3, perpetual_score=-2.7)))
    assert found.statement.endswith("There is no earlier case to judge this by.")


def test_the_share_of_leverage_is_ranked_among_the_days_held() -> None:
    made = section(flow(**RANKED), flow(leverage_share=0.92, leverage_share_percentile=67.0))
    assert made is not None
    share = made.findings[1]
    assert share.statement == (
        "Leverage made 88.7% of that turnover, the 33rd percentile of the 229 days on record; the turnover itself, "
        "$15.40B, is at the 35th."
    )
    assert "has leverage at 92.0%, the 67th percentile of its own past" in share.caveat
    assert by_name(share)["leverage_share_percentile"].uncertainty == "rank within the 229 days on record, same series"


def test_without_ranks_the_share_stands_alone_and_no_days_are_counted() -> None:
    made = section(flow(ranked_days=0.0), flow())
    assert made is not None
    assert made.findings[1].statement == "Leverage made 88.7% of that turnover."
    assert made.findings[1].caveat == ""
    assert "too few days on record to rank" in text_of(made.findings[1])
    is_sound(made.findings[1])


def test_units_of_flows() -> None:
    made = section(flow(**RANKED))
    assert made is not None
    units = {name: one.unit for finding in made.findings for name, one in by_name(finding).items()}
    assert {name for name, unit in units.items() if unit == "USD"} == {
        "spot_net_usd", "perpetual_net_usd", "turnover_usd"
    }  # fmt: skip
    assert units["leverage_share"] == units["spot_led_share"] == "fraction"
    assert units["spot_to_futures"] == "ratio"


def test_the_chart_sums_whole_days_and_is_left_out_without_history() -> None:
    t = [AT - hours * DAY // 24 for hours in range(48, -1, -4)]
    history = pl.DataFrame({"event_time": t, "spot_net_usd": [1.0] * 13, "perpetual_net_usd": [2.0] * 13})
    made = section(flow(history))
    assert made is not None
    assert [panel.lines[0].values for panel in made.charts[0].panels] == [(1.0, 2.0, 3.0), (2.0, 4.0, 6.0)]
    bare = section(flow())
    assert bare is not None
    assert bare.charts == ()


# -- depth, basis, premium --------------------------------------------------------------------------------------------


def test_depth_alone_makes_the_section_and_says_what_is_missing_of_the_usual() -> None:
    deep = level(depth_usd=504e6, withdrawal=0.06, bid_withdrawal=-0.13, depth_percentile=77.0)
    found = first(section(depths={"perpetual": deep, "spot": level(depth_usd=59.6e6)}))
    assert "$504.0M on the perpetual market (77th percentile, 6% below its 30-day median with bids 13% above)" in (
        found.statement
    )
    assert "$59.6M on the spot market (no rank yet)" in found.statement
    assert by_name(found)["spot_withdrawal"].value is None


def test_basis_and_premium_say_the_side_and_the_rank_where_there_is_one() -> None:
    made = section(basis=level(rate=-0.00041, percentile=61.0, ranked_days=229.0), premium=level(rate=0.00057))
    assert made is not None
    under, over = made.findings
    assert under.statement == (
        "The perpetual traded 0.041% under spot at 18 Aug 12:00 UTC, the 61st percentile of the 229 days on record."
    )
    assert over.statement.endswith("0.057% over its price in USDT on Binance at 18 Aug 12:00 UTC.")
    assert "too few days on record to rank" in text_of(over)
    for one in made.findings:
        is_sound(one)


def test_with_nothing_known_there_is_no_section_on_flows() -> None:
    assert section() is None


# -- rotation ---------------------------------------------------------------------------------------------------------


def days(first_value: float, *changes: float, last: int = MIDNIGHT) -> tuple[Reading, Reading]:
    """Return dominance and price by day up to ``last``; the price rises by 1% a day."""
    share = [first_value + sum(changes[:i]) for i in range(len(changes) + 1)]
    t = [last - DAY * back for back in reversed(range(len(share)))]
    shares = pl.DataFrame({"event_time": t, "known_time": t, "dominance": share})
    closes = pl.DataFrame({"event_time": t, "known_time": t, "close": [1e5 * 1.01**i for i in range(len(t))]})
    return reading("market_caps", rows=shares, note="Another set of coins."), reading("bars", "binance", closes)


def rotated(
    dominance: Reading, price: Reading, *, closes: Reading | None = None, worst_day: int | None = None
) -> Section | None:
    return rotation.section(dominance, price, closes, worst_day=worst_day, at=AT)


def test_dominance_and_the_derived_rest_of_the_market() -> None:
    made = rotated(*days(0.60, -0.01))
    assert made is not None
    level_of, rest = made.findings
    assert "59.00% at the end of 17 Aug, known since 18 Aug 00:00 UTC: −1.00 points on the day" in level_of.statement
    assert "noise" not in level_of.statement, "two days tell nothing of the usual size of a change"
    by_hand = 1.01 * (0.41 / 0.59) / (0.40 / 0.60) - 1
    assert by_name(rest)["total2_return"].value == pytest.approx(by_hand)
    assert rest.inferred
    assert "derived from dominance and price, not observed" in rest.statement
    assert "coins rose" not in rest.statement
    assert "Without a stablecoin share" in rest.caveat
    for one in made.findings:
        is_sound(one)


def test_with_twenty_days_a_change_is_held_against_its_usual_size() -> None:
    swing = [0.004 * (-1) ** i for i in range(24)]
    small, large = rotated(*days(0.58, *swing, 0.001)), rotated(*days(0.58, *swing, 0.02))
    assert small is not None
    assert large is not None
    assert small.findings[0].statement.endswith("That is within noise.")
    assert large.findings[0].statement.endswith("That is beyond one deviation.")


def test_how_many_coins_rose_is_said_where_their_prices_are_held() -> None:
    rows = [(coin, time, time, price) for coin, later in (("BTC", 101.0), ("ETH", 99.0), ("SOL", 102.0))
            for time, price in ((MIDNIGHT - DAY, 100.0), (MIDNIGHT, later))]  # fmt: skip
    closes = pl.DataFrame(rows, schema=["coin", "event_time", "known_time", "close"], orient="row")
    made = rotated(*days(0.60, -0.01), closes=reading("bars", rows=closes))
    assert made is not None
    assert made.findings[1].statement.endswith(" 2 of 3 coins rose.")
    assert by_name(made.findings[1])["rising_share"].value == pytest.approx(2 / 3)


def test_the_worst_day_is_told_apart_where_it_is_not_the_last() -> None:
    both = days(0.60, -0.01, 0.005, 0.002)
    early = rotated(*both, worst_day=MIDNIGHT - 3 * DAY)
    assert early is not None
    assert [one.name for one in early.findings] == ["rotation.dominance", "rotation.total2", "rotation.worst-day"]
    is_sound(early.findings[2])
    for day in (MIDNIGHT - DAY, MIDNIGHT - 30 * DAY, None):
        made = rotated(*both, worst_day=day)
        assert made is not None
        assert len(made.findings) == 2


@pytest.mark.parametrize("lost", [0, 1])
def test_without_two_days_in_a_row_up_to_the_last_there_is_no_section(lost: int) -> None:
    dominance, price = days(0.60, -0.01, 0.002)
    gone = MIDNIGHT - lost * DAY
    short = Reading(series=price.series, rows=price.rows.filter(pl.col("event_time") != gone), scope=price.scope)
    assert rotated(dominance, short) is None


def test_one_day_or_none_makes_no_section() -> None:
    assert rotated(*days(0.60)) is None
    dominance, price = days(0.60, 0.01)
    assert rotated(dominance, Reading(series=price.series, rows=price.rows.clear(), scope="")) is None


def test_the_chart_says_what_is_derived_and_compounds_it() -> None:
    made = rotated(*days(0.60, -0.01, 0.0))
    assert made is not None
    share, rest = made.charts[0].panels
    assert share.unit == "fraction"
    assert "inferred" in rest.title
    whole = next(line for line in rest.lines if line.name == "whole market")
    last = whole.values[-1]
    assert last is not None
    assert math.isclose(last, 1.01**2 * 0.60 / 0.59, rel_tol=1e-9)
