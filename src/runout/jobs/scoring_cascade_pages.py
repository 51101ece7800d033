"""The pages of a scoring run of the cascade: ``docs/scores/cascade.md``, its figure, and lines of the common log."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from runout.cascade.depth import Band
from runout.cascade.scoring import Summary, error_factor
from runout.clock import format_date, format_time
from runout.jobs.cascading import TRUE_OVER_REPORTED
from runout.jobs.scoring_cascade import CascadeReport, IssuedRow, Row
from runout.jobs.scoring_cascade_events import FIRST, HALF, LAST
from runout.jobs.scoring_cascade_real import Asked
from runout.jobs.scoring_cascade_worlds import DAYS, FIRST_SEED, TRADERS, Slid
from runout.version import CODE_VERSION, METHOD_VERSION

PAGE, FIGURE, LOG = "cascade.md", "cascade.svg", "log.jsonl"
AIM_FACTOR, AIM_INSIDE = 1.5, 0.85
_GROUPS: Final = ("flushes, BTC", "flushes, SOL", "plain falls, BTC", "plain falls, SOL")
_HALVES: Final = tuple(f"{kind}, {half} half" for kind in ("flushes", "plain falls") for half in ("first", "second"))
_MAIN: Final = ("ending there", "share 1", "share 1, no feedback", "regression")
_COLOURS: Final = ("#b3541e", "#2f6690", "#7a7a7a")
_TRUE: Final = "true positions, cascade"
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
        "given the low": {f"{one.group} | {one.way}": _numbers(one.found) for one in report.given},
        "issued before": {
            f"{one.group} | {one.way}": {"cases": one.cases, "inside": one.inside, "crps": round(one.loss, 4)}
            for one in report.issued
        },
        "synthetic slides": {f"{one.group} | {one.way}": _numbers(one.found) for one in report.worlds},
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
        f"Written by `runout score cascade` at commit `{commit}`; do not edit. [The cascade](../cascade.md) tells the "
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
        *(_synthetic(report) if report.slid else ()),
        f"## Read\n\nFingerprints of the source: `{report.fingerprint}`.",
    ]
    return "\n\n".join(parts) + "\n"


# -- in short ---------------------------------------------------------------------------------------------------------


def _summary(report: CascadeReport) -> Iterator[str]:
    lines: list[str] = []
    for kind in ("flushes", "plain falls"):
        for way in ("ending there", "regression"):
            some = [one for one in report.given if one.group in {f"{kind}, BTC", f"{kind}, SOL"} and one.way == way]
            lines += [f"Real {one.group}, *{way}*: {_said(one.found)}." for one in some]
    lines += [
        f"The next 24 h as issued, every fifth midnight, *{one.way}*: {one.inside:.0%} of {one.cases} inside the 90% "
        f"band; loss less climatology's {_signed(one)}."
        for one in report.issued
        if one.group == "grid" and one.way in {"share 0.75", "share 1"}
    ]
    for way in ("cascade", "map without feedback", "regression on the move", "true positions, cascade"):
        lines += [
            f"Synthetic slides, *{way}*: {_said(one.found)}."
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
    held = _share(mine) >= AIM_INSIDE
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
        "`src/runout/jobs/scoring_cascade_events.csv` and committed before any was scored. *Flushes* are those of "
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
    yield _grouped(report.given, _GROUPS)
    yield (
        f"### Halves of the period\n\nDivided at {format_date(HALF)}.\n\n"
        + _grouped([one for one in report.given if one.way in _MAIN], _HALVES)
    )
    yield "### Fall by fall\n\n" + _fall_table(report.asked)
    yield "### Misses\n\n" + "\n".join(f"- {line}" for line in _misses(report))
    if report.issued:
        yield _issued_text(report.issued)
    yield from _august(report.asked)


def _grouped(rows: Sequence[Row], groups: Sequence[str]) -> str:
    found = {(one.group, one.way): one.found for one in rows}
    held = [group for group in groups if any(one.group == group for one in rows)]
    ways = dict.fromkeys(one.way for one in rows)
    head = ("way", *(f"{group} (n = {next(f.cases for (g, _), f in found.items() if g == group)})" for group in held))
    body = [(way, *(_cell(found[group, way]) if (group, way) in found else "·" for group in held)) for way in ways]
    return "Median error factor · ratio · inside.\n\n" + _table(head, body)


def _fall_table(asked: Iterable[Asked]) -> str:
    head = (
        "fall", "asked at", "low", "hours", "reported", "ending there", "error", "share 0.75", "regression", "error",
    )  # fmt: skip
    rows = [_fall_row(one) for one in asked if one.fall.kind in _FALLS]
    return _table(head, rows)


def _fall_row(one: Asked) -> tuple[str, ...]:
    given = {way.name: way.band for way in one.given}
    ending, regressed = given["ending there"], given["regression"]
    return (
        f"{one.fall.kind}, {one.fall.coin}", format_time(one.fall.origin), f"−{100 * (1 - np.exp(-one.move)):.1f}%",
        f"{(one.fall.end - one.fall.origin) / 3.6e12:.0f}", _millions(one.realised_usd), _banded(ending),
        _factor(ending, one), _banded(given["share 0.75"]), _banded(regressed), _factor(regressed, one),
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
        f"The largest miss: {worst.fall.coin}, {format_time(worst.fall.origin)}, {_millions(worst.realised_usd)} "
        f"reported where the map had {_banded(ending[id(worst)])} on the way to a low "
        f"{100 * (1 - np.exp(-worst.move)):.1f}% below, and the regression {_banded(worst.given[-1].band)}."
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
            _signed(one),
        )
        for one in rows
    ]  # fmt: skip
    head = ("group", "way", "n", "inside 90%", "position", "loss", "less climatology's")
    return f"{told}\n\n{_table(head, body)}"


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
            format_time(one.fall.origin), f"{one.price:,.0f}", "·" if share is None else _banded(share.band),
            _banded(before["climatology"].band), f"−{100 * (1 - np.exp(-one.day_move)):.1f}%",
            _millions(one.day_usd), "·" if share is None else f"{share.position:.2f}", _banded(given["ending there"]),
            _banded(given["regression"]),
        ))  # fmt: skip
    head = (
        "asked at", "price", "issued, share 0.75", "climatology", "24 h low", "reported in 24 h", "position",
        "given the low: ending there", "regression",
    )  # fmt: skip
    yield (
        "## 14 August 2025 in full\n\n"
        "BTC at every four-hourly mark, and what came within 24 h. By Binance's own four-hourly BTC figures the day is "
        "no flush: they stayed below their 95th percentile. In the daily figures of three venues it is one.\n\n"
        + _table(head, rows)
    )


# -- synthetic slides -------------------------------------------------------------------------------------------------


def _synthetic(report: CascadeReport) -> Iterator[str]:
    seeds = sorted({one.seed for one in report.slid})
    yield (
        "## Synthetic slides\n\n"
        f"{len(report.slid)} scripted slides of {len(seeds)} worlds (seeds {seeds[0]} to {seeds[-1]}, {DAYS} days, "
        f"{TRADERS:,} traders, all families in turn; seeds 1 to {FIRST_SEED - 1} were looked at while this was built "
        "and are left out; they are why the minute-by-minute path is the main way and not the static solution). "
        "Target: dollars of the losing side closed by force at the venue of the map, from the last four-hourly mark "
        "before the script until two hours after it. Given: the latent price by minute, which is what came from "
        "outside. *At once*: the static solution for its farthest point. *True positions*: the true ladder of that "
        "mark in place of the inferred one; its band is that of the book alone, next to a point. *Regression*: log "
        "dollars on log move over all other worlds, **fitted on their true dollars**, which no user has. *Within the "
        "map*: slides that end on the inferred map in most draws; where all is gone, as in the systemic scenario, the "
        "true positions are right whatever the books do."
    )
    groups = tuple(dict.fromkeys(one.group for one in report.worlds))
    yield _grouped(report.worlds, groups)
    floors = "≥: most draws ran off the map, so that this is a floor."
    yield f"### Slide by slide\n\n{floors}\n\n{_slide_table(report.slid)}"
    yield "### What it says\n\n" + "\n".join(f"- {line}" for line in _world_lines(report))


def _slide_table(slid: Iterable[Slid]) -> str:
    rows: list[tuple[str, ...]] = []
    for one in slid:
        given = {way.name: way.band for way in one.given}
        left = {way.name for way in one.given if way.beyond > 0.5}
        rows.append((
            f"{one.scenario}, {one.family}, {one.seed}", f"{100 * one.shock:.1f}%", f"{100 * one.move:.1f}%",
            str(one.closes), _millions(one.forced_usd), f"{one.endogenous_usd / max(one.forced_usd, 1.0):.0%}",
            _millions(one.reported_usd), _floored(given["cascade"], "cascade" in left),
            _millions(given["map without feedback"].value), _floored(given[_TRUE], _TRUE in left),
            _millions(given[f"{_TRUE} at once"].value),
        ))  # fmt: skip
    head = (
        "world", "from outside", "price went", "closes", "forced", "set off by others", "shown", "cascade",
        "no feedback", "true positions, cascade", "at once",
    )  # fmt: skip
    return _table(head, rows)


def _world_lines(report: CascadeReport) -> Iterator[str]:
    found = {one.way: one.found for one in report.worlds if one.group == "all"}
    mine, true, once = (
        found[name] for name in ("cascade", "true positions, cascade", "true positions, cascade at once")
    )
    yield (
        f"Map against cascade: with the true positions the error factor is {true.error:.2f}, with the inferred map "
        f"{mine.error:.2f}. What separates them is the map."
    )
    alone, flat = found["true positions, without feedback"], found["map without feedback"]
    shown = np.median([one.forced_usd / one.reported_usd for one in report.slid if one.reported_usd > 0.0])
    yield (
        f"The capped feed showed one dollar of {shown:.2f} closed in the median slide (assumed "
        f"{TRUE_OVER_REPORTED.value:g}). With that factor known, the ratio of the inferred cascade would be about "
        f"{mine.ratio * shown / TRUE_OVER_REPORTED.value:.2f} in place of {mine.ratio:.2f}: the rest is the map, whose "
        "dollars far from the price are fitted on days when the price did not go there."
    )
    yield (
        f"Without time the cascade overstates: at once, with true positions, the error factor is {once.error:.2f} and "
        f"the ratio {once.ratio:.2f}. A static slide meets a book that never refills."
    )
    share = np.median([one.endogenous_usd / max(one.forced_usd, 1.0) for one in report.slid])
    yield (
        f"Set off by others: {share:.0%} of forced dollars in the median slide, {_shares(report.slid)}. With the true "
        f"positions feedback takes the median error factor from {alone.error:.2f} to {true.error:.2f}, and "
        f"{_doubled(report.slid, _TRUE)} slides in place of {_doubled(report.slid, f'{_TRUE[:14]}, without feedback')} "
        f"come out at more than twice what came{_inner(report)}; with the inferred map "
        f"from {flat.error:.2f} to {mine.error:.2f}."
    )
    yield (
        "The synthetic venue publishes the dollars within 1% of its book as it stands, after what is consumed just "
        "then; the model's book has exponent 0.75 where the market's has 1/1.3 = 0.77. The definitions agree."
    )


def _inner(report: CascadeReport) -> str:
    inner = {one.way: one.found for one in report.worlds if one.group == "within the map"}
    if _TRUE not in inner:
        return ""
    alone, whole = inner["true positions, without feedback"], inner[_TRUE]
    return f" (of the {whole.cases} slides within the map the factor goes from {alone.error:.2f} to {whole.error:.2f})"


def _doubled(slid: Sequence[Slid], name: str) -> int:
    return sum(way.band.value > 2 * one.forced_usd for one in slid for way in one.given if way.name == name)


def _shares(slid: Sequence[Slid]) -> str:
    scenarios = dict.fromkeys(one.scenario for one in slid)
    parts: list[str] = []
    for scenario in scenarios:
        mine = [one.endogenous_usd / max(one.forced_usd, 1.0) for one in slid if one.scenario == scenario]
        parts.append(f"{np.median(mine):.0%} in {scenario}")
    return ", ".join(parts)


# -- words and figure -------------------------------------------------------------------------------------------------


def draw(report: CascadeReport, path: Path) -> None:
    """Draw predicted against realised dollars: real falls, and synthetic slides."""
    import matplotlib as mpl  # noqa: PLC0415 - most of a second, only where a figure is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415

    falls = [one for one in report.asked if one.fall.kind in _FALLS]
    real = {
        f"{kind}, ending there": [(one.realised_usd, one.given[0].band) for one in falls if one.fall.kind == kind]
        for kind in ("flush", "plain fall")
    }
    made = {
        name: [(one.forced_usd, way.band) for one in report.slid for way in one.given if way.name == name]
        for name in ("cascade", "true positions, cascade")
    }
    with mpl.rc_context({"svg.hashsalt": "runout", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(9.6, 4.4), layout="constrained")
        panels = (("Real falls: reported, given the low", real), ("Synthetic slides: closed by force", made))
        for axes, (title, groups) in zip(figure.subplots(1, 2), panels, strict=True):
            for (name, points), colour in zip(groups.items(), _COLOURS, strict=False):
                came = [max(one, 1e4) / 1e6 for one, _ in points]
                said = np.maximum([[b.low, b.value, b.high] for _, b in points] or np.zeros((0, 3)), 1e5) / 1e6
                reach = np.abs(said[:, [0, 2]] - said[:, [1]]).T
                axes.errorbar(
                    came, said[:, 1], yerr=reach, fmt="o", markersize=4, elinewidth=0.7, color=colour, label=name
                )
            limits = (1.0, 30_000.0) if groups is made else (0.5, 500.0)
            axes.plot(limits, limits, color="#777777", linewidth=0.8)
            axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
            axes.set_xlabel("came, $ million")
            axes.set_ylabel("said, $ million, with its 90% band")
            axes.set_title(title, fontsize=9)
            axes.legend(frameon=False, loc="upper left")
        figure.savefig(path, metadata={"Date": None})


def _numbers(found: Summary) -> dict[str, object]:
    return {
        "cases": found.cases, "error_factor": _finite(found.error), "error_low": _finite(found.error_low),
        "error_high": _finite(found.error_high), "ratio": _finite(found.ratio),
        "inside": _finite(_share(found)),
    }  # fmt: skip


def _signed(one: IssuedRow) -> str:
    return f"{one.less:+.3f} [{one.less_low:+.3f}, {one.less_high:+.3f}]".replace("-", "−")


def _share(found: Summary) -> float:
    return float("nan") if found.inside.frequency is None else found.inside.frequency


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _said(found: Summary) -> str:
    return (
        f"median error factor {found.error:.2f} [{found.error_low:.2f}, {found.error_high:.2f}], ratio "
        f"{found.ratio:.2f}, {_share(found):.0%} of {found.cases} inside the band"
    )


def _cell(found: Summary) -> str:
    return (
        f"{found.error:.2f} [{found.error_low:.2f}, {found.error_high:.2f}] · {found.ratio:.2f} · {_share(found):.0%}"
    )


def _factor(band: Band, one: Asked) -> str:
    return f"{float(error_factor(band.value, one.realised_usd)):.1f}"


def _floored(of: Band, left: bool) -> str:
    return ("≥ " if left else "") + _banded(of)


def _millions(usd: float) -> str:
    return f"{usd / 1e6:,.1f}M" if usd < 1e8 else f"{usd / 1e6:,.0f}M"


def _banded(of: Band) -> str:
    return f"{_millions(of.value)} [{_millions(of.low)}, {_millions(of.high)}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
