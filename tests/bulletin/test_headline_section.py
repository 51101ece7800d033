"""The headline section: an estimate of what aggregators show, with its bounds, from what is measured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bulletin.section_readings import AT, DAY, MIDNIGHT, by_name, is_sound, reading
from runout.bulletin.findings import Finding, Section
from runout.bulletin.sections import headline
from runout.bulletin.sections.headline import Measured, Ratio, bounds

READING = reading("liquidations", "binance")
RATIO = Ratio(low_log=math.log(1.5), median_log=math.log(2.0), high_log=math.log(3.0), events=9)
RECENT = Measured(usd=3e8, long_share=0.75, end=AT)
WORST = Measured(usd=6e8, long_share=0.9, end=MIDNIGHT - 2 * DAY)


Known = tuple[Measured, Ratio]


def section(recent: Known | None = (RECENT, RATIO), worst: Known | None = None) -> Section | None:
    return headline.section(recent=recent, worst_day=worst, reading=READING, at=AT)


def whole(
    recent: tuple[Measured, Ratio] | None = (RECENT, RATIO), worst: tuple[Measured, Ratio] | None = None
) -> Section:
    found = section(recent, worst)
    assert found is not None
    return found


def only(**changes: float) -> Finding:
    values = {"usd": 3e8, "long_share": 0.75, "bridged_share": 0.0, "bridge_log": 0.0} | changes
    return whole((Measured(end=AT, **values), RATIO)).findings[0]


# -- the estimate -----------------------------------------------------------------------------------------------------


def test_the_bounds_are_those_of_the_ratio_where_nothing_was_bridged() -> None:
    assert bounds(RECENT, RATIO) == pytest.approx((4.5e8, 6e8, 9e8))


def test_errors_of_ratio_and_bridge_add_in_quadrature_in_the_logarithm() -> None:
    bridged = Measured(usd=3e8, long_share=0.5, end=AT, bridged_share=0.4, bridge_log=0.3)
    low, middle, high = bounds(bridged, RATIO)
    assert middle == pytest.approx(6e8)
    assert math.log(middle / low) == pytest.approx(math.hypot(math.log(2 / 1.5), 0.3))
    assert math.log(high / middle) == pytest.approx(math.hypot(math.log(1.5), 0.3))


@given(some.floats(1, 1e12), some.floats(0, 2), some.floats(0, 2), some.floats(-1, 3), some.floats(0, 1))
def test_bounds_hold_the_median_and_a_bridge_only_widens_them(
    usd: float, down: float, up: float, median: float, bridge: float
) -> None:
    ratio = Ratio(low_log=median - down, median_log=median, high_log=median + up, events=3)
    plain = bounds(Measured(usd=usd, long_share=0.5, end=AT), ratio)
    wider = bounds(Measured(usd=usd, long_share=0.5, end=AT, bridged_share=0.1, bridge_log=bridge), ratio)
    near = 1 + 1e-9
    assert wider[0] <= plain[0] * near <= plain[1] * near**2 <= plain[2] * near**3
    assert plain[2] <= wider[2] * near


# -- what it says -----------------------------------------------------------------------------------------------------


def test_both_windows_are_said_the_present_one_first_each_with_its_own_ratio() -> None:
    of_days = Ratio(low_log=0.0, median_log=math.log(3.0), high_log=2.0, events=4)
    found = whole((RECENT, RATIO), (WORST, of_days))
    assert [one.name for one in found.findings] == ["liquidations.headline.24h", "liquidations.headline.worst-day"]
    assert found.key == "headline"
    assert [by_name(one)["ratio"].value for one in found.findings] == pytest.approx([2.0, 3.0])
    assert all(one.inferred and one.section == "headline" for one in found.findings)
    for one in found.findings:
        is_sound(one)


def test_the_sentence_has_total_interval_and_share_of_longs() -> None:
    one = only()
    assert one.statement == (
        "In the 24 h to 18 Aug 12:00 UTC aggregators would show about $600.0M (80% interval $450.0M to $900.0M), 75% "
        "of it longs, assuming the same split as on the measured exchanges."
    )
    assert one.caveat.startswith("Inferred from $300.0M measured, by the ratio of 9 published figures")


def test_the_worst_day_is_named_by_the_day_it_covers() -> None:
    found = whole(None, (WORST, RATIO))
    assert found.findings[0].statement.startswith(
        "On 15 Aug, the week's worst day, aggregators would show about $1.20B"
    )
    evidence = found.findings[0].evidence
    assert (evidence.window_start, evidence.window_end) == ("2025-08-15T00:00Z", "2025-08-16T00:00Z")


def test_a_summary_says_which_day_it_is_of() -> None:
    assert (
        whole().summary
        == "About $600.0M in liquidations market-wide in the 24 h to 18 Aug 12:00 UTC (80%: $450.0M to $900.0M), "
        "inferred."
    )
    assert whole(None, (WORST, RATIO)).summary == (
        "About $1.20B in liquidations market-wide on 15 Aug, the week's worst day (80%: $900.0M to $1.80B), inferred."
    )


def test_quantities_have_dollars_with_their_interval_and_the_measured_floor() -> None:
    numbers = by_name(only())
    assert {name: one.unit for name, one in numbers.items()} == {
        "total_usd": "USD", "long_usd": "USD", "measured_usd": "USD", "ratio": "ratio",
    }  # fmt: skip
    total, long, ratio = numbers["total_usd"], numbers["long_usd"], numbers["ratio"]
    assert (total.low, total.value, total.high) == pytest.approx((4.5e8, 6e8, 9e8))
    assert (long.low, long.value, long.high) == pytest.approx((3.375e8, 4.5e8, 6.75e8))
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((1.5, 2.0, 3.0))
    assert (numbers["measured_usd"].value, numbers["measured_usd"].low) == (3e8, None)
    assert "at least" in numbers["measured_usd"].uncertainty


def test_a_day_that_is_not_over_is_said_to_be_partly_estimated_and_is_wider() -> None:
    bridged, over = only(bridged_share=0.37, bridge_log=0.2), only()
    assert "37% of the measured part is itself estimated: the day was not over." in bridged.caveat
    assert "estimated" not in over.caveat
    total, plain = by_name(bridged)["total_usd"], by_name(over)["total_usd"]
    assert total.value == plain.value
    assert (total.low or 0) < (plain.low or 0)


@given(some.floats(1, 1e12), some.floats(0, 1), some.floats(0, 1), some.floats(0, 1))
def test_whatever_was_measured_the_finding_is_whole(usd: float, share: float, bridged: float, error: float) -> None:
    one = only(usd=usd, long_share=share, bridged_share=bridged, bridge_log=error)
    is_sound(one)
    numbers = by_name(one)
    assert (numbers["long_usd"].value or 0) <= (numbers["total_usd"].value or 0) * (1 + 1e-12)


def test_what_can_be_printed_again_is_the_series_that_was_read() -> None:
    told = only().evidence
    assert told.series == ("test/liquidations/BTC/binance",)
    assert told.reproduce.startswith("runout rows test/liquidations/BTC/binance --since 2025-08-17T12:00")
    assert told.reproduce.endswith("--at 2025-08-18T12:00Z")
    assert told.coverage.startswith("all coins and venues, estimated")


def test_without_a_ratio_for_either_window_there_is_no_section() -> None:
    assert section(None, None) is None
