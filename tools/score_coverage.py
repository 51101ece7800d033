"""Score headline coverage and test venues on a lake, and write the page of the tables.

Usage: score_coverage.py LAKE [PAGE]. The lake holds the CoinGlass series (``make real``); without PAGE the tables are
printed. Same lake, same bytes.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_date, format_time, parse_time
from runout.coverage.core_venues import Test, VenueTest, core_set, venue_tests
from runout.coverage.market_wide_facts import HeadlineFact, shipped_facts
from runout.coverage.market_wide_ratio import NARROW_PRIOR, WIDE_PRIOR, Coverage, Prior, fit, fit_before
from runout.coverage.market_wide_trailing import trailing
from runout.coverage.market_wide_windows import DAY, Match, Pair, Totals, pair_facts, total_between, totals_of
from runout.indicators.liquidations import by_side
from runout.lake import Lake
from runout.scores import crps_student_t, interval_coverage
from runout.units import dollars, percent

HEAD = """# Scores of headline coverage

Written by `tools/score_coverage.py LAKE docs/scores/headline-coverage.md`; do not edit. What they mean stands in
[headline coverage](../headline-coverage.md).
"""
LEVELS = (0.5, 0.8, 0.9)
MATCHES: tuple[tuple[Match, str, Prior], ...] = (
    ("utc-day", "7 coins, 3 venues, UTC day", WIDE_PRIOR),
    ("rolling-24h", "7 coins, 3 venues, the same 24 h", WIDE_PRIOR),
    ("rolling-24h-fine", "4 coins, Binance, the same 24 h", NARROW_PRIOR),
)
BYBIT_COMPLETE = parse_time("2025-02-20")
MOMENTS = ("2025-08-01T00:00Z", "2025-08-18T12:00Z", "2025-09-01T00:00Z")


def main(lake_folder: str, page: Path | None) -> int:
    """Write the tables into the page, or print them."""
    lake = Lake.open(lake_folder)
    daily, fine = _totals(lake, ("binance", "okx", "bybit"), "1d"), _totals(lake, ("binance",), "4h")
    text = "\n".join(_tables(lake, daily, fine))
    if page is None:
        print(text)
        return 0
    page.write_text(f"{HEAD}\n{text}\n", encoding="utf-8")
    return 0


def _tables(lake: Lake, daily: Totals, fine: Totals) -> Iterator[str]:
    facts = [fact for fact in shipped_facts() if fact.status == "used"]
    pairs = {match: pair_facts(facts, daily, fine, match) for match, _, _ in MATCHES}
    yield f"Daily totals to {format_date(int(daily.end[-1]) - DAY)}, 4 h totals to {format_time(int(fine.end[-1]))}."
    yield from ["", "## The ratio", "", *_ratio_table(pairs)]
    yield from ["", "## Do the intervals hold?", "", *_holding_table(pairs, daily, fine)]
    yield from ["", "## As it would have been issued", "", *_live_table(facts, pairs, daily, fine)]
    yield from ["", "## On what the ratio depends", "", *_dependence_table(pairs)]
    yield from ["", "## Ordinary hours and the year", "", *_ordinary_table(lake), "", *_year(daily)]
    yield from ["", "## Every event", "", *_event_table(pairs["utc-day"], WIDE_PRIOR)]
    yield from ["", *_event_table(pairs["rolling-24h"], WIDE_PRIOR)]
    yield from ["", "## Core venues", "", *_venue_tables(lake)]


def _totals(lake: Lake, venues: tuple[str, ...], step: str) -> Totals:
    """Return interval totals over all coins of one scope."""
    known = [s for s in lake.series("liquidations") if s.venues == venues and s.step_text() == step]
    coins = 7 if step == "1d" else 4
    sides = by_side(lake.as_of("liquidations", series=[s.series for s in known]), coins=coins)
    return totals_of(
        sides.select("event_time", "span", "known_time", total_usd=pl.col("long_usd") + pl.col("short_usd"))
    )


# -- coverage


def _waves(pairs: Sequence[Pair]) -> dict[str, list[Pair]]:
    return {name: [p for p in pairs if p.event == name] for name in dict.fromkeys(p.event for p in pairs)}


def _log_ratio(pairs: Sequence[Pair]) -> float:
    return float(np.average([p.log_ratio for p in pairs], weights=[p.weight for p in pairs]))


def _left_out(pairs: Sequence[Pair], prior: Prior) -> list[tuple[Coverage, float]]:
    """Return, for each wave, the fit to all others and the wave's own ratio."""
    return [
        (fit([p for p in pairs if p.event != name], prior).at(_measured(mine)), np.exp(_log_ratio(mine)))
        for name, mine in _waves(pairs).items()
    ]


def _in_sequence(pairs: Sequence[Pair], prior: Prior) -> list[tuple[Coverage, float]]:
    """Return, for each wave, the fit to what was known when its first day began, and its own ratio."""
    return [
        (fit_before(pairs, prior, min(p.date for p in mine)).at(_measured(mine)), np.exp(_log_ratio(mine)))
        for mine in _waves(pairs).values()
    ]


def _measured(wave: Sequence[Pair]) -> float:
    """Return the measured total of a wave, dollars: the geometric mean over its facts."""
    weights = [pair.weight for pair in wave]
    return float(np.exp(np.average(np.log([pair.measured_usd for pair in wave]), weights=weights)))


def _held(cases: Sequence[tuple[Coverage, float]], level: float) -> str:
    bounds = [coverage.interval(1.0, level) for coverage, _ in cases]
    low, high = np.log(np.array(bounds)).T
    found = interval_coverage(low, high, np.log([ratio for _, ratio in cases]), nominal=level)
    share = percent(found.covered.frequency, digits=0)
    return f"{found.covered.events} of {len(cases)}, {share} (×{np.exp(found.mean_width):.2f})"


def _ratio_table(pairs: dict[Match, list[Pair]]) -> Iterator[str]:
    names = (
        "scope and hours",
        "facts",
        "events",
        "median for a wave of $1B",
        "80% of such a one",
        "scale of the log",
        "degrees of freedom",
    )
    yield f"| {' | '.join(names)} |"
    yield "|---" * len(names) + "|"
    for match, words, prior in MATCHES:
        found = fit(pairs[match], prior)
        term = found.terms[0]
        placed = found.at(1e9 / found.median_where(1e9))
        low, high = placed.interval(1.0, 0.8)
        yield (
            f"| {words} | {len(pairs[match])} | {len(found.events)} | {placed.median:.2f} | {low:.2f} to {high:.2f} "
            f"| {term.scale:.3f} | {term.degrees_of_freedom:.1f} |"
        )


def _holding_table(pairs: dict[Match, list[Pair]], daily: Totals, fine: Totals) -> Iterator[str]:
    yield "| scope and hours | how | 50% | 80% | 90% | CRPS of the log |"
    yield "|---|---|---|---|---|---|"
    unmatched = [fact for fact in shipped_facts() if fact.status != "rejected"]
    rows = [(words, pairs[match], prior) for match, words, prior in MATCHES]
    more = "7 coins, 3 venues, UTC day, unmatched facts too"
    rows.append((more, pair_facts(unmatched, daily, fine, "utc-day"), WIDE_PRIOR))
    for words, mine, prior in rows:
        for how, cases in (("leave one event out", _left_out(mine, prior)), ("in sequence", _in_sequence(mine, prior))):
            cells = " | ".join(_held(cases, level) for level in LEVELS)
            yield f"| {words} | {how} | {cells} | {_crps(cases):.3f} |"


def _crps(cases: Sequence[tuple[Coverage, float]]) -> float:
    terms = [coverage.terms[0] for coverage, _ in cases]
    losses = crps_student_t(
        np.log([ratio for _, ratio in cases]),
        np.array([t.degrees_of_freedom for t in terms]),
        np.array([t.location for t in terms]),
        np.array([t.scale for t in terms]),
    )
    return float(np.mean(losses))


def _live_table(
    facts: Sequence[HeadlineFact], pairs: dict[Match, list[Pair]], daily: Totals, fine: Totals
) -> Iterator[str]:
    yield "| 24 h to | reported | measured, bridged part | estimate from 7 coins, 3 venues | from 4 coins, Binance |"
    yield "|---|---|---|---|---|"
    wide_cases: list[tuple[Coverage, float]] = []
    narrow_cases: list[tuple[Coverage, float]] = []
    for fact in sorted((f for f in facts if f.end and f.window == "rolling-24h"), key=lambda f: (f.date, f.published)):
        at = (fact.end[0] + fact.end[1]) // 2 if fact.end else 0
        last = trailing(daily, fine, at)
        if last is None:
            continue
        wide = fit_before(pairs["rolling-24h"], WIDE_PRIOR, at).times(*([last.error] if last.error else []))
        narrow = fit_before(pairs["rolling-24h-fine"], NARROW_PRIOR, at)
        part, _ = total_between(fine.known_at(at), last.end - DAY, last.end)
        wide, narrow = wide.at(last.usd), narrow.at(part)
        wide_cases.append((wide, fact.headline_usd / last.usd))
        narrow_cases.append((narrow, fact.headline_usd / part))
        share = percent(last.bridged_share, digits=0)
        yield (
            f"| {format_time(at)} | {dollars(fact.headline_usd)} | {dollars(last.usd)}, {share} "
            f"| {_estimate(wide, last.usd, fact)} | {_estimate(narrow, part, fact)} |"
        )
    yield ""
    for words, cases in (("7 coins, 3 venues", wide_cases), ("4 coins, Binance", narrow_cases)):
        yield f"{words}: 80% intervals held {_held(cases, 0.8)}; mean |log error| of the median {_error(cases):.3f}."
        yield ""


def _estimate(coverage: Coverage, measured: float, fact: HeadlineFact) -> str:
    low, high = coverage.interval(measured, 0.8)
    outside = "" if low <= fact.headline_usd <= high else " (outside)"
    return f"{dollars(coverage.median * measured)}, {dollars(low)} to {dollars(high)}{outside}"


def _error(cases: Sequence[tuple[Coverage, float]]) -> float:
    return float(np.mean([abs(np.log(ratio / coverage.median)) for coverage, ratio in cases]))


def _dependence_table(pairs: dict[Match, list[Pair]]) -> Iterator[str]:
    yield "| scope and hours | per doubling of measured | per year | after 2025-02-20 | headline under $500M |"
    yield "|---|---|---|---|---|"
    for match, words, _ in MATCHES:
        grouped = list(_waves(pairs[match]).values())
        y = np.array([_log_ratio(mine) for mine in grouped])
        first = [mine[0] for mine in grouped]
        columns = (
            np.log2([p.measured_usd for p in first]),
            np.array([p.date for p in first]) / (365.25 * NANOSECONDS_PER_DAY),
            np.array([float(p.date >= BYBIT_COMPLETE) for p in first]),
            np.array([float(p.headline_usd < 5e8) for p in first]),
        )
        yield f"| {words} | " + " | ".join(_slope(x, y) for x in columns) + " |"
    yield ""
    yield "Slope of the log ratio on one thing at a time, ± its standard error."


def _slope(x: np.ndarray, y: np.ndarray) -> str:
    spread = float(((x - x.mean()) ** 2).sum())
    if spread == 0.0 or len(y) < 4:
        return "not estimable"
    found = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    rest = y - y.mean() - found * (x - x.mean())
    return f"{found:+.3f} ± {np.sqrt((rest**2).sum() / (len(y) - 2) / spread):.3f}".replace("-", "−")


def _event_table(pairs: Sequence[Pair], prior: Prior) -> Iterator[str]:
    yield "| event | facts | reported (first) | measured | ratio | 80% without it | events before | 80% then |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, mine in _waves(pairs).items():
        ratio = np.exp(_log_ratio(mine))
        measured = _measured(mine)
        without = fit([p for p in pairs if p.event != name], prior).at(measured)
        then = fit_before(pairs, prior, min(p.date for p in mine)).at(measured)
        yield (
            f"| {name} | {len(mine)} | {dollars(mine[0].headline_usd)} | {dollars(mine[0].measured_usd)} | {ratio:.2f} "
            f"| {_within(without, ratio)} | {len(then.events)} | {_within(then, ratio)} |"
        )


def _within(coverage: Coverage, ratio: float) -> str:
    low, high = coverage.interval(1.0, 0.8)
    return f"{low:.2f} to {high:.2f}" + ("" if low <= ratio <= high else ", missed")


def _ordinary_table(lake: Lake) -> Iterator[str]:
    yield "| coin | snapshots | all ÷ (Binance + OKX + Bybit): 10%, median, 90% | all ÷ Binance: 10%, median, 90% |"
    yield "|---|---|---|---|"
    for coin in ("BTC", "ETH", "SOL", "XRP"):
        names = {
            v: f"coinglass/liquidations/{coin}/{v}-trailing-4h/irregular" for v in ("all", "binance", "okx", "bybit")
        }
        rows = lake.as_of("liquidations", series=list(names.values()))
        back = {series: venue for venue, series in names.items()}
        wide = (
            rows.with_columns(venue=pl.col("series").replace_strict(back))
            .group_by("venue", "event_time")
            .agg(pl.col("value_usd").sum())
            .pivot("venue", index="event_time", values="value_usd")
            .drop_nulls()
            .filter(pl.col("binance") > 0)
        )
        three = (wide["all"] / (wide["binance"] + wide["okx"] + wide["bybit"])).to_numpy()
        one = (wide["all"] / wide["binance"]).to_numpy()
        yield f"| {coin} | {wide.height} | {_quantiles(three)} | {_quantiles(one)} |"


def _quantiles(values: np.ndarray) -> str:
    return ", ".join(f"{q:.2f}" for q in np.quantile(values, [0.1, 0.5, 0.9]))


def _year(daily: Totals) -> Iterator[str]:
    for fact in shipped_facts():
        if fact.window == "year":
            inside = daily.end > fact.date
            mean = float(daily.usd[inside].mean())
            rest = (fact.headline_usd * 365 - 19e9) / 364
            yield (
                f"Reported mean of the days of a year: {dollars(fact.headline_usd)}, published "
                f"{format_date(fact.published)}. Measured mean of the {int(inside.sum())} days from "
                f"{format_date(fact.date)} that our series hold: {dollars(mean)}. Ratio "
                f"{fact.headline_usd / mean:.2f}; "
                f"without the $19B of 10 October, which is not among our days, {rest / mean:.2f}."
            )


# -- core venues


def _venue_tables(lake: Lake) -> Iterator[str]:
    rows = _venue_rows(lake)
    at_each = {moment: venue_tests(rows, at=parse_time(moment)) for moment in MOMENTS}
    yield from _verdict_table(at_each["2025-08-18T12:00Z"])
    for moment, tests in at_each.items():
        yield ""
        yield f"Core at {moment}: {', '.join(core_set(tests))}. Failing: {_failing(tests)}."
    core = core_set(at_each["2025-08-18T12:00Z"])
    yield from ["", "| from | to | all venues | core | not core |", "|---|---|---|---|---|"]
    for start, end in (("2025-08-16T12:00Z", "2025-08-18T12:00Z"), ("2025-08-14T00:00Z", "2025-08-18T12:00Z")):
        yield f"| {start} | {end} | " + " | ".join(_changes(rows, parse_time(start), parse_time(end), core)) + " |"


def _venue_rows(lake: Lake) -> pl.DataFrame:
    series = [
        s
        for s in lake.series("open_interest", "BTC")
        if s.step_text() == "4h" and s.margin == "all" and len(s.venues) == 1 and s.venues != ("all",)
    ]
    venue = {s.series: s.venues[0] for s in series}
    rows = lake.as_of("open_interest", series=list(venue))
    return rows.with_columns(venue=pl.col("series").replace_strict(venue))


def _verdict_table(tests: Sequence[VenueTest]) -> Iterator[str]:
    shown: tuple[Test, ...] = ("relation", "price", "noise", "jumps", "stillness", "repeats")
    yield "| venue | " + " | ".join(shown) + " | verdict |"
    yield "|---|" + "---|" * (len(shown) + 1)
    for venue in sorted({t.venue for t in tests}):
        mine = {t.test: t for t in tests if t.venue == venue}
        fails = [name for name in shown if mine[name].verdict == "fail"]
        cells = [_cell(mine[name]) for name in shown]
        yield f"| {venue} | " + " | ".join(cells) + f" | {'fails ' + ', '.join(fails) if fails else 'core'} |"


def _cell(test: VenueTest) -> str:
    if test.value is None:
        return "untested"
    if test.test in {"jumps", "stillness", "repeats"}:
        return percent(test.value)
    return f"{test.value:.2f}".replace("-", "−")


def _failing(tests: Sequence[VenueTest]) -> str:
    fails: dict[str, list[str]] = {}
    for test in tests:
        if test.verdict == "fail":
            fails.setdefault(test.venue, []).append(test.test)
    return "; ".join(f"{venue} ({', '.join(names)})" for venue, names in fails.items())


def _changes(rows: pl.DataFrame, start: int, end: int, core: Sequence[str]) -> Iterator[str]:
    both = rows.filter(pl.col("event_time").is_in([start, end])).sort("venue", "event_time")
    both = both.filter(pl.len().over("venue") == 2)
    for kept in (pl.lit(value=True), pl.col("venue").is_in(list(core)), ~pl.col("venue").is_in(list(core))):
        mine = both.filter(kept).group_by("event_time", maintain_order=True).agg(
            pl.col("open_interest_usd").sum(), (pl.col("open_interest_usd") / pl.col("price")).sum().alias("coins")
        ).sort("event_time")  # fmt: skip
        (usd0, usd1), (n0, n1) = mine["open_interest_usd"].to_list(), mine["coins"].to_list()
        yield f"{dollars(usd1 - usd0, signed=True)} (coins {percent(n1 / n0 - 1, signed=True)})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
