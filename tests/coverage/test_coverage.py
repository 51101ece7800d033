"""Headline coverage: textbook values of the fit, what no reader may know, and intervals that hold on real events."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, parse_time
from runout.coverage.market_wide_facts import HeadlineFact, shipped_facts
from runout.coverage.market_wide_ratio import (
    BRIDGE_PRIOR,
    NARROW_PRIOR,
    WIDE_PRIOR,
    Coverage,
    Prior,
    StudentT,
    fit,
    fit_before,
    posterior,
)
from runout.coverage.market_wide_trailing import bridge, trailing
from runout.coverage.market_wide_windows import Pair, Totals, pair_facts, profiled_total, total_between, totals_of
from runout.errors import SchemaError, UsageError
from runout.indicators.liquidations import by_side
from runout.sources.protocol import Document
from runout.sources.registry import source_of

DAY = NANOSECONDS_PER_DAY
HOUR = NANOSECONDS_PER_HOUR
START = parse_time("2025-01-01")


def totals(values, step, start=START):
    end = start + step * np.arange(1, len(values) + 1, dtype=np.int64)
    return Totals(end, np.full(len(values), step, dtype=np.int64), end, np.asarray(values, dtype=np.float64))


def pair(event, ratio, *, day=0, weight=1.0):
    date = START + day * DAY
    return Pair(
        event=event, date=date, headline_usd=ratio * 1e8, measured_usd=1e8, known_time=date + DAY, weight=weight
    )


def fact(**changes):
    values = {
        "event": "wave",
        "date": START + DAY,
        "window": "rolling-24h",
        "headline_usd": 100.0,
        "low_usd": 100.0,
        "high_usd": 100.0,
        "published": START + 3 * DAY,
        "basis": "date",
        "vintage": "live",
        "strength": "sound",
        "status": "used",
        "source": "a page",
    }
    return HeadlineFact(**(values | changes))


# -- the fit ---------------------------------------------------------------------------------------------------------


def test_without_facts_the_prior_alone_speaks_and_is_wide():
    term = posterior([], [], WIDE_PRIOR)
    assert term.location == pytest.approx(np.log(2.0))
    assert term.degrees_of_freedom == 6.0
    assert term.scale == pytest.approx(0.4 * np.sqrt(2.0))
    low, high = fit([], WIDE_PRIOR).quantile([0.1, 0.9])
    assert low == pytest.approx(0.9, abs=0.02)
    assert high == pytest.approx(4.5, abs=0.05)


def test_a_flat_prior_gives_the_textbook_prediction_interval():
    # mean ± t(n − 1) s √(1 + 1/n), the interval of any textbook, as the prior fades.
    values = [0.5, 0.7, 0.9, 1.1, 0.6]
    faint = Prior(location=3.0, strength=1e-12, scale=1e-9, degrees_of_freedom=-1.0 + 1e-12)
    found = posterior(values, [1.0] * 5, faint)
    assert found.location == pytest.approx(np.mean(values))
    assert found.degrees_of_freedom == pytest.approx(4.0)
    assert found.scale == pytest.approx(np.std(values, ddof=1) * np.sqrt(1 + 1 / 5))


def test_the_posterior_is_the_integral_over_mean_and_variance():
    values, prior = [0.4, 1.0, 0.8], WIDE_PRIOR
    found = posterior(values, [1.0] * 3, prior)

    mean, log_sd = np.meshgrid(np.linspace(-3.0, 5.0, 1601), np.linspace(-4.0, 3.0, 1401), indexing="ij")
    sd = np.exp(log_sd)
    freedom = prior.degrees_of_freedom
    belief = stats.norm.logpdf(mean, prior.location, sd / np.sqrt(prior.strength)) + stats.invgamma.logpdf(
        sd**2, freedom / 2, scale=freedom * prior.scale**2 / 2
    )
    belief = belief + 2.0 * log_sd  # the density of the variance, over the logarithm of its root
    seen = np.exp(belief + sum(stats.norm.logpdf(y, mean, sd) for y in values))
    for y in (0.2, 1.5):
        expected = float((seen * stats.norm.pdf(y, mean, sd)).sum() / seen.sum())
        density = stats.t.pdf(y, found.degrees_of_freedom, found.location, found.scale)
        assert density == pytest.approx(expected, rel=1e-4)


def test_facts_of_one_wave_count_once():
    alone = fit([pair("a", 2.0), pair("b", 3.0, day=1)], WIDE_PRIOR)
    often = fit([pair("a", 2.0)] * 5 + [pair("b", 3.0, day=1)], WIDE_PRIOR)
    assert alone.terms == often.terms
    assert often.events == ("a", "b")


def test_a_weak_fact_counts_half():
    both = fit([pair("a", 2.0, weight=0.5), pair("b", 2.0, weight=0.5)], WIDE_PRIOR)
    one = fit([pair("a", 2.0)], WIDE_PRIOR)
    assert both.terms[0].location == pytest.approx(one.terms[0].location)
    assert both.terms[0].degrees_of_freedom == one.terms[0].degrees_of_freedom


@given(ratios=st.lists(st.floats(1.2, 5.0), min_size=1, max_size=12), seed=st.integers(0, 1000))
def test_the_order_of_the_facts_changes_no_bit(ratios, seed):
    pairs = [pair(f"wave {i}", ratio, day=i) for i, ratio in enumerate(ratios)]
    mixed = [pairs[i] for i in np.random.default_rng(seed).permutation(len(pairs))]
    assert fit(mixed, WIDE_PRIOR) == fit(pairs, WIDE_PRIOR)


def test_more_facts_of_the_same_ratio_narrow_the_interval():
    widths = []
    for count in (0, 1, 3, 10, 30):
        low, high = fit([pair(str(i), 2.2, day=i) for i in range(count)], WIDE_PRIOR).interval(1.0, 0.8)
        widths.append(high / low)
    assert widths == sorted(widths, reverse=True)


@given(moment=st.integers(0, 30), later=st.floats(1.1, 50.0))
def test_nothing_known_at_or_after_the_moment_changes_the_fit(moment, later):
    pairs = [pair(str(i), 2.0 + i / 20, day=i) for i in range(20)]
    at = START + moment * DAY
    changed = [p if p.known_time < at else pair(p.event, later, day=(p.date - START) // DAY) for p in pairs]
    assert fit_before(changed, WIDE_PRIOR, at) == fit_before(pairs, WIDE_PRIOR, at)
    assert all(p.known_time < at for p in pairs if p.event in fit_before(pairs, WIDE_PRIOR, at).events)


# -- the distribution ------------------------------------------------------------------------------------------------

ONE = Coverage(terms=(StudentT(0.8, 0.25, 12.0),))
TWO = ONE.times(StudentT(0.0, 0.2, 60.0))


def test_one_term_is_scipys_student_t():
    ratios = np.array([1.0, 2.0, 4.0])
    assert ONE.distribution(ratios) == pytest.approx(stats.t.cdf(np.log(ratios), 12.0, 0.8, 0.25))
    assert np.log(ONE.quantile([0.1, 0.9])) == pytest.approx(stats.t.ppf([0.1, 0.9], 12.0, 0.8, 0.25))
    assert ONE.median == pytest.approx(np.exp(0.8))


def test_two_terms_are_the_convolution():
    def expected(logarithm):
        return integrate.quad(
            lambda z: stats.t.pdf(z, 60.0, 0.0, 0.2) * stats.t.cdf(logarithm - z, 12.0, 0.8, 0.25), -3, 3
        )[0]

    for ratio in (1.2, 2.0, 4.0):
        assert TWO.distribution(ratio) == pytest.approx(expected(np.log(ratio)), abs=2e-5)


@pytest.mark.parametrize("coverage", [ONE, TWO])
@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_quantile_undoes_distribution(coverage, probability):
    assert coverage.distribution(coverage.quantile(probability)) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("coverage", [ONE, TWO])
def test_samples_come_from_the_distribution(coverage):
    drawn = coverage.samples(np.random.default_rng(7), 200_000)
    for probability in (0.1, 0.5, 0.9):
        assert np.mean(drawn <= coverage.quantile(probability)) == pytest.approx(probability, abs=0.004)


def test_the_extremes_of_a_ratio_are_certain():
    for coverage in (ONE, TWO):
        assert coverage.distribution([-1.0, 0.0, np.inf]).tolist() == pytest.approx([0.0, 0.0, 1.0])
    assert ONE.exceedance([0.0, 1e12], 1e9).tolist() == pytest.approx([0.0, 1.0])


def test_exceedance_is_one_half_where_the_median_stands():
    assert ONE.exceedance(1e9 / ONE.median, 1e9) == pytest.approx(0.5)


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, 1.1, float("nan")])
def test_a_probability_outside_its_range_is_refused(probability):
    with pytest.raises(UsageError):
        ONE.quantile(probability)


@pytest.mark.parametrize("coverage", [ONE, TWO])
def test_integration_over_a_lognormal_total_agrees_with_simulation(coverage):
    rng = np.random.default_rng(11)
    measured = np.exp(rng.normal(np.log(2e8), 0.8, 400_000))
    simulated = np.mean(measured * coverage.samples(rng, 400_000) >= 1e9)
    found = coverage.integrate(lambda m: stats.norm.sf((np.log(m) - np.log(2e8)) / 0.8), 1e9)
    assert found == pytest.approx(simulated, abs=0.002)


def test_integration_over_a_certain_total_is_the_exceedance():
    found = ONE.integrate(lambda m: (m <= 3e8).astype(np.float64), 1e9)
    assert found == pytest.approx(float(ONE.exceedance(3e8, 1e9)), abs=0.005)


# -- the same hours --------------------------------------------------------------------------------------------------


def test_a_cut_interval_counts_in_proportion():
    hourly = totals([1.0] * 24, HOUR)
    assert total_between(hourly, START + HOUR // 2, START + 2 * HOUR) == (1.5, START + 2 * HOUR)


def test_a_missing_interval_is_not_a_zero():
    hourly = totals([1.0] * 24, HOUR)
    holed = Totals(*(np.delete(x, 3) for x in (hourly.end, hourly.span, hourly.known, hourly.usd)))
    assert np.isnan(total_between(holed, START, START + DAY)[0])
    assert np.isnan(total_between(hourly, START - HOUR, START + HOUR)[0])


def test_days_are_cut_by_the_course_of_the_finer_series():
    daily = totals([240.0, 480.0], DAY)
    # Day 1: all in its last 12 h. Day 2: all in its first 6 h.
    fine = totals([0.0, 0.0, 1.0, 1.0, 3.0, 0.0, 0.0, 0.0], 6 * HOUR)
    found, known = profiled_total(daily, fine, START + 18 * HOUR, START + 42 * HOUR)
    assert found == pytest.approx(240.0 / 2 + 480.0)
    assert known == START + 2 * DAY


@given(hours=st.integers(0, 24))
def test_a_level_course_gives_the_mix_of_both_days(hours):
    daily, fine = totals([100.0, 300.0], DAY), totals([5.0] * 12, 4 * HOUR)
    found, _ = profiled_total(daily, fine, START + hours * HOUR, START + DAY + hours * HOUR)
    assert found == pytest.approx((100.0 * (24 - hours) + 300.0 * hours) / 24)


def test_a_day_without_fine_liquidations_cannot_be_cut():
    daily, fine = totals([100.0, 300.0], DAY), totals([0.0] * 6 + [5.0] * 6, 4 * HOUR)
    assert np.isnan(profiled_total(daily, fine, START + 12 * HOUR, START + 36 * HOUR)[0])


def test_a_figure_without_hours_stands_for_its_day():
    (found,) = pair_facts([fact()], totals([10.0, 50.0, 10.0], DAY), totals([1.0] * 18, 4 * HOUR), "utc-day")
    assert found.measured_usd == 50.0
    assert found.log_ratio == pytest.approx(np.log(2.0))


def test_a_figure_of_other_hours_stands_for_no_day():
    daily, fine = totals([10.0, 50.0, 10.0], DAY), totals([1.0] * 18, 4 * HOUR)
    early = fact(end=(START + DAY + 8 * HOUR, START + DAY + 8 * HOUR))
    assert pair_facts([early], daily, fine, "utc-day") == []
    (found,) = pair_facts([early], daily, fine, "rolling-24h")
    assert found.measured_usd == pytest.approx(10.0 * 16 / 24 + 50.0 * 8 / 24)
    (found,) = pair_facts([early], daily, fine, "rolling-24h-fine")
    assert found.measured_usd == pytest.approx(6.0)


def test_an_uncertain_end_is_averaged_over():
    daily, fine = totals([10.0, 50.0, 10.0], DAY), totals([1.0] * 18, 4 * HOUR)
    open_end = fact(end=(START + DAY + 8 * HOUR, START + DAY + 10 * HOUR))
    (found,) = pair_facts([open_end], daily, fine, "rolling-24h")
    assert found.measured_usd == pytest.approx(10.0 * 15 / 24 + 50.0 * 9 / 24)


def test_a_pair_is_known_when_both_its_sides_are():
    daily, fine = totals([10.0, 50.0, 10.0], DAY), totals([1.0] * 18, 4 * HOUR)
    early = fact(end=(START + DAY + 8 * HOUR,) * 2, published=START + DAY + 9 * HOUR)
    (found,) = pair_facts([early], daily, fine, "rolling-24h")
    assert found.known_time == START + 2 * DAY


def test_rejected_facts_and_years_make_no_pair():
    daily, fine = totals([10.0, 50.0, 10.0], DAY), totals([1.0] * 18, 4 * HOUR)
    out = [fact(status="rejected", remark="no"), fact(window="year")]
    assert pair_facts(out, daily, fine, "utc-day") == []


@pytest.mark.parametrize("totals_usd", [[1.0, None], [1.0, -1.0]])
def test_a_total_that_cannot_be_is_refused(totals_usd):
    table = pl.DataFrame({"event_time": [1, 2], "span": [1, 1], "known_time": [1, 2], "total_usd": totals_usd})
    with pytest.raises(SchemaError):
        totals_of(table)
    with pytest.raises(SchemaError):
        totals_of(table.with_columns(event_time=pl.lit(1), total_usd=pl.lit(1.0)))


# -- the last 24 hours -----------------------------------------------------------------------------------------------


def test_the_trailing_total_bridges_only_the_day_that_is_not_over():
    daily, fine = totals([30.0] * 100, DAY), totals([1.0] * 600, 4 * HOUR)
    at = START + 40 * DAY + 12 * HOUR
    found = trailing(daily, fine, at)
    assert found is not None
    ratio = bridge(daily.known_at(at), fine.known_at(at))
    assert found.end == at
    assert found.usd == pytest.approx(15.0 + 3.0 * np.exp(ratio.location))
    assert found.bridged_share == pytest.approx(1 - 15.0 / found.usd)
    assert found.error is not None
    assert found.error.scale == pytest.approx(ratio.scale * found.bridged_share)


def test_a_day_that_is_over_needs_no_bridge():
    found = trailing(totals([30.0] * 100, DAY), totals([1.0] * 600, 4 * HOUR), START + 40 * DAY)
    assert found is not None
    assert (found.usd, found.bridged_share, found.error) == (pytest.approx(30.0), 0.0, None)


@given(hours=st.integers(0, 60), factor=st.floats(0.0, 1e6))
def test_totals_known_later_change_nothing(hours, factor):
    daily, fine = totals([30.0 + i % 7 for i in range(90)], DAY), totals([1.0 + i % 5 for i in range(540)], 4 * HOUR)
    at = START + 70 * DAY + hours * HOUR

    def spoilt(series):
        return Totals(series.end, series.span, series.known, np.where(series.known > at, factor, series.usd))

    assert trailing(spoilt(daily), spoilt(fine), at) == trailing(daily, fine, at)


def test_nothing_is_said_where_the_hours_are_not_covered():
    daily, fine = totals([30.0] * 3, DAY), totals([1.0] * 18, 4 * HOUR)
    assert trailing(daily, fine, START) is None
    assert trailing(daily, fine, START + 12 * HOUR) is None


def test_the_bridge_without_days_is_its_prior():
    none = Totals(*(np.empty(0, dtype=np.int64) for _ in range(3)), np.empty(0))
    assert bridge(none, none) == posterior([], [], BRIDGE_PRIOR)


# -- real events -----------------------------------------------------------------------------------------------------


def real_totals(folder: Path, names: list[str], coins: int) -> Totals:
    source = source_of("coinglass")
    rows = []
    for name in names:
        path = folder / name
        document = Document(name=name, data=path.read_bytes())
        rows.append(source.normalise(document, now=parse_time("2026-01-01")).tables["liquidations"])
    sides = by_side(pl.concat(rows), coins=coins)
    return totals_of(
        sides.select("event_time", "span", "known_time", total_usd=pl.col("long_usd") + pl.col("short_usd"))
    )


@pytest.fixture(scope="module")
def real(real_data):
    fine = [f"futures_liquidation_aggregated_coin_history_{c}__4h.parquet" for c in ("BTC", "ETH", "SOL", "XRP")]
    daily = real_totals(real_data / "coinglass-daily-le1ma1", ["liquidation_agg_1d.csv"], 7)
    return daily, real_totals(real_data / "coinglass-4h-felipe", fine, 4)


SCOPES = (("utc-day", WIDE_PRIOR, 35), ("rolling-24h", WIDE_PRIOR, 20), ("rolling-24h-fine", NARROW_PRIOR, 20))


@pytest.mark.real
@pytest.mark.parametrize(("match", "prior", "events"), SCOPES)
def test_leaving_an_event_out_80_percent_intervals_hold_70_to_90_percent(real, match, prior, events):
    pairs = pair_facts([f for f in shipped_facts() if f.status == "used"], *real, match)
    names = {p.event for p in pairs}
    assert len(names) == events
    held = 0
    for name in sorted(names):
        mine = [p for p in pairs if p.event == name]
        weights = [p.weight for p in mine]
        measured = np.exp(np.average(np.log([p.measured_usd for p in mine]), weights=weights))
        ratio = np.exp(np.average([p.log_ratio for p in mine], weights=weights))
        low, high = fit([p for p in pairs if p.event != name], prior).interval(measured, 0.8)
        held += low <= ratio * measured <= high
    assert 0.70 <= held / events <= 0.90


@pytest.mark.real
def test_the_noon_of_18_august_estimates_without_the_article_and_holds_its_figure(real):
    noon = parse_time("2025-08-18T12:00Z")
    pairs = pair_facts([f for f in shipped_facts() if f.status == "used"], *real, "rolling-24h")
    coverage = fit_before(pairs, WIDE_PRIOR, noon)
    assert "2025-08-18" not in coverage.events
    assert "2025-08-14" in coverage.events
    assert 2.1 < coverage.median < 2.4
    found = trailing(*real, noon)
    assert found is not None
    assert found.error is not None
    assert found.usd == pytest.approx(187e6, rel=0.01)
    low, high = coverage.times(found.error).interval(found.usd, 0.8)
    assert low < 563e6 < high
    assert (low, high) == (pytest.approx(254e6, rel=0.02), pytest.approx(628e6, rel=0.02))


@pytest.mark.real
def test_the_day_of_14_august_holds_what_was_reported(real):
    midnight = parse_time("2025-08-15T00:00Z")
    pairs = pair_facts([f for f in shipped_facts() if f.status == "used"], *real, "rolling-24h")
    found = trailing(*real, midnight)
    assert found is not None
    low, high = fit_before(pairs, WIDE_PRIOR, midnight).interval(found.usd, 0.8)
    assert low < 961e6
    assert high > 1.05e9
