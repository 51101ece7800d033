"""The pages of the forecast's scores, as Markdown, and the log of runs."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from runout.clock import format_time
from runout.scores import PairedDifference
from runout.units import dollars, percent
from runout.version import METHOD_VERSION
from studies.forecast.matrix import DATES, Cell
from studies.forecast.study import Compared, EventHeld, LevelRow, Report

PAGE, MATRIX, LOG = "forecast.md", "forecast-matrix.md", "log.jsonl"
LOOKS = 2
"""Looks at autumn 2025 so far: one by mistake at a draft of the next 24 h, and the table of the page."""
_MATRIX_TEXT = (
    "Danger level and chance of at least $1B market-wide in the UTC day, asked at its start from what was known then, "
    "by what somebody holds. *From prices*: no totals of liquidations, shipped parameters alone."
)
_PAGE_TEXT = (
    "[The model](../forecast.md) was fitted and chosen on days before 2025; 2025 to August is reported, autumn 2025 is "
    f"told once (looks at it: {LOOKS}). Scopes: the sum and each coin; rows of one day are averaged, then blocks of "
    "ten days are resampled (95% intervals). Thresholds are what 15% and 5% of the year before a period reached. "
    "Differences are the issued model less the other: below zero it is better."
)
_FOLLOWING_TEXT = "Four coins on Binance and their sum, totals from 2024-11-14 on, no day before it."
_NEWCOMER_TEXT = (
    "Sixty random dates of 2025, three scopes: all totals before the last n days hidden, prices and open interest not. "
    "Skill is that over the past year's climatology (which a newcomer does not have)."
)
_TAILS_TEXT = (
    "Share of days beyond quantiles of their forecast, all scopes at once; limits: 95% of a binomial count of days, "
    "since scopes of one day are alike."
)


def write_report(report: Report, out: Path, *, run_time: int, commit: str) -> list[Path]:
    """Write the page, add the run to the log, and return what was written."""
    out.mkdir(parents=True, exist_ok=True)
    (out / PAGE).write_text(page(report, commit), encoding="utf-8")
    figures = [_figures(one) for one in (*report.day, *report.following)]
    entry = {
        "run": format_time(run_time), "commit": commit, "method_version": METHOD_VERSION, "study": "forecast",
        "looks_at_autumn_2025": LOOKS, "scores": figures,
    }  # fmt: skip
    with (out / LOG).open("a", encoding="utf-8") as log:
        log.write(msgspec.json.encode(entry).decode() + "\n")
    return [out / PAGE, out / LOG]


def write_matrix(cells: dict[str, dict[str, Cell]], out: Path, *, commit: str) -> list[Path]:
    """Write the table of who gets which level, and return its path."""
    out.mkdir(parents=True, exist_ok=True)
    (out / MATRIX).write_text(matrix_page(cells, commit), encoding="utf-8")
    return [out / MATRIX]


def matrix_page(cells: dict[str, dict[str, Cell]], commit: str) -> str:
    """Return the table of levels by what somebody has and by date, with the refusals in full."""
    rows = [[name, *(row[date].text() for date in DATES)] for name, row in cells.items()]
    refusals = [
        f"- {name}, {date}: {cell.refused}."
        for name, row in cells.items()
        for date, cell in row.items()
        if cell.refused
    ]
    parts = [
        "# Whoever asks",
        f"Written by `python -m studies.forecast matrix` at commit `{commit}`; do not edit. {_MATRIX_TEXT}",
        _table(("held", *DATES), rows),
        "The refusals:" if refusals else "No refusals.",
        "\n".join(refusals),
    ]
    return "\n\n".join(parts).rstrip() + "\n"


def page(report: Report, commit: str) -> str:
    """Return the scores as Markdown."""
    parts = [
        "# Scores of the forecast",
        f"Written by `python -m studies.forecast score` at commit `{commit}`; do not edit. {_PAGE_TEXT}",
        "## The UTC day",
        _compared(report.day),
        "## The next 24 h, asked at every fourth hour",
        _FOLLOWING_TEXT,
        _compared(report.following),
        "## A newcomer's first days",
        _NEWCOMER_TEXT,
        _newcomers(report),
        "## Tails",
        _TAILS_TEXT,
        _tails(report),
        "## Calibration slopes",
        _slopes(report),
        "## Levels",
        "Classes of the chance to reach what 5% of the year before reached, all scopes at once.",
        _levels(report.levels, "days × scopes"),
        "Asked at each fourth hour for the 24 h from it, four coins on Binance and their sum:",
        _levels(report.levels_by_hour, "hours × scopes"),
        "## The market-wide ratio",
        *(part for name, held in report.events.items() for part in _events(name, held)),
    ]
    return "\n\n".join(parts) + "\n"


def _figures(one: Compared) -> dict[str, object]:
    brier = {name: _three(value) for name, value in one.brier.items()}
    return {"period": one.period, "other": one.other, "cases": one.cases, "crps": _three(one.crps), "brier": brier}


def _compared(rows: Sequence[Compared]) -> str:
    return _table(
        ("period", "beside", "days × scopes", "CRPS of ln L", "Brier at 15%", "Brier at 5%"),
        [
            (one.period, one.other, str(one.cases), _said(one.crps), *(_said(value) for value in one.brier.values()))
            for one in rows
        ],
    )


def _newcomers(report: Report) -> str:
    rows = [
        (
            str(one.days), f"{one.crps:.4f}", _share(one.kept), f"{_share(one.low)} to {_share(one.high)}",
            _share(one.brier_kept),
        )
        for one in report.newcomers
    ]  # fmt: skip
    return _table(("own days", "CRPS", "skill kept, CRPS", "95%", "skill kept, Brier at 15%"), rows)


def _tails(report: Report) -> str:
    rows = [
        (
            one.period, f"{one.beyond:g}", str(one.cases), percent(one.share, digits=2),
            f"{percent(one.low, digits=2)} to {percent(one.high, digits=2)}",
        )
        for one in report.tails
    ]  # fmt: skip
    return _table(("period", "quantile", "days × scopes", "beyond", "limits"), rows)


def _slopes(report: Report) -> str:
    rows = [
        (name, *(f"{value:.2f} [{low:.2f}, {high:.2f}]" for value, low, high in row.values()))
        for name, row in report.slopes.items()
    ]
    return _table(("period", "at 15%", "at 5%"), rows)


def _levels(levels: Sequence[LevelRow], counted: str) -> str:
    rows = [(one.period, str(one.level), str(one.days), percent(one.said), percent(one.came)) for one in levels]
    return _table(("period", "level", counted, "said", "came"), rows)


def _events(name: str, held: Sequence[EventHeld]) -> tuple[str, str]:
    largest = sorted(held, key=lambda one: -one.headline_usd)[: max(len(held) // 3, 1)]
    share, top = (sum(one.held for one in part) / len(part) for part in (held, largest))
    said = (
        f"{name}: {len(held)} published figures, each left out in turn; 80% intervals hold {_share(share)}, and "
        f"{_share(top)} of the {len(largest)} largest:"
    )
    rows = [
        (
            one.event, dollars(one.measured_usd), dollars(one.headline_usd),
            f"{dollars(one.low_usd)} to {dollars(one.high_usd)}", "yes" if one.held else "no",
        )
        for one in largest
    ]  # fmt: skip
    return said, _table(("event", "measured", "published", "80% interval", "held"), rows)


def _share(of: float) -> str:
    return percent(of, digits=0)


def _said(of: PairedDifference) -> str:
    return f"{of.mean:+.4f} [{of.low:+.4f}, {of.high:+.4f}]".replace("-", "−")


def _three(of: PairedDifference) -> list[float]:
    return [round(value, 5) for value in (of.mean, of.low, of.high)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, [":--", *("--:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
