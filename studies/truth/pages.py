"""The pages of a run of the truth battery: ``docs/scores/truth.md``, its figure, and a line of the log of all runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from runout.clock import format_time
from runout.forecast.registry import ISSUED
from runout.liquidation_map import shipped
from runout.liquidation_map.dollars import SIDES
from runout.version import CODE_VERSION, METHOD_VERSION
from studies.truth.report import (
    KERNEL,
    LADDERS,
    MAP,
    NAIVE,
    NULLS,
    PATH,
    UNIFORM,
    Capture,
    Detection,
    Distances,
    Share,
    TruthReport,
)

PAGE, FIGURE, LOG = "truth.md", "truth.svg", "log.jsonl"
RATIO_AIM, COVERAGE_AIM, CAPTURE_AIM, SLOPE_AIM = 0.5, (0.85, 0.95), 0.85, (0.8, 1.25)
"""What was aimed for before the work began."""
_DIGITS: Final = 4
_COLOURS: Final = {MAP: "#b3541e", KERNEL: "#777777", "floor": "#111111"}


def write_truth_pages(report: TruthReport, folder: Path, *, run_time: int, commit: str) -> list[Path]:
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
    (folder / PAGE).write_text(page(report, commit), encoding="utf-8")
    draw(report, folder / FIGURE)
    with (folder / LOG).open("ab") as log:
        log.write(msgspec.json.encode(log_line(report, run_time, commit)) + b"\n")
    return [folder / name for name in (PAGE, FIGURE, LOG)]


def log_line(report: TruthReport, run_time: int, commit: str) -> dict[str, object]:
    """Return what ran and every figure of it."""
    found = msgspec.to_builtins(report)
    return {
        "kind": "scored run", "run": format_time(run_time), "commit": commit, "code_version": CODE_VERSION,
        "method_version": METHOD_VERSION,
        "configuration": {
            "what": "truth", "seeds": report.seeds, "map_worlds": report.map_worlds, "long_worlds": report.long_worlds,
            "fingerprint": report.fingerprint,
        },
        "scores": _rounded({name: value for name, value in found.items() if isinstance(value, dict)}),
    }  # fmt: skip


def _rounded(value: object) -> object:
    match value:
        case float():
            return round(value, _DIGITS) if np.isfinite(value) else None
        case dict():
            return {str(name): _rounded(one) for name, one in value.items()}
        case list() | tuple():
            return [_rounded(one) for one in value]
        case _:
            return value


# -- the page ---------------------------------------------------------------------------------------------------------


_SAYS: Final = {
    "ladders": (
        "Mean Wasserstein-1 distance to the true ladder, in hundredths of log price, both brought to the same total "
        "within the map's reach. *Ratio*: the map over the best of the nulls (in bold), with an interval of 95% over "
        "seeds. *Floor*: what no map of public figures can be expected to fall below. The map of the path alone was "
        "drawn at half of the moments."
    ),
    "mass": (
        "Dollars that the map expects to be reported within its reach, over dollars that truly rest there: median, and "
        "what the middle 80% of ladders lie within."
    ),
    "bands": (
        "*Sweeps*: the way of a bucket, as drawn before it, against what was reported in it; weights never fitted on "
        "it. *Busy*: the same where over $1M was expected. *Truly closed*: the same bands against the truth, which "
        "they do not claim to hold. *Clusters* and *levels*: against what the venue would show of the true positions "
        "that rest there, were they closed at once. *Ratio*: all of that over all that was expected."
    ),
    "capture": (
        "Dollars a day of the last seven days of each world. *Reported* and *estimated*: over the true total, 5%, "
        "median and 95% of days. A feed of one a second tells its rate by its silent seconds; of a minute without any "
        "it says only that the rate was high."
    ),
    "leverage": (
        "Share of each class in the coins opened, among the classes (log distance from entry to liquidation). "
        "*Assumed*: by the map's prior, which no bar or report can mend. L1: 0 is equal, 2 is disjoint."
    ),
    "detection": (
        "Truth: the [definitions](../definitions.md) of the product on what was truly closed by force on all venues. "
        "Flagged: the same on what was reported. So this measures what caps and publication rules cost, not whether "
        "the definitions are good. *Scripted*: moves of the script of 3% or more that were flagged within a day."
    ),
}  # fmt: skip


def page(report: TruthReport, commit: str) -> str:
    """Return the page as Markdown."""
    told = (
        f"Written by `python -m studies.truth` at commit `{commit}`; do not edit. "
        "[What is compared, and what follows from "
        "it](../truth.md), is another page. Every market here is synthetic: in it, and nowhere else, it is known who "
        f"held what. {report.map_worlds} worlds of the map ({report.seeds} seeds, families and scenarios in turn) and "
        f"{report.long_worlds} long worlds of the forecast."
    )
    parts = [
        "# Scores against the truth", told, "## In short", _summary(report),
        "## Where the levels are", _SAYS["ladders"], f"![Distances to the true ladder]({FIGURE})",
        _distance_table("family", report.families), _distance_table("scenario", report.scenarios),
        _distance_table("all", {"worlds": report.whole}),
        "## How many dollars", _SAYS["mass"], _mass_table(report),
        "## Bands of 90%", _SAYS["bands"], _band_table(report),
        "## Leverage", _SAYS["leverage"], *_leverage_tables(report),
        "## Capped feeds", _SAYS["capture"], _capture_table(report.capture),
    ]  # fmt: skip
    if report.long_worlds:
        parts += ["## Forecast", _calibration_text(report), _calibration_table(report)]
        parts += ["## Flushes and deleveraging", _SAYS["detection"], _detection_table(report)]
    return "\n\n".join([*parts, f"Fingerprint of the measuring source: `{report.fingerprint}`."]) + "\n"


def _summary(report: TruthReport) -> str:
    lines = [*_summary_of_map(report), _summary_of_bands(report), _summary_of_capture(report)]
    if report.long_worlds:
        lines.append(_summary_of_forecast(report))
    return _table(("aim", "found", "reached"), lines)


def _summary_of_map(report: TruthReport) -> Iterator[tuple[str, str, str]]:
    ratios = [one.ratio for sides in report.families.values() for one in sides.values()]
    floors = [
        one.floor / one.transport[one.best] for sides in report.families.values() for one in sides.values()
    ]  # fmt: skip
    yield (
        "map within 50% of the best null's distance, each family",
        f"{_range(ratios)} over families and sides; the floor itself lies at {_range(floors)}",
        _said(max(ratios) <= RATIO_AIM),
    )
    yield (
        "map nearer than a flat line, both sides",
        "; ".join(f"{side} {one.transport[MAP] / one.transport[UNIFORM]:.0%}" for side, one in report.whole.items()),
        _said(all(one.transport[MAP] < one.transport[UNIFORM] for one in report.whole.values())),
    )


def _summary_of_bands(report: TruthReport) -> tuple[str, str, str]:
    found = report.bands["all"]
    held = [found.sweeps.share, found.clusters.share, found.levels.share]
    told = f"sweeps {held[0]:.1%}, clusters {held[1]:.1%}, levels {held[2]:.1%}"
    return "bands of 90% hold 85 to 95%", told, _said(all(COVERAGE_AIM[0] <= one <= COVERAGE_AIM[1] for one in held))


def _summary_of_capture(report: TruthReport) -> tuple[str, str, str]:
    told = "; ".join(f"{name} {one.inside.share:.1%}" for name, one in report.capture.items() if "no " not in name)
    whole = report.capture.get("all venues")
    return (
        "daily totals in their 90% interval on 85% of days", told,
        _said(whole is not None and whole.inside.share >= CAPTURE_AIM),
    )  # fmt: skip


def _summary_of_forecast(report: TruthReport) -> tuple[str, str, str]:
    found = report.calibration[ISSUED]
    slope = float("nan") if found.slope is None else found.slope
    told = f"{slope:.2f} {_interval(found.low, found.high)}, {found.events} events on {found.days:,} days"
    return "calibration slope in 0.8 to 1.25", told, _said(SLOPE_AIM[0] <= slope <= SLOPE_AIM[1])


def _range(ratios: Sequence[float]) -> str:
    return f"{min(ratios):.0%} to {max(ratios):.0%}"


def _said(reached: bool) -> str:
    return "yes" if reached else "**no**"


def _distance_table(what: str, found: Mapping[str, Mapping[str, Distances]]) -> str:
    rows: list[tuple[str, ...]] = []
    for name, sides in found.items():
        for side, one in sides.items():
            cells = [_hundredths(one.transport[ladder], bold=ladder == one.best) for ladder in LADDERS]
            ratio = f"{one.ratio:.0%} {_percent_interval(one.low, one.high)}"
            rows.append((name, side, str(one.worlds), str(one.ladders), *cells, _hundredths(one.floor), ratio))
    head = (what, "side", "worlds", "ladders", *LADDERS, "floor", "ratio")
    return _table(head, rows)


def _hundredths(value: float, *, bold: bool = False) -> str:
    if not np.isfinite(value):
        return "·"
    return f"**{100 * value:.2f}**" if bold else f"{100 * value:.2f}"


def _mass_table(report: TruthReport) -> str:
    rows = [
        (name, *(f"{one.mass:.3f} [{one.mass_low:.3f}, {one.mass_high:.3f}]" for one in sides.values()))
        for name, sides in (*report.families.items(), ("all", report.whole))
    ]
    return _table(("family", *report.whole), rows)


def _band_table(report: TruthReport) -> str:
    rows = [
        (
            name, *(_share(share) for share in (one.sweeps, one.busy, one.true, one.clusters, one.levels)),
            f"{one.sweep_ratio:.2f}", f"{one.cluster_ratio:.1f}",
        )
        for name, one in report.bands.items()
    ]  # fmt: skip
    head = ("family", "sweeps", "busy", "truly closed", "clusters", "levels", "sweeps, ratio", "clusters, ratio")
    return _table(head, rows)


def _share(of: Share) -> str:
    return f"{of.share:.1%} of {of.cases:,}" if of.cases else "·"


def _leverage_tables(report: TruthReport) -> Iterator[str]:
    yield _table(
        ("side", "L1 of the prior", "opened beyond all classes"),
        [(name, f"{one.error:.2f}", f"{one.beyond:.0%}") for name, one in report.leverage.items()],
    )
    rows = [
        (
            f"{100 * distance:.2g}%",
            *(f"{one.true[k]:.1%}" for one in report.leverage.values()),
            f"{next(iter(report.leverage.values())).assumed[k]:.1%}",
        )
        for k, distance in enumerate(shipped().distances)
    ]
    yield _table(("class", *(f"{side}, true" for side in SIDES), "assumed"), rows)


def _capture_table(found: Mapping[str, Capture]) -> str:
    rows = [
        (
            name, f"{one.inside.share:.1%} of {one.inside.cases:,}", f"{one.above:.1%}", f"{one.below:.1%}",
            _three(one.reported), _three(one.estimated),
        )
        for name, one in found.items()
    ]  # fmt: skip
    return _table(("feed", "in the interval", "truth above", "truth below", "reported", "estimated"), rows)


def _three(of: tuple[float, float, float]) -> str:
    return " · ".join(f"{one:.2f}" for one in of)


def _calibration_text(report: TruthReport) -> str:
    return (
        "Each long world is walked through from its 436th day: measured total of the next day against the 93rd "
        "percentile of the days before, every model fitted anew every week on what was known. Pooled over "
        f"{report.long_worlds} worlds; intervals draw worlds anew."
    )


def _calibration_table(report: TruthReport) -> str:
    rows = [
        (
            name, f"{one.days:,}", str(one.events), f"{one.brier:.4f}", f"{one.mean_probability:.1%}",
            f"{one.frequency:.1%}", "·" if one.slope is None else f"{one.slope:.2f} {_interval(one.low, one.high)}",
        )
        for name, one in report.calibration.items()
    ]  # fmt: skip
    return _table(("model", "days", "events", "Brier", "said", "came", "slope"), rows)


def _detection_table(report: TruthReport) -> str:
    rows = [_detection(name, one) for name, one in report.flushes.items()]
    rows += [
        (f"{name}, scripted", str(one.true), f"{one.hits} ({_quotient(one.hits, one.true)})", "·", "·")
        for name, one in report.scripted.items()
        if one.true
    ]
    if report.deleveraging is not None:
        rows.append(_detection("days of deleveraging", report.deleveraging))
    return _table(("what", "true", "flagged of them", "flagged in all", "false alarms"), rows)


def _detection(name: str, one: Detection) -> tuple[str, ...]:
    false = one.flagged - one.right
    return (
        name, str(one.true), f"{one.hits} ({_quotient(one.hits, one.true)})", str(one.flagged),
        f"{false} ({_quotient(false, one.flagged)})",
    )  # fmt: skip


def _quotient(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "·"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.2f}, {high:.2f}]"


def _percent_interval(low: float, high: float) -> str:
    return f"[{low:.0%}, {high:.0%}]" if np.isfinite(low) else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


# -- the figure -------------------------------------------------------------------------------------------------------


def draw(report: TruthReport, path: Path) -> None:
    """Draw distances to the true ladder by family: the map, the nulls, and the floor."""
    import matplotlib as mpl  # noqa: PLC0415 - most of a second, only where a figure is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "runout", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(9.6, 3.8), layout="constrained")
        for axes, side in zip(figure.subplots(1, 2, sharey=True), SIDES, strict=True):
            names = [name for name, sides in report.families.items() if side in sides]
            for row, name in enumerate(names):
                _draw_row(axes, row, report.families[name][side])
            axes.set_yticks(range(len(names)), names)
            axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
            axes.set_xlim(left=0.0)
            axes.set_xlabel("mean distance to the true ladder, % of price")
            axes.set_title(f"synthetic worlds, {side}s", fontsize=9)
        handles = dict(zip(*reversed(figure.axes[0].get_legend_handles_labels()), strict=True))
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=7, frameon=False)
        figure.savefig(path, metadata={"Date": None})


_MARKERS: Final = {MAP: "D", KERNEL: "s", PATH: "x", NAIVE: "+"}


def _draw_row(axes: object, row: int, one: Distances) -> None:
    from matplotlib.axes import Axes  # noqa: PLC0415 - as above

    assert isinstance(axes, Axes)  # noqa: S101 - matplotlib's arrays of axes are untyped
    for name in (*(null for null in NULLS if null != KERNEL), KERNEL, MAP):
        value = 100 * one.transport[name]
        if np.isfinite(value):
            colour, marker = _COLOURS.get(name, "#bbbbbb"), _MARKERS.get(name, "|")
            axes.plot(value, row, marker=marker, color=colour, linestyle="none", markersize=6, label=name)
    axes.plot(100 * one.floor, row, marker=3, color=_COLOURS["floor"], linestyle="none", markersize=8, label="floor")
