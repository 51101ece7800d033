"""Published statements beside our figures: verdicts, windows, and what is said of the difference."""

import msgspec
import pytest

from bulletin.bulletin_specimen import AT, END, evidence, finding, quantity
from runout.bulletin.findings import Finding, Section
from runout.bulletin.sections.claims import Claim, Verdict, section, verdict
from runout.clock import NANOSECONDS_PER_DAY, format_time, parse_time
from runout.pipeline.bulletin_inputs import published_claims

DAY = NANOSECONDS_PER_DAY
TOTAL = quantity("total_usd", 423e6, "USD", low=285e6, high=628e6)
PRICE = quantity("price", 114_900.0, "USD per coin")
CHANGE = quantity("change", -0.0041, "fraction", signed=True)


def claim(**changes: object) -> Claim:
    usual = Claim(
        name="total", coin="BTC", published=END, source="a paper", statement="liquidations reached $563 million",
        finding="liquidations.total", quantity="total_usd", claimed=563e6, relation="about", tolerance=0.5e6,
    )  # fmt: skip
    return msgspec.structs.replace(usual, **changes)


def estimate(**more: object) -> Finding:
    return finding("liquidations", "total", "About $423M.", evidence(TOTAL), **{"inferred": True, **more})


def checked(made: Claim, *findings: Finding, at: int = END) -> Section | None:
    return section((made,), findings, coin="BTC", at=at)


def said(made: Claim, *findings: Finding) -> str:
    found = checked(made, *findings)
    assert found is not None
    return found.findings[0].statement


@pytest.mark.parametrize(
    ("claimed", "expected"),
    [(285e6, Verdict.INSIDE), (563e6, Verdict.INSIDE), (628e6, Verdict.INSIDE), (284e6, Verdict.OUTSIDE),
     (961e6, Verdict.OUTSIDE)],
)  # fmt: skip
def test_an_estimate_is_asked_whether_the_published_figure_lies_in_its_interval(
    claimed: float, expected: Verdict
) -> None:
    assert verdict(claim(claimed=claimed), TOTAL, end=AT, estimated=True) is expected


def test_the_bounds_of_a_reported_figure_are_the_usual_size_of_a_change_and_decide_nothing() -> None:
    assert verdict(claim(), TOTAL, end=AT) is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize(
    ("relation", "claimed", "expected"),
    [("about", 115_000, Verdict.REPRODUCED), ("about", 114_399, Verdict.NOT_REPRODUCED),
     ("above", 114_900, Verdict.NOT_REPRODUCED), ("above", 114_899, Verdict.REPRODUCED),
     ("below", 114_900, Verdict.NOT_REPRODUCED), ("below", 114_901, Verdict.REPRODUCED)],
)  # fmt: skip
def test_a_reported_figure_reproduces_a_statement_or_not(relation: str, claimed: float, expected: Verdict) -> None:
    made = claim(relation=relation, claimed=claimed, tolerance=500)
    assert verdict(made, PRICE, end=AT) is expected


@pytest.mark.parametrize(
    ("first", "last", "judged"),
    [(-DAY, DAY, True), (0, 0, True), (1_000_000_000 * 60, DAY, False), (-DAY, -1_000_000_000 * 60, False)],
)
def test_a_figure_of_another_time_gets_a_difference_and_no_verdict(first: int, last: int, *, judged: bool) -> None:
    made = claim(ends=(format_time(END + first), format_time(END + last)))
    statement = said(made, estimate())
    assert ("no verdict, of another time" not in statement) is judged
    assert "(−$140.0M)" in statement


def test_an_estimate_shows_its_interval_beside_the_published_figure() -> None:
    assert said(claim(), estimate()) == (
        "“liquidations reached $563 million”: inside our interval; inferred $423.0M ($285.0M–$628.0M) "
        "at 18 Mar 12:00 UTC (−$140.0M)."
    )


def test_a_window_of_more_than_a_day_is_not_said_as_a_moment() -> None:
    found = finding("liquidations", "total", "About $423M.", evidence(TOTAL, hours=48))
    assert "measured $423.0M up to 18 Mar 12:00 UTC" in said(claim(), found)


def test_differences_of_fractions_are_points_and_of_prices_dollars() -> None:
    moved = finding("rotation", "dominance", "It fell.", evidence(CHANGE))
    priced = finding("price", "now", "It stands.", evidence(PRICE))
    fraction = claim(finding="rotation.dominance", quantity="change", claimed=0.004, tolerance=0.00005)
    assert "measured −0.41%" in said(fraction, moved)
    assert "(−0.81 points)" in said(fraction, moved)
    assert "(−$100)" in said(claim(finding="price.now", quantity="price", claimed=115_000), priced)


def test_a_direction_is_a_statement_about_zero() -> None:
    moved = finding("rotation", "dominance", "It fell.", evidence(CHANGE))
    rising = claim(finding="rotation.dominance", quantity="change", claimed=0, relation="above")
    assert said(rising, moved).endswith("not reproduced; measured −0.41% at 18 Mar 12:00 UTC.")


def test_a_statement_is_shown_for_seven_days_from_its_publication() -> None:
    times = {-1: False, 0: True, 7 * DAY - 1: True, 7 * DAY: False}
    assert {late: checked(claim(), estimate(), at=END + late) is not None for late in times} == times


def test_a_statement_of_another_coin_or_without_a_figure_of_ours_is_not_shown() -> None:
    unseen = finding("liquidations", "total", "Not known.", evidence(quantity("total_usd", None, "USD")))
    assert checked(claim(coin="ETH"), estimate()) is None
    assert checked(claim(finding="liquidations.other"), estimate()) is None
    assert checked(claim(quantity="other_usd"), estimate()) is None
    assert checked(claim(), unseen) is None


def test_the_summary_counts_the_verdicts() -> None:
    made = (claim(), claim(name="b", claimed=1e12), claim(name="c", ends=("2030-01-01", "2030-01-02")))
    found = section(made, (estimate(),), coin="BTC", at=END)
    assert found is not None
    assert found.summary.endswith(
        "1 inside our interval, 1 outside our interval, 1 without a verdict, of another time."
    )


def test_a_check_keeps_both_numbers_the_remark_and_that_ours_is_inferred() -> None:
    found = checked(claim(remark="Sides are as measured."), estimate())
    assert found is not None
    one = found.findings[0]
    assert [q.value for q in one.evidence.quantities] == [423e6, 563e6]
    assert (one.caveat, one.inferred, one.name) == ("Sides are as measured.", True, "claims.total")


def test_shipped_statements_have_their_own_names_and_possible_windows() -> None:
    shipped = published_claims()
    assert len({one.name for one in shipped}) == len(shipped)
    for one in shipped:
        assert one.relation != "about" or one.tolerance > 0, one.name
        if one.ends is not None:
            assert parse_time(one.ends[0]) <= parse_time(one.ends[1]), one.name
