"""The pages of a scoring run of the cascade: ``docs/scores/cascade.md``, its figure, and lines of the common log."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from runout.clock import format_date, format_time
from runout.pipeline.whatif_answers import TRUE_OVER_REPORTED
from runout.version import CODE_VERSION, METHOD_VERSION
from studies.cascade.events import FIRST, HALF, LAST
from studies.cascade.figure import draw
from studies.cascade.real import Asked
from studies.cascade.scores import error_factor
from studies.cascade.study import CascadeReport, IssuedRow, Row
from studies.cascade.words import banded, factor, grouped, millions, numbers, said, share, signed, table
from studies.cascade.world_pages import synthetic_parts

PAGE, FIGURE, LOG = "cascade.md", "cascade.svg", "log.jsonl"
AIM_FACTOR, AIM_INSIDE = 1.5, 0.85
_GROUPS: Final = ("flushes, BTC", "flushes, SOL", "plain falls, BTC", "plain falls, SOL")
_HALVES: Final = tuple(f"{kind}, {half} half" for kind in ("flushes", "plain falls") for half in ("first", "second"))
_MAIN: Final = ("ending there", "share 1", "share 1, no feedback", "regression")
_FALLS: Final = {"flush", "plain fall"}


def write_cascade_pages(report: CascadeReport, folder: Path, *, run_time: int, commit: str) -> list[Path]:
    """Write page and figure to ``folder``, append the run to its log, and return the paths.

    Parameters
    ----------
    report
        What was found.
    folder
        Such as ``docs/scores``; made if absent.
    run_time
        UTC ns, for the log.
    commit
        State of the code, for page and log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(report, commit, earlier_runs(folder / LOG)), encoding="utf-8")
    draw(report, folder / FIGURE)
    with (folder / LOG).open("ab") as log:
        for line in log_lines(report, run_time, commit):
            log.write(msgspec.json.encode(line) + b"\n")
    return [folder / name for name in (PAGE, FIGURE, LOG)]


def log_lines(report: CascadeReport, run_time: int, commit: str) -> Iterator[dict[str, object]]:
    """Yield one line for each part: dollars given the low, distributions issued before, synthetic slides."""
    parts: dict[str, dict[str, object]] = {
        "given the low": {f"{one.group} | {one.way}": numbers(one.found) for one in report.given},
        "issued before": {
            f"{one.group} | {one.way}": {"cases": one.cases, "inside": one.inside, "crps": round(one.loss, 4)}
            for one in report.issued
        },
        "synthetic slides": {f"{one.group} | {one.way}": numbers(one.found) for one in report.worlds},
    }
    for part, scores in parts.items():
        if scores:
            yield {
                "kind": "scored run", "run": format_time(run_time), "commit": commit, "code_version": CODE_VERSION,
                "method_version": METHOD_VERSION,
                "configuration": {"what": "cascade", "part": part, "fingerprint": report.fingerprint},
                "period": {"name": part, "first": format_date(FIRST), "last": format_date(LAST)},
                "scores": scores,
            }  # fmt: skip


def earlier_runs(log: Path) -> int:
    """Return how many scored runs of the cascade a log holds."""
    lines = log.read_bytes().splitlines() if log.exists() else []
    held = [msgspec.json.decode(line) for line in lines if b'"what":"cascade"' in line]
    return len({one["run"] for one in held})


def page(report: CascadeReport, commit: str, earlier: int) -> str:
    """Return the page as Markdown."""
    told = (
        f"Written by `python -m studies.cascade` at commit `{commit}`; do not edit. "
        "[The cascade](../cascade.md) tells the "
        "model. An *error factor* is the larger of predicted over realised and realised over predicted; *ratio* is the "
        "median of predicted over realised; *inside* is how often the 90% band held what came. Brackets are 90% "
        f"bootstrap intervals over cases. Looks: this is scored run {earlier + 1}; nothing was chosen on real falls, "
        "but one of them (13 June 2025) and tables half filled were seen while the code was written."
    )
    parts = [
        "# Scores of the cascade",
        told,
        *_summary(report),
        f"![Predicted beside realised]({FIGURE})",
        *(_real(report) if report.asked else ()),
        *(synthetic_parts(report) if report.slid else ()),
        f"## Read\n\nFingerprints of the source: `{report.fingerprint}`.",
    ]
    return "\n\n".join(parts) + "\n"


# -- in short ---------------------------------------------------------------------------------------------------------


def _summary(report: CascadeReport) -> Iterator[str]:
    lines: list[str] = []
    for kind in ("flushes", "plain falls"):
        for way in ("ending there", "regression"):
            some = [one for one in report.given if one.group in {f"{kind}, BTC", f"{kind}, SOL"} and one.way == way]
            lines += [f"Real {one.group}, *{way}*: {said(one.found)}." for one in some]
    lines += [
        f"The next 24 h as issued, every fifth midnight, *{one.way}*: {one.inside:.0%} of {one.cases} inside the 90% "
        f"band; loss less climatology's {signed(one)}."
        for one in report.issued
        if one.group == "grid" and one.way in {"share 0.75", "share 1"}
    ]
    for way in ("cascade", "map without feedback", "regression on the move", "true positions, cascade"):
        lines += [
            f"Synthetic slides, *{way}*: {said(one.found)}."
            for one in report.worlds
            if one.group == "all" and one.way == way
        ]
    verdict = _verdict(report.worlds)
    if lines:
        yield "## In short\n\n" + "\n".join(f"- {line}" for line in [*lines, *verdict])


def _verdict(rows: Sequence[Row]) -> list[str]:
    found = {one.way: one.found for one in rows if one.group == "all"}
    if "cascade" not in found:
        return []
    mine = found["cascade"]
    reached = mine.error <= AIM_FACTOR
    held = share(mine) >= AIM_INSIDE
    better = [
        f"{'better' if mine.error < found[name].error else 'not better'} than the {name}"
        for name in ("map without feedback", "regression on the move")
        if name in found
    ]
    told = (
        f"The aim on synthetic slides, a median error factor of {AIM_FACTOR} at most and {AIM_INSIDE:.0%} inside the "
        f"band, is {'reached' if reached else '**not reached**'} in the median and "
        f"{'reached' if held else '**not reached**'} by the band; by the median the cascade is {' and '.join(better)}."
    )
    return [told]


# -- real falls -------------------------------------------------------------------------------------------------------


def _real(report: CascadeReport) -> Iterator[str]:
    yield (
        "## Real falls: dollars given the low\n\n"
        f"Falls of BTC and SOL between {format_date(FIRST)} and {format_date(LAST)}, fixed in "
        "`studies/cascade/events.csv` and committed before any was scored. *Flushes* are those of "
        "[the definitions](../definitions.md) in Binance's own four-hourly liquidations; *plain falls* are as large, "
        "with liquidations below their 95th percentile. **Both are picked by what came of them**: a way that knows "
        "only the price must come out too low on flushes and too high on plain falls, and only the two together say "
        "something. Asked at the last four-hourly mark before the fall began, told until the end of the four hours "
        "that hold the low: longs that Binance reported. What was opened on the way, and what is liquidated on any "
        "day, is on no map. Distances count from the mark, from where the price may have risen first."
    )
    yield (
        "*Ending there*: the slide whose stop is the realised low, whatever share of it came from outside. *Share s*: "
        "a move of s times the realised fall from outside, and what it sets off. *Factor f*: share 0.75, with f "
        "dollars forced for each one reported (the assumption is "
        f"{TRUE_OVER_REPORTED.low:g} to {TRUE_OVER_REPORTED.high:g}, central {TRUE_OVER_REPORTED.value:g}). "
        "*Regression*: log dollars on log fall and log duration, fitted on all windows of 4 to 48 h known before."
    )
    yield grouped(report.given, _GROUPS)
    yield (
        f"### Halves of the period\n\nDivided at {format_date(HALF)}.\n\n"
        + grouped([one for one in report.given if one.way in _MAIN], _HALVES)
    )
    yield "### Fall by fall\n\n" + _fall_table(report.asked)
    yield "### Misses\n\n" + "\n".join(f"- {line}" for line in _misses(report))
    if report.issued:
        yield _issued_text(report.issued)
    yield from _august(report.asked)


def _fall_table(asked: Iterable[Asked]) -> str:
    head = (
        "fall", "asked at", "low", "hours", "reported", "ending there", "error", "share 0.75", "regression", "error",
    )  # fmt: skip
    rows = [_fall_row(one) for one in asked if one.fall.kind in _FALLS]
    return table(head, rows)


def _fall_row(one: Asked) -> tuple[str, ...]:
    given = {way.name: way.band for way in one.given}
    ending, regressed = given["ending there"], given["regression"]
    return (
        f"{one.fall.kind}, {one.fall.coin}", format_time(one.fall.origin), f"−{100 * (1 - np.exp(-one.move)):.1f}%",
        f"{(one.fall.end - one.fall.origin) / 3.6e12:.0f}", millions(one.realised_usd), banded(ending),
        factor(ending, one), banded(given["share 0.75"]), banded(regressed), factor(regressed, one),
    )  # fmt: skip


def _misses(report: CascadeReport) -> Iterator[str]:
    falls = [one for one in report.asked if one.fall.kind in _FALLS]
    ending = {id(one): one.given[0].band for one in falls}
    flush, plain = ([one for one in falls if one.fall.kind == kind] for kind in ("flush", "plain fall"))
    for name, some in (("flushes", flush), ("plain falls", plain)):
        above = sum(one.realised_usd > ending[id(one)].high for one in some)
        below = sum(one.realised_usd < ending[id(one)].low for one in some)
        yield f"Of {len(some)} {name}, more came than the band of *ending there* allows in {above}, less in {below}."
    if not falls:
        return
    worst = max(falls, key=lambda one: float(error_factor(ending[id(one)].value, one.realised_usd)))
    yield (
        f"The largest miss: {worst.fall.coin}, {format_time(worst.fall.origin)}, {millions(worst.realised_usd)} "
        f"reported where the map had {banded(ending[id(worst)])} on the way to a low "
        f"{100 * (1 - np.exp(-worst.move)):.1f}% below, and the regression {banded(worst.given[-1].band)}."
    )
    feedback = [
        float(given["share 1"].value / given["share 1, no feedback"].value)
        for one in falls
        for given in ({way.name: way.band for way in one.given},)
        if given["share 1, no feedback"].value > 0.0
    ]
    yield (
        f"Feedback hardly matters at these sizes: with it the central figure of share 1 is {np.median(feedback):.2f} "
        f"times that without (from {min(feedback):.2f} to {max(feedback):.2f}; the draws have a skewed band, hence "
        "below 1). Dollars on the way were small beside the book: a median of "
        f"{np.median([ending[id(one)].value * TRUE_OVER_REPORTED.value / one.depth_usd for one in falls]):.2f} of the "
        "bids within 1%. So these falls test the map, and the cascade's own part hardly at all."
    )
    yield (
        "The factor between forced and reported dollars cancels where feedback is small: what is reported is what the "
        "map was fitted to. It matters for the stop and for dollars truly closed, of which there is no public record."
    )
    for coin in ("BTC", "SOL"):
        mine = [one for one in falls if one.fall.coin == coin]
        if len(mine) > 2:
            said = np.log([max(ending[id(one)].value, 1.0) for one in mine])
            came = np.log([max(one.realised_usd, 1.0) for one in mine])
            yield f"{coin}: correlation of log *ending there* with log reported {np.corrcoef(said, came)[0, 1]:.2f}."


def _issued_text(rows: Sequence[IssuedRow]) -> str:
    told = (
        "## Real falls: the distribution issued before\n\n"
        "Longs that Binance reports within the next 24 h, issued at the mark: falls drawn from the past extremes of 24 "
        "h in units of the volatility known then, times the share that comes from outside, through map, books and "
        "factor with their bands. *No feedback*: share 1, map alone. *Climatology*: all earlier windows of 24 h since "
        "January 2025. *Position*: mean share of the distribution below what came (0.5 if calibrated). Loss: CRPS of "
        "ln(dollars + $1M), and less climatology's. The *grid*, every fifth midnight, is picked by nothing; the others "
        "are picked by the fall that followed, and show what was thought possible, not calibration."
    )
    body = [
        (
            one.group, one.way, str(one.cases), f"{one.inside:.0%}", f"{one.position:.2f}", f"{one.loss:.3f}",
            signed(one),
        )
        for one in rows
    ]  # fmt: skip
    head = ("group", "way", "n", "inside 90%", "position", "loss", "less climatology's")
    return f"{told}\n\n{table(head, body)}"


def _august(asked: Iterable[Asked]) -> Iterator[str]:
    marks = [one for one in asked if one.fall.kind == "14 August"]
    if not marks:
        return
    rows: list[tuple[str, ...]] = []
    for one in marks:
        given = {way.name: way.band for way in one.given}
        before = {way.name: way for way in one.issued}
        share = before.get("share 0.75")
        rows.append((
            format_time(one.fall.origin), f"{one.price:,.0f}", "·" if share is None else banded(share.band),
            banded(before["climatology"].band), f"−{100 * (1 - np.exp(-one.day_move)):.1f}%",
            millions(one.day_usd), "·" if share is None else f"{share.position:.2f}", banded(given["ending there"]),
            banded(given["regression"]),
        ))  # fmt: skip
    head = (
        "asked at", "price", "issued, share 0.75", "climatology", "24 h low", "reported in 24 h", "position",
        "given the low: ending there", "regression",
    )  # fmt: skip
    yield (
        "## 14 August 2025 in full\n\n"
        "BTC at every four-hourly mark, and what came within 24 h. By Binance's own four-hourly BTC figures the day is "
        "no flush: they stayed below their 95th percentile. In the daily figures of three venues it is one.\n\n"
        + table(head, rows)
    )
