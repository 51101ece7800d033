"""The danger section: what it claims, from which numbers, and what it says where it cannot claim."""

import math
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bulletin.section_readings import AT, DAY, MIDNIGHT, by_name, is_sound
from forecast.made_up import CHANCES, chance, conditional, made_up
from runout.bulletin.assemble import assemble
from runout.bulletin.findings import Finding, Section
from runout.bulletin.sections import danger
from runout.bulletin.sections.danger import Outcome, PastDay
from runout.clock import parse_time
from runout.forecast.danger import DangerLevel, danger_level
from runout.forecast.problems import RULES, Diagnosis, Problem
from runout.forecast.record import Forecast
from runout.forecast.targets import HEADLINE_USD
from runout.pipeline.bulletin_inputs.danger import replayed_days
from runout.render.markdown import render
from runout.scores import wilson_interval

ISSUED = made_up(MIDNIGHT)
NAMES = ["danger.level", "danger.problem", "danger.if.falls.0.03", "danger.if.falls.0.05", "danger.falsification"]


def section(
    forecast: Forecast = ISSUED,
    outcomes: tuple[Outcome, ...] = (),
    *,
    synthetic: bool = False,
    replayed: list[PastDay] | None = None,
) -> Section:
    return danger.section(forecast, outcomes, synthetic=synthetic, at=AT, replayed=replayed or [])


def named(found: Section) -> dict[str, Finding]:
    return {one.name: one for one in found.findings}


def outcomes(count: int, waves: int, *, level: int = 3, live: int = 0) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(level=level, probability=0.08, estimated_usd=1e9 if i < waves else 9.99e8, live=i < live)
        for i in range(count)
    )


def at_danger(probability: float) -> Forecast:
    """Return a forecast with this chance of the danger threshold."""
    first = ISSUED.windows[0]
    chances = tuple(chance(one.theta_usd, probability if one.theta_usd == 1e9 else 0.5) for one in first.headline)
    windows = (msgspec.structs.replace(first, headline=chances, level=danger_level(probability)), ISSUED.windows[1])
    return msgspec.structs.replace(ISSUED, windows=windows)


# -- what it says -----------------------------------------------------------------------------------------------------


def test_findings_stand_in_the_order_of_their_weight_and_all_are_called_inferred() -> None:
    found = section(outcomes=outcomes(40, 3))
    assert [one.name for one in found.findings] == [*NAMES[:-1], "danger.record", NAMES[-1]]
    assert {one.section for one in found.findings} == {found.key} == {"danger"}
    assert all(one.inferred for one in found.findings)
    for one in found.findings:
        is_sound(one)


def test_the_level_comes_with_its_word_chance_day_and_base_rate() -> None:
    found = section()
    assert found.summary == named(found)["danger.level"].statement
    assert found.summary == (
        "Danger level 3 (considerable), set 18 Aug 00:00 UTC: 8.4% chance of at least $1.00B in liquidations on 18 Aug "
        "(UTC, all coins and exchanges), compared with 5.3% of days in the past year."
    )


def test_each_threshold_has_its_chance_and_interval_as_fractions() -> None:
    numbers = by_name(named(section())["danger.level"])
    assert list(numbers) == [
        "danger_level", "probability_0.25b", "probability_0.5b", "probability_1b", "probability_2b", "probability_5b",
        "base_rate",
    ]  # fmt: skip
    assert (numbers["danger_level"].value, numbers["danger_level"].unit) == (3.0, "level")
    for name, probability in zip(list(numbers)[1:6], CHANCES, strict=True):
        one = numbers[name]
        assert (one.value, one.unit, one.uncertainty) == (
            probability,
            "fraction",
            "90% interval of parameters and level",
        )
        assert (one.low, one.high) == pytest.approx((probability * 0.8, probability * 1.25))
    assert (numbers["base_rate"].value, numbers["base_rate"].low) == (0.053, None)


@given(some.floats(0, 1))
def test_level_word_and_chance_agree_whatever_the_chance(probability: float) -> None:
    one = named(section(at_danger(probability)))["danger.level"]
    level = danger_level(probability)
    assert by_name(one)["danger_level"].value == int(level)
    assert one.statement.startswith(f"Danger level {int(level)} ({level.word}), set ")
    assert f": {probability * 100:.1f}% chance" in one.statement


def test_the_evidence_names_scope_data_and_the_command_that_makes_it_again() -> None:
    for one in section().findings:
        told = one.evidence
        assert (told.scope, told.series) == ("seven coins, three venues", ("ledger",))
        assert told.source == "forecast pool, data through 18 Aug 2025 00:00 UTC"
        assert (told.window_start, told.window_end) == ("2025-08-18T00:00Z", "2025-08-19T00:00Z")
        assert told.reproduce == "runout forecast BTC --at 2025-08-18T00:00Z"
        assert "7 published figures" in told.coverage


def test_the_problem_type_is_said_with_the_rule_that_decided() -> None:
    one = named(section())["danger.problem"]
    assert one.statement == "Main weakness: long overhang (longs pay)."
    assert by_name(one)["funding_3d"].value == 0.0002
    assert "danger.problem" not in named(section(made_up(MIDNIGHT, problem=None)))


def test_what_a_rule_looked_at_has_the_unit_it_is_in() -> None:
    quantities = {"liquidations_percentile": 97.0, "peak_percentile_7d": 98.0, "absolute_return_1d": 0.03}
    slide = Diagnosis(Problem.SLIDE, "fell", quantities | {"funding_3d": 0.0002})
    numbers = by_name(named(section(made_up(MIDNIGHT, problem=slide)))["danger.problem"])
    assert {name: one.unit for name, one in numbers.items()} == {
        "absolute_return_1d": "ratio", "funding_3d": "fraction", "liquidations_percentile": "percentile",
        "peak_percentile_7d": "percentile",
    }  # fmt: skip
    assert {bound.quantity for rule in RULES for bound in rule.bounds} - set(numbers) == {"coin_interest_drawdown_60d"}


def test_the_next_24_h_are_said_beside_the_day_with_level_chance_and_start() -> None:
    day = made_up(MIDNIGHT)
    noon = msgspec.structs.replace(day.windows[0], start=MIDNIGHT + DAY // 2, end=MIDNIGHT + 3 * DAY // 2)
    one = named(section(msgspec.structs.replace(day, next_24h=noon)))["danger.next_24h"]
    assert one.statement.startswith(
        "Next 24 h, from 18 Aug 12:00 UTC: danger level 3 (considerable), 8.4% chance of at"
    )
    assert "danger.next_24h" not in named(section(msgspec.structs.replace(day, next_24h=day.windows[0])))


def test_a_condition_says_move_chance_interval_and_the_days_behind_it() -> None:
    one = named(section())["danger.if.falls.0.03"]
    assert one.statement == (
        "If BTC trades at $113,833 before 19 Aug 00:00 UTC (−3% from $117,354 at 18 Aug 00:00 UTC), the chance of a "
        "$1.00B day is 20.0% (90% interval 16.0% to 25.0%; 147 past days went as far from their opening)."
    )
    assert (
        by_name(one)["probability"].label
        == "if BTC trades at $113,833 before 19 Aug 00:00 UTC (−3% from $117,354 at 18 Aug 00:00 UTC)"
    )
    rise = msgspec.structs.replace(conditional(0.03, 0.2), direction="rise")
    assert "danger.if.rises.0.03" in named(section(made_up(MIDNIGHT, conditions=(rise,))))


def test_a_refused_condition_is_left_out() -> None:
    refused = msgspec.structs.replace(conditional(0.1, 0.5), headline=(), measured=(), refused="too few")
    found = section(made_up(MIDNIGHT, conditions=(conditional(0.03, 0.2), refused)))
    assert [name for name in named(found) if ".if." in name] == ["danger.if.falls.0.03"]


def test_what_would_prove_it_wrong_is_a_share_over_days_and_a_measured_amount() -> None:
    one = named(section())["danger.falsification"]
    assert "one day proves nothing" in one.statement
    assert "about 8.4% should reach $1.00B" in one.statement
    assert "if the measured exchanges report at least $500.0M by 19 Aug 00:00 UTC" in one.statement
    assert by_name(one)["measured_equivalent_usd"].value == 5e8


def test_the_table_holds_both_days_with_their_intervals() -> None:
    table = section().tables[0]
    assert table.columns == ("18 Aug", "18 Aug, low", "18 Aug, high", "19 Aug", "19 Aug, low", "19 Aug, high")
    assert [row.label for row in table.rows] == [
        f"at least {text}" for text in ("$250.0M", "$500.0M", "$1.00B", "$2.00B", "$5.00B")
    ]
    assert table.rows[2].values == pytest.approx((0.084, 0.0672, 0.105, 0.0756, 0.06048, 0.0945))
    assert set(table.units) == {"fraction"}
    assert len(table.rows) == len(HEADLINE_USD)


# -- its record -------------------------------------------------------------------------------------------------------


def test_the_record_counts_days_of_this_level_alone_with_a_wilson_interval() -> None:
    one = named(section(outcomes=(*outcomes(40, 3), *outcomes(9, 9, level=5))))["danger.record"]
    assert one.statement == (
        "Of 40 earlier days of this level in the ledger, 3 were followed by an estimated $1.00B or more (average "
        "forecast: 8.0%)."
    )
    number, interval = by_name(one)["frequency"], wilson_interval(3, 40)
    assert (number.value, number.low, number.high) == (0.075, interval.low, interval.high)
    assert "1 was followed" in named(section(outcomes=outcomes(2, 1)))["danger.record"].statement


@pytest.mark.parametrize("earlier", [(), outcomes(12, 1, level=2)])
def test_without_an_earlier_day_of_this_level_no_record_is_claimed(earlier: tuple[Outcome, ...]) -> None:
    assert [one.name for one in section(outcomes=earlier).findings] == NAMES


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (0, "All were made in a replay, after their day."),
        (1, "1 of them was written on their day, the rest in a replay."),
        (5, "5 of them were written on their day, the rest in a replay."),
        (12, "All were written on their day."),
    ],
)
def test_the_record_says_which_forecasts_were_made_after_their_day(live: int, expected: str) -> None:
    assert named(section(outcomes=outcomes(12, 1, live=live)))["danger.record"].caveat.startswith(expected)


def test_all_levels_have_their_record_and_those_out_of_order_are_said_to_be() -> None:
    days = [PastDay(MIDNIGHT - (40 - i) * DAY, 1 + i % 2, wave=i % 4 == 0) for i in range(40)]
    table = section(replayed=days).tables[1]
    assert table.name == "danger.levels"
    assert [row.label for row in table.rows] == ["1 low", "2 moderate", "3 considerable", "4 high", "5 extreme"]
    assert (table.rows[0].values[0], table.rows[0].values[3]) == (0.5, 20.0)
    assert table.rows[4].values == (None, None, None, 0.0)
    assert "out of order" in table.note


def test_the_record_knows_no_day_that_was_not_over() -> None:
    assert replayed_days(parse_time("2025-01-03T12:00Z"))[-1].start == parse_time("2025-01-02")
    assert replayed_days(parse_time("2024-12-31")) == []


# -- where it cannot say ----------------------------------------------------------------------------------------------


def test_a_scope_without_a_ratio_has_measured_chances_and_no_level() -> None:
    found = section(made_up(MIDNIGHT, headline=False), outcomes(40, 3))
    assert list(named(found)) == ["danger.measured", "danger.problem"]
    one = named(found)["danger.measured"]
    assert one.statement == (
        "17.0% chance of at least $250.0M, 4.0% of at least $500.0M, 0.6% of at least $1.00B reported on 18 Aug (UTC), "
        f"in {made_up(MIDNIGHT).scope}. No market-wide total is published for these data, which a danger level needs."
    )
    assert list(by_name(one)) == ["measured_0.25b", "measured_0.5b", "measured_1b"]
    assert found.tables == ()
    assert found.summary == "The median forecast for 18 Aug is $123.5M measured."
    is_sound(one)


def test_on_a_synthetic_market_the_summary_says_that_there_is_no_level() -> None:
    found = section(made_up(MIDNIGHT, headline=False), synthetic=True)
    assert found.summary == found.findings[0].statement
    assert "which a danger level needs" in found.summary


@pytest.mark.parametrize("synthetic", [True, False])
def test_the_text_of_a_bulletin_says_whether_the_market_is_made_up(synthetic: bool) -> None:
    found = section(made_up(MIDNIGHT, headline=False), synthetic=synthetic)
    text = render(assemble([found], coin="BTC", at=AT, synthetic=synthetic, fingerprint="f" * 64))
    assert bool(re.search("synthetic", text, re.IGNORECASE)) == synthetic
    assert "which a danger level needs" in text


def test_a_day_without_a_forecast_is_said_with_the_way_to_one_and_no_number() -> None:
    found = danger.unstated("BTC", AT)
    one = found.findings[0]
    assert found.summary == one.statement == "No danger level: the ledger holds no forecast for 18 Aug."
    assert "`runout replay BTC --from 2025-08-18 --to 2025-08-18` issues it" in one.caveat
    assert [(q.name, q.value) for q in one.evidence.quantities] == [("danger_level", None)]
    assert not one.inferred
    is_sound(one)


def test_no_number_of_a_statement_is_missing_from_its_evidence() -> None:
    for one in section(outcomes=outcomes(40, 3)).findings:
        said = [float(text) / 100 for text in re.findall(r"([\d.]+)%", one.statement)]
        known = [v for q in one.evidence.quantities for v in (q.value, q.low, q.high) if v is not None]
        rule = "danger.problem", "danger.record"
        moves = [0.03, 0.05, 0.9] if ".if." in one.name else []
        if one.name not in rule:
            assert all(any(math.isclose(share, v, abs_tol=5.01e-4) for v in [*known, *moves]) for share in said), one


def test_every_level_has_a_word_in_the_section() -> None:
    words = [section(at_danger(p)).summary.split("(")[1].split(")")[0] for p in (0.0, 0.02, 0.05, 0.1, 0.25)]
    assert words == [level.word for level in DangerLevel]


def test_a_forecast_of_the_day_before_is_spoken_of_with_its_own_date() -> None:
    found = danger.section(made_up(MIDNIGHT - DAY), (), synthetic=False, at=AT)
    assert "on 17 Aug" in found.summary
