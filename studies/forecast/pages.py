"""The pages of a scoring run: ``docs/scores/forecast.md``, its figure, and the log of all runs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from runout.clock import format_date, format_time
from runout.forecast.danger import EDGES, DangerLevel
from runout.forecast.targets import MEASURED_USD
from runout.scores import PairedDifference
from runout.units import dollars, percent
from runout.version import CODE_VERSION, METHOD_VERSION
from studies.forecast.registry import ISSUED, REFERENCE
from studies.forecast.report import Report
from studies.forecast.scorecard import Score

PAGE, FIGURE, LOG = "forecast.md", "forecast-reliability.svg", "log.jsonl"
_DRAWN = ("2022 to 2024", "2025 to August", "from September 2025")
_DIGITS = 6


def write_pages(report: Report, folder: Path, *, run_time: int, commit: str) -> list[Path]:
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
        State of the code, for the log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(report, commit, _looks(folder / LOG)), encoding="utf-8")
    draw(report, folder / FIGURE)
    with (folder / LOG).open("ab") as log:
        for line in log_lines(report, run_time, commit):
            log.write(msgspec.json.encode(line) + b"\n")
    return [folder / name for name in (PAGE, FIGURE, LOG)]


def log_lines(report: Report, run_time: int, commit: str) -> Iterator[dict[str, object]]:
    """Yield one line a period: what ran, on what, and every model's scores."""
    for period in report.periods:
        yield {
            "kind": "scored run",
            "run": format_time(run_time),
            "commit": commit,
            "code_version": CODE_VERSION,
            "method_version": METHOD_VERSION,
            "configuration": {
                "models": [one.model for one in report.scores[period.name]],
                "issued": ISSUED,
                "reference": REFERENCE,
                "theta_usd": MEASURED_USD,
                "scope": report.scope,
                "fingerprint": report.fingerprint,
            },
            "period": {
                "name": period.name,
                "first": format_date(period.start),
                "last": format_date(period.end - 1),
            },
            "scores": {one.model: _plain(one) for one in report.scores[period.name]},
        }


def _plain(one: Score) -> dict[str, object]:
    figures: dict[str, object] = {
        "days": one.days,
        "events": one.events,
        "brier": round(one.brier, _DIGITS),
        "log": round(one.log, _DIGITS),
        "auc": None if one.auc is None else round(one.auc, _DIGITS),
        "slope": None if one.calibration.slope is None else round(one.calibration.slope, _DIGITS),
    }
    if one.against_reference is not None:
        difference = one.against_reference
        figures["against_reference"] = [round(v, _DIGITS) for v in (difference.mean, difference.low, difference.high)]
    return figures


# -- the page ---------------------------------------------------------------------------------------------------------


def _looks(log: Path) -> tuple[int, int]:
    """Return how many research looks a log holds, and how many of them saw days of 2025."""
    lines = log.read_bytes().splitlines() if log.exists() else []
    found = [line for line in map(msgspec.json.decode, lines) if line["kind"] == "research look"]
    return len(found), sum("2025" in line["period"] or line["period"] == "all" for line in found)


def page(report: Report, commit: str, looks: tuple[int, int]) -> str:
    """Return the page as Markdown; ``looks`` are those of the research, and those of them that saw 2025."""
    told = (
        f"Written by `python -m studies.forecast` at commit `{commit}`; do not edit. "
        "[The model page](../forecast.md) tells "
        "what is scored and how. Event: liquidations of one UTC day reach "
        f"{dollars(MEASURED_USD)} in the measured scope ({report.scope}). Origins at 00:00 UTC of every day, each "
        "model fitted on what was known then. Intervals are of 95%: paired stationary bootstrap, blocks of 10 days on "
        "average, 4,000 resamples; they do not know that features were chosen on 2022 to 2024, in "
        f"{looks[0]} looks, of which {looks[1]} showed days of 2025 too (`log.jsonl`)."
    )
    parts = [
        "# Scores of the forecast",
        told,
        f"![Reliability of the forecast]({FIGURE})",
        *(_period_part(report, period.name, period.start, period.end) for period in report.periods),
        _threshold_part(report),
        _share_part(report),
        _lead_part(report),
        _dropout_part(report),
        _level_part(report),
        _condition_part(report),
        _case_part(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _period_part(report: Report, name: str, start: int, end: int) -> str:
    scores = report.scores[name]
    rows = [
        (
            f"**{one.model}**" if one.model == ISSUED else one.model,
            f"{one.brier:.4f}",
            f"{one.skill:.2f}",
            f"{one.log:.3f}",
            _number(one.auc, 3),
            _number(one.average_precision, 3),
            "n/a" if one.crps_above is None else f"{one.crps_above / 1e6:.1f}",
            _difference(one.against_reference),
            _slope(one),
            f"{one.mean_probability:.3f}",
        )
        for one in scores
    ]
    head = (
        "model", "Brier", "skill", "log", "AUC", "PR-AUC", "CRPS above, $M", f"Brier less {REFERENCE}", "slope",
        "mean p",
    )  # fmt: skip
    count = f"{format_date(start)} to {format_date(end - 1)}: {scores[0].days} days, {scores[0].events} events"
    return f"## {name[0].upper()}{name[1:]}\n\n{count} ({percent(scores[0].frequency)}).\n\n{_table(head, rows)}"


def _threshold_part(report: Report) -> str:
    rows = [
        (
            dollars(float(theta)),
            *(
                f"{one.events} · {one.brier:.4f} · {_difference(one.against_reference)} · {_slope(one)}"
                for one in by_period.values()
            ),
        )
        for theta, by_period in report.thresholds.items()
    ]
    head = ("threshold", *(period.name for period in report.periods))
    told = f"What is issued (`{ISSUED}`): events · Brier · Brier less {REFERENCE} · slope. Few events are descriptive."
    return f"## Other thresholds\n\n{told}\n\n{_table(head, rows)}"


def _share_part(report: Report) -> str:
    rows = [
        (
            share,
            *(
                f"{found[p.name][0]} · {_difference(found[p.name][1])}" if p.name in found else "n/a"
                for p in report.periods
            ),
        )
        for share, found in report.shares.items()
    ]
    told = (
        f"Liquidations of the day over open interest known at its start: events · Brier of `{ISSUED}` less "
        f"{REFERENCE}, both read off the distribution of dollars."
    )
    return f"## Share of open interest\n\n{told}\n\n{_table(('share', *(p.name for p in report.periods)), rows)}"


def _lead_part(report: Report) -> str:
    rows = [
        (name, one.model, f"{one.brier:.4f}", _number(one.auc, 3), _difference(one.against_reference), _slope(one))
        for name, scores in report.leads.items()
        for one in scores
    ]
    head = ("period", "model", "Brier", "AUC", f"Brier less {REFERENCE}", "slope")
    told = "The forecast of a day from what was known at the start of the day before: the second window of an issue."
    return f"## Two days ahead\n\n{told}\n\n{_table(head, rows)}"


def _dropout_part(report: Report) -> str:
    rows = [
        (name, *(f"{found[p.name][0]:.4f} · {_number(found[p.name][1], 3)}" for p in report.periods))
        for name, found in report.dropouts.items()
    ]
    told = (
        f"`{ISSUED}` without a group of features, fitted every 6 days: Brier · AUC. Differences below about .001 are "
        "not findings, and inputs are correlated: a group that costs nothing here may be carried by another."
    )
    return f"## What carries it\n\n{told}\n\n{_table(('taken out', *(p.name for p in report.periods)), rows)}"


def _level_part(report: Report) -> str:
    edges = ["under 2%", *(f"{a:.0%} to {b:.0%}" for a, b in pairwise(EDGES)), "25% and more"]
    head = ("period", *(f"{level} {level.word}" for level in DangerLevel))
    measured = [
        (
            name,
            *(
                f"{one.days} · {one.events} · "
                + ("n/a" if one.observed is None or one.observed.frequency is None else percent(one.observed.frequency))
                for one in records
            ),
        )
        for name, records in report.levels.items()
    ]
    level_rows = [
        (name, *(f"{one.days} ({percent(one.share)}) · {one.expected_waves:.1f}" for one in levels))
        for name, levels in report.headline_levels.items()
        if levels
    ]
    classes = " · ".join(edges)
    first = (
        f"Danger levels are classes of P(headline ≥ $1B): {classes}. Days (share) · waves of $1B headline expected "
        "among them given what was measured, by the ratio known at the end:"
    )
    second = f"The same classes of P(measured ≥ {dollars(MEASURED_USD)}), where events are seen: days · events · share:"
    return f"## Danger levels\n\n{first}\n\n{_table(head, level_rows)}\n\n{second}\n\n{_table(head, measured)}"


def _condition_part(report: Report) -> str:
    rows = [
        (
            percent(one.move, digits=0), one.period, str(one.days), str(one.events), f"{one.mean_probability:.2f}",
            f"{one.brier:.4f}", f"{one.brier_unconditional:.4f}", f"{one.brier_climatology:.4f}",
        )
        for one in report.conditions
    ]  # fmt: skip
    head = ("fall", "period", "days", "events", "mean p", "Brier", "as issued", "frequency of such days")
    told = (
        "If BTC falls at least so far from its opening within the day: scored on the days on which it did, beside the "
        "forecast without the condition and the frequency among earlier such days."
    )
    return f"## Conditions\n\n{told}\n\n{_table(head, rows)}"


def _case_part(report: Report) -> str:
    rows = [
        (
            format_date(one.day),
            f"{percent(one.probability, digits=0)} ({percent(one.low, digits=0)} to {percent(one.high, digits=0)})",
            "n/a" if one.headline_probability is None else percent(one.headline_probability, digits=0),
            dollars(one.total_usd),
        )
        for one in report.cases
    ]
    head = ("day", f"P(measured ≥ {dollars(MEASURED_USD)})", "P(headline ≥ $1B)", "measured")
    width = f"Mean width of the interval over all days: {report.width:.3f}."
    return f"## Days of August 2025\n\n{width}\n\n{_table(head, rows)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _number(value: float | None, digits: int) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"


def _difference(found: PairedDifference | None) -> str:
    if found is None:
        return "·"
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]".replace("-", "−")


def _slope(one: Score) -> str:
    if one.calibration.slope is None:
        return "n/a"
    band = "" if one.slope_low is None else f" [{one.slope_low:.2f}, {one.slope_high:.2f}]"
    return f"{one.calibration.slope:.2f}{band}".replace("-", "−")


# -- the figure -------------------------------------------------------------------------------------------------------


def draw(report: Report, path: Path) -> None:
    """Draw the CORP reliability curves of what is issued, with the band in which a calibrated forecast would lie."""
    import matplotlib as mpl  # noqa: PLC0415 - most of a second, only where a figure is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415

    names = [name for name in _DRAWN if name in report.curves]
    with mpl.rc_context({"svg.hashsalt": "runout", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(3.6 * len(names), 3.9), layout="constrained")
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            curve, score = report.curves[name], report.scores[name][-1]
            axes.fill_between(curve.probability, curve.band_low, curve.band_high, color="#c8d3de", linewidth=0)
            axes.plot([0, 1], [0, 1], color="#777777", linewidth=0.8, linestyle="dashed")
            axes.step(curve.probability, curve.recalibrated, where="mid", color="#b3541e", linewidth=1.6)
            axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="forecast probability", ylabel="observed frequency (isotonic)")
            axes.set_title(f"{name}: {score.days} days, {score.events} events\nslope {_slope(score)}", fontsize=8)
            axes.set_aspect("equal")
        figure.suptitle(f"P(measured ≥ {dollars(MEASURED_USD)}); grey: 90% band if calibrated".replace("$", r"\$"))
        figure.savefig(path, metadata={"Date": None})
