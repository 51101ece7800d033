"""Cycles: divergence, deleveraging and peaks, with what is missing left out and each verdict beside its record."""

import pytest

from bulletin.section_readings import AT, DAY, MIDNIGHT, by_name, is_sound, reading
from runout.bulletin.findings import Finding, Section
from runout.bulletin.sections import cycles, deleveraging, peaks
from runout.bulletin.sections.cycles import Divergence
from runout.bulletin.sections.deleveraging import Scope, State24h
from runout.bulletin.sections.peaks import Now, PeakRow
from runout.bulletin.sections.track_record import Record

WHOLE = reading("open_interest")
CHANCE, BETTER = Record(132, 35, 0.30, 0.21, 0.33), Record(132, 70, 0.30, 0.46, 0.60)


# -- divergence -------------------------------------------------------------------------------------------------------


def moved(price: float, coins: float, *, apart: float | None = None, record: Record | None = None) -> Divergence:
    values = {"price_change": price, "coin_change": coins} | ({} if apart is None else {"divergence": apart})
    return Divergence(values=values, record=record)


def section(findings: tuple[Finding, ...] = (), **divergences: Divergence) -> Section | None:
    named = {{"day": "1d", "week": "7d", "month": "30d"}[name]: one for name, one in divergences.items()}
    return cycles.section(named, WHOLE, AT, findings=findings, tables=(), charts=(), at=AT)


def week_alone(one: Divergence) -> Finding:
    made = section(week=one)
    assert made is not None
    return made.findings[0]


@pytest.mark.parametrize(
    ("price", "coins", "word"),
    [
        (-0.05, 0.05, "new leverage into a fall"),
        (0.05, 0.05, "new leverage into a rise"),
        (-0.05, -0.05, "deleveraging"),
        (0.05, -0.05, "positions close into a rise"),
    ],
)
def test_price_and_coins_over_the_week_are_named_by_their_signs(price: float, coins: float, word: str) -> None:
    found = week_alone(moved(price, coins, apart=-2.1))
    assert f"2.1 deviations apart: {word}." in found.statement
    assert found.inferred
    is_sound(found)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, "There is no earlier case to judge this by."),
        (CHANCE, "no more than chance."),
        (BETTER, "more often than by chance."),
    ],
)
def test_a_divergence_carries_what_it_has_been_worth(record: Record | None, said: str) -> None:
    found = week_alone(moved(-0.05, 0.05, record=record))
    assert found.statement.endswith(said)
    assert ("record_rate" in by_name(found)) == (record is not None)


def test_without_a_score_none_is_said() -> None:
    found = week_alone(moved(-0.05, 0.05))
    assert "deviations" not in found.statement
    assert by_name(found)["divergence_7d"].value is None


def test_without_a_week_there_is_no_such_finding_but_the_table_stays() -> None:
    other = peaks.recent([PeakRow(time=AT - 20 * DAY, price=1e5, interest_usd=8e10)], WHOLE, AT)[0]
    made = section((other,), day=moved(-0.01, 0.01), month=moved(0.02, -0.01, record=CHANCE))
    assert made is not None
    assert [one.name for one in made.findings] == [other.name]
    assert made.summary == other.statement
    rows = made.tables[0].rows
    assert [row.label for row in rows] == ["1 day: new leverage into a fall", "30 days: positions close into a rise"]
    assert rows[0].values == (-0.01, 0.01, None, None, None, None)
    assert rows[1].values[3:] == (35 / 132, 0.30, 132.0)


def test_with_nothing_known_there_is_no_section() -> None:
    assert section() is None
    assert section(day=moved(0.0, 0.0)) is None


# -- deleveraging -----------------------------------------------------------------------------------------------------


def state(
    change: float = -20_000.0, noise: float | None = 10_000.0, *, core: Scope | None = None,
    by_venue: dict[str, float] | None = None, forced: float | None = 95.0, paid: float | None = 50.0,
    record: Record | None = CHANCE,
) -> Finding:  # fmt: skip
    now = State24h(
        reading=WHOLE, time=AT, whole=Scope(change_base=change, noise_base=noise), core=core, by_venue=by_venue or {},
        liquidation_percentile=forced, funding_percentile=paid, records={"24h": None, "7d": record},
    )  # fmt: skip
    return deleveraging.finding(now, AT)


@pytest.mark.parametrize(
    ("change", "forced", "paid", "said"),
    [
        (-20_000.0, 95.0, 50.0, "deleveraging is under way"),
        (-20_000.0, 50.0, 20.0, "deleveraging is under way"),
        (-20_000.0, 50.0, 50.0, "neither deleveraging nor a build-up beyond noise"),
        (-9_000.0, 95.0, 20.0, "neither deleveraging nor a build-up beyond noise"),
        (20_000.0, 95.0, 20.0, "leverage is still being built"),
        (-20_000.0, None, None, "neither deleveraging nor a build-up beyond noise"),
    ],
)
def test_deleveraging_is_a_fall_beyond_noise_with_liquidations_or_cheap_funding(
    change: float, forced: float | None, paid: float | None, said: str
) -> None:
    found = state(change, forced=forced, paid=paid)
    assert found.statement.startswith(f"On all venues {said}: {'−' if change < 0 else '+'}")
    assert "no more than chance" in found.statement
    is_sound(found)


@pytest.mark.parametrize("noise", [None, 0.0])
def test_without_noise_nothing_is_judged_and_no_record_cited(noise: float | None) -> None:
    found = state(noise=noise)
    assert "too little is known to say" in found.statement
    assert "deviations" not in found.statement
    assert "earlier" not in found.statement
    is_sound(found)


def test_without_a_record_that_is_said() -> None:
    assert state(record=None).statement.endswith("There is no earlier case to judge this by.")


def test_venues_that_pass_the_tests_are_told_apart_where_they_say_otherwise() -> None:
    apart = state(core=Scope(change_base=500.0, noise_base=9_000.0, venues=15)).statement
    assert "on the 15 venues whose figures pass the tests neither deleveraging nor a build-up" in apart
    alike = state(core=Scope(change_base=-15_000.0, noise_base=9_000.0, venues=15)).statement
    assert "on the 15 venues whose figures pass the tests the same: −15,000 BTC, −1.7 deviations" in alike


def test_the_venue_on_which_the_sign_hangs_is_named() -> None:
    hanging = state(by_venue={"bingx": -25_000.0, "okx": 3_000.0, "binance": 2_000.0})
    assert "The sign depends on BingX alone." in hanging.statement
    assert by_name(hanging)["most_without_one"].value == 5_000.0
    assert "Leaving out any one venue keeps the sign." in state(by_venue={"okx": -9.0, "bybit": -8.0}).statement
    assert "sign" not in state().statement


def test_units_of_deleveraging_are_coins_and_percentiles() -> None:
    found = by_name(state(core=Scope(change_base=1.0, noise_base=None, venues=3), by_venue={"okx": 1.0}))
    units = {name: one.unit for name, one in found.items() if not name.startswith("record")}
    assert set(units.values()) == {"coins", "percentile"}
    assert units["liquidation_percentile"] == units["funding_percentile"] == "percentile"
    assert found["core_noise_base"].value is None


def test_groups_of_venues_are_charted_in_dollars_and_in_coins() -> None:
    made = deleveraging.venue_chart([("core", [AT], [8e10], [7e5])], WHOLE)
    assert [panel.unit for panel in made.panels] == ["USD", "coins"]
    assert "inferred" in made.caption


# -- peaks ------------------------------------------------------------------------------------------------------------

PEAK = PeakRow(
    time=MIDNIGHT - 80 * DAY, price=111_756.0, interest_usd=81.33e9, coins_at_confirmation=-0.05, low_2d_usd=76.52e9,
    low_2d_price=107_272.0, low_2d_time=float(MIDNIGHT - 78 * DAY), price_after_7d=-0.04,
    coins_after_7d=0.01, lag_days=2.0,
)  # fmt: skip
BARE = PeakRow(time=MIDNIGHT - 20 * DAY, price=122_731.0, interest_usd=89.4e9)
WITHDRAWN = PeakRow(time=MIDNIGHT - 40 * DAY, price=1.0, interest_usd=1.0, coins_at_confirmation=0.02, withdrawn=True)
OLD = PeakRow(time=MIDNIGHT - 400 * DAY, price=70_000.0, interest_usd=4e10, coins_at_confirmation=0.01)
ALL = [OLD, PEAK, WITHDRAWN, BARE]


def test_recent_peaks_are_told_newest_first_without_old_and_withdrawn_ones() -> None:
    found = peaks.recent(ALL, WHOLE, AT)
    assert [one.name for one in found] == ["cycles.peak.2025-07-29", "cycles.peak.2025-05-30"]
    for one in found:
        assert "a few exchanges with inconsistent data" in one.caveat
        is_sound(one)


def test_what_followed_a_peak_is_left_out_until_it_is_known() -> None:
    bare, whole = peaks.recent(ALL, WHOLE, AT)
    assert "within two days" not in bare.statement
    assert by_name(bare)["low_2d_usd"].value is None
    assert "within two days it was down to $76.52B, with the price at $107,272" in whole.statement
    assert {name: one.unit for name, one in by_name(whole).items()} == {
        "interest_usd": "USD", "price": "USD per coin", "low_2d_usd": "USD", "low_2d_price": "USD per coin",
        "coins_at_confirmation": "fraction",
    }  # fmt: skip


def test_the_pattern_counts_withdrawn_peaks_too() -> None:
    found = peaks.pattern(ALL, None, WHOLE, AT)[0]
    assert found.statement.startswith("At 1 of 3 price peaks since 14 Jul 2024 coin open interest was lower")
    assert "median change +1.0%" in found.statement
    assert "Since the close" not in found.statement
    is_sound(found)


def test_the_pattern_ends_with_what_happened_since_the_last_high() -> None:
    now = Now(peak_time=MIDNIGHT - 4 * DAY, peak_price=123_405.0, price_change=-0.069, coins_change=0.052)
    found = peaks.pattern(ALL, now, WHOLE, AT)[0]
    assert found.statement.endswith("price changed by −6.9% and coin open interest by +5.2%.")
    is_sound(found)


def test_without_a_confirmed_peak_there_is_no_pattern_and_no_table() -> None:
    assert peaks.pattern([BARE], None, WHOLE, AT) == []
    assert peaks.pattern([], None, WHOLE, AT) == []
    assert peaks.recent([], WHOLE, AT) == []
    assert peaks.table([WITHDRAWN], WHOLE) is None


def test_the_table_lists_standing_peaks_with_gaps_where_nothing_is_known() -> None:
    made = peaks.table(ALL, WHOLE)
    assert made is not None
    assert made.title.startswith("Price peaks and open interest, the last 3 of 3")
    assert made.rows[0].values == (122_731.0, 89.4e9, None, None, None, None)
    assert made.rows[1].values == (111_756.0, 81.33e9, 48.0, -0.05, -0.04, 0.01)
    assert made.units == ("USD per coin", "USD", "hours", "fraction", "fraction", "fraction")
    assert len(made.columns) == len(made.units) == len(made.signed) == len(made.rows[0].values)
