"""Collateral and funding: percentile before level, direction, provider, and what is not held."""

import polars as pl
import pytest

from bulletin.section_readings import AT, DAY, MIDNIGHT, by_name, is_sound, reading, text_of
from runout.bulletin.findings import Finding
from runout.bulletin.readings import Reading
from runout.bulletin.sections import collateral, funding
from runout.bulletin.sections.collateral import Exchange, Ratio
from runout.bulletin.sections.funding import Rate

NO_TIMES = pl.DataFrame(schema={"event_time": pl.Int64, "value": pl.Float64})
RATIO = {"ratio": 0.2022, "ratio_percentile": 90.3, "ratio_change_30d": -0.039, "ratio_change_7d": 0.057}
RATE = {"yearly": 0.0779, "yearly_percentile": 53.9, "week_high_percentile": 91.2, "ranked_days": 278.0}


# -- leverage ratio ---------------------------------------------------------------------------------------------------


def backed(note: str = "Labels are revised.", **values: float) -> Finding:
    return collateral.finding(Ratio(reading=reading("reserves", note=note), time=MIDNIGHT, values=values), AT)


def test_the_leverage_ratio_is_read_by_percentile_and_direction_and_names_its_provider() -> None:
    found = backed(**RATIO)
    assert found.statement == (
        "The estimated leverage ratio (open interest over exchange reserves by test) of 17 Aug is at the 90th "
        "percentile of its past year; it fell by 3.9% over 30 days and rose by 5.7% over seven days."
    )
    assert "Labels are revised." in found.caveat
    assert "variant with stable collateral is missing" in found.caveat
    is_sound(found)


@pytest.mark.parametrize("absent", sorted(RATIO.keys() - {"ratio"}))
def test_what_is_not_known_of_the_ratio_is_left_out(absent: str) -> None:
    found = backed(**{name: value for name, value in RATIO.items() if name != absent})
    assert by_name(found)[absent].value is None
    assert ("percentile" in found.statement) == (absent != "ratio_percentile")
    assert ("30 days" in found.statement) == (absent != "ratio_change_30d")
    assert ("seven days" in found.statement) == (absent != "ratio_change_7d")
    is_sound(found)


def test_a_ratio_without_any_history_is_a_level_alone() -> None:
    assert backed(ratio=0.2022).statement.endswith("of 17 Aug is 0.202.")


def test_with_stablecoins_nothing_is_called_missing() -> None:
    found = backed(**RATIO, stable_ratio=0.11)
    assert "missing" not in found.caveat
    assert by_name(found)["stable_ratio"].value == 0.11


def test_units_of_the_leverage_ratio() -> None:
    assert {name: one.unit for name, one in by_name(backed(**RATIO)).items()} == {
        "ratio": "ratio", "ratio_percentile": "percentile", "ratio_change_30d": "fraction",
        "ratio_change_7d": "fraction", "stable_ratio": "ratio",
    }  # fmt: skip


def test_exchanges_are_listed_by_ratio_with_their_change_where_it_is_known() -> None:
    first = Exchange(venue="okx", interest_base=30.0, reserve_base=100.0, ratio_before=0.4)
    second = Exchange(venue="binance", interest_base=90.0, reserve_base=100.0, ratio_before=None)
    made = collateral.table([first, second], reading("reserves"), MIDNIGHT, AT)
    assert made is not None
    assert [row.label for row in made.rows] == ["Binance", "OKX"]
    assert made.rows[0].values == (90.0, 100.0, 0.9, None)
    assert made.rows[1].values[3] == pytest.approx(-0.25)
    assert made.units == ("coins", "coins", "ratio", "fraction")


def test_without_exchanges_there_is_no_table() -> None:
    assert collateral.table([], reading("reserves"), MIDNIGHT, AT) is None


# -- funding ----------------------------------------------------------------------------------------------------------


def quoted(venue: str, rate: float, *, hours: float = 8.0, time: int = AT) -> Reading:
    rows = pl.DataFrame({"event_time": [time], "rate": [rate], "interval_hours": [hours]})
    return reading("funding", venue, rows)


VENUES = [quoted("binance", -0.0001), quoted("gate", 0.0001), quoted("hyperliquid", 0.00001, hours=1.0)]


def paid(
    venues: list[Reading] | None = None,
    *,
    coin_change_7d: float | None = None,
    rate: float = 7.118e-05,
    **values: float,
) -> Finding:
    weighted = Rate(reading=quoted("all", rate), values=values, coin_change_7d=coin_change_7d)
    return funding.finding(weighted, venues or [], AT)


def test_funding_says_who_pays_how_much_and_how_unusual_that_is() -> None:
    found = paid(**RATE)
    assert found.statement == (
        "Funding, weighted by open interest, was +0.0071% per 8 h at 18 Aug 12:00 UTC: longs pay 7.8% a year, the 54th "
        "percentile of the 278 days on record. That is ordinary."
    )
    is_sound(found)


def test_below_zero_longs_receive() -> None:
    assert "longs receive 7.8% a year" in paid(rate=-7.118e-05, **(RATE | {"yearly": -0.0779})).statement


@pytest.mark.parametrize(
    ("rank", "high", "coins", "expected"),
    [
        (95.0, 95.0, None, "stretched"),
        (40.0, 95.0, 0.05, "exhausted"),
        (40.0, 95.0, -0.05, "ordinary"),
        (40.0, 95.0, None, "ordinary"),
    ],
)
def test_the_state_is_judged_by_rank_and_by_whether_positions_stayed(
    rank: float, high: float, coins: float | None, expected: str
) -> None:
    ranks = {"yearly_percentile": rank, "week_high_percentile": high}
    assert f"That is {expected}" in paid(coin_change_7d=coins, **(RATE | ranks)).statement


def test_without_a_rank_there_is_no_judgement_and_no_count_of_days() -> None:
    found = paid(yearly=0.0779)
    assert found.statement.endswith("longs pay 7.8% a year.")
    assert "too few days on record to rank" in text_of(found)
    is_sound(found)


def test_a_year_of_ranks_is_called_the_past_year() -> None:
    assert "percentile of the past year" in paid(**(RATE | {"ranked_days": 364.8})).statement


def test_without_the_yearly_rate_none_is_made_up() -> None:
    found = paid()
    assert "0.0% a year" not in found.statement
    assert by_name(found)["yearly"].value is None
    is_sound(found)


def test_venues_are_put_on_one_scale_before_they_are_compared() -> None:
    found = paid(VENUES, **RATE)
    assert "Venues run from −11.0% (Binance) to +11.0% (Gate) a year." in found.statement
    assert by_name(found)["dispersion"].uncertainty == "3 venues"
    made = funding.table(VENUES, AT)
    assert made is not None
    assert [row.label for row in made.rows] == ["Gate", "Hyperliquid", "Binance"]
    assert made.rows[1].values == pytest.approx((0.00001, 1.0, 0.0876))


def test_fewer_than_three_venues_are_not_compared() -> None:
    found = paid(VENUES[:2], **RATE)
    assert "Venues run" not in found.statement
    assert by_name(found)["dispersion"].value is None
    assert funding.table(VENUES[:2], AT) is None


def test_of_two_series_of_a_venue_the_newer_counts() -> None:
    late, early = quoted("binance", 0.0002), quoted("binance", 0.0001, time=AT - DAY)
    assert funding.latest_by_venue([early, late]) == funding.latest_by_venue([late, early])
    assert funding.latest_by_venue([early, late])["binance"]["rate"] == 0.0002


def test_the_chart_shows_what_is_known_and_is_left_out_where_nothing_is() -> None:
    some = pl.DataFrame({"event_time": [MIDNIGHT, AT], "value": [50.0, 60.0]})
    made = funding.percentile_chart(NO_TIMES, some, caption="scope")
    assert made is not None
    assert [line.name for line in made.panels[0].lines] == ["funding"]
    assert made.panels[0].unit == "percentile"
    assert funding.percentile_chart(NO_TIMES, NO_TIMES, caption="scope") is None
