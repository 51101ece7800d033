"""The track record of a replayed period: a page, its figure, and every day as CSV."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from runout.forecast.danger import DangerLevel
from runout.forecast.targets import DANGER_USD
from runout.pipeline.replay import LevelRecord, Replayed
from runout.units import dollars, percent
from runout.version import CODE_VERSION, METHOD_VERSION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAGE, FIGURE, TABLE = "track-record.md", "track-record.svg", "track-record.csv"
_ALARM: Final = 4
"""From this level on a day counts as a warning in the tables."""
_COLOURS: Final = {1: "#d8c98a", 2: "#f3c55b", 3: "#e58a2b", 4: "#ad3d1f", 5: "#521136"}


def write_track_record(coin: str, days: Sequence[Replayed], records: Sequence[LevelRecord], folder: Path) -> list[Path]:
    """Write page, figure and table of a replayed period to ``folder``, and return their paths.

    Parameters
    ----------
    coin
        Base asset that the replay was of.
    days
        At least one, in order of time.
    records
        How each level fared in them.
    folder
        Made if absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(coin, days, records), encoding="utf-8")
    draw(days, records, folder / FIGURE)
    (folder / TABLE).write_text(comma_separated(days), encoding="utf-8")
    return [folder / name for name in (PAGE, FIGURE, TABLE)]


def page(coin: str, days: Sequence[Replayed], records: Sequence[LevelRecord]) -> str:
    """Return the page as Markdown: how each level fared, the warnings, and the waves that came without one."""
    over = [replayed for replayed in days if replayed.estimated_usd is not None]
    waves = [replayed for replayed in over if _is_wave(replayed)]
    warned = [replayed for replayed in waves if replayed.level >= _ALARM]
    alarms = [replayed for replayed in over if replayed.level >= _ALARM]
    reported = (
        f"Written by `runout replay {coin} --from {days[0].day} --to {days[-1].day}` (code {CODE_VERSION}, methods "
        f"{METHOD_VERSION}); do not edit. Every forecast is as it would have been issued at the start of its UTC day, "
        f"from what was known then. A *wave* is a day whose headline is estimated at {dollars(DANGER_USD)} or more: "
        "measured liquidations times the median ratio of its time. That estimate is itself uncertain by about a factor "
        "of two, so days near the line may be on either side of it."
    )
    counted = (
        f"Of {len(over)} days, {len(waves)} were waves; {len(warned)} of them came at level {_ALARM} or 5. Of "
        f"{len(alarms)} days at level {_ALARM} or 5, {len(alarms) - len(warned)} passed without one."
    )
    parts = [
        "# Track record",
        reported,
        counted,
        f"![Levels by day, what followed, and how each level fared]({FIGURE})",
        "## How each level fared",
        _table(
            ("level", "days", "said, on average", "waves", "frequency", "90% interval (Wilson)"),
            [_record_row(level_record) for level_record in records],
        ),
        "Days follow each other and are alike, so the intervals are too narrow.",
        "## Waves",
        _table(
            ("day", "level", f"P(≥ {dollars(DANGER_USD)})", "measured", "headline, estimated"),
            [_day_row(replayed) for replayed in waves],
        )
        if waves
        else "None.",
        f"All days stand in `{TABLE}`.",
    ]
    return "\n\n".join(parts) + "\n"


def comma_separated(days: Sequence[Replayed]) -> str:
    """Return every day as CSV: level and chance as issued, dollars that followed (empty where the day is not over)."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(("day", "level", "probability", "measured_usd", "estimated_headline_usd"))
    for replayed in days:
        known = ("" if usd is None else round(usd) for usd in (replayed.measured_usd, replayed.estimated_usd))
        writer.writerow((replayed.day, replayed.level, round(replayed.probability, 6), *known))
    return sheet.getvalue()


def draw(days: Sequence[Replayed], records: Sequence[LevelRecord], path: Path) -> None:
    """Draw chance and outcome by day, and what each level said beside what came of it, as SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - most of a second, only where a figure is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import FuncFormatter, PercentFormatter  # noqa: PLC0415

    time = np.array([replayed.day for replayed in days], dtype="datetime64[D]")
    colours = [_COLOURS[replayed.level] for replayed in days]
    with mpl.rc_context({"svg.hashsalt": "runout", "svg.fonttype": "none", "font.size": 8, "axes.spines.top": False}):
        figure = Figure(figsize=(9.6, 4.6), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(3.2, 1))
        chances, totals, outcomes = (figure.add_subplot(place) for place in (grid[0, 0], grid[1, 0], grid[:, 1]))
        chances.bar(time, [replayed.probability for replayed in days], color=colours, width=1.0)
        chances.set_yscale("log")
        chances.set_ylabel(f"chance of {_plain(DANGER_USD)}, as issued")
        chances.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1))
        totals.bar(time, [replayed.estimated_usd or np.nan for replayed in days], color=colours, width=1.0)
        totals.set_yscale("log")
        totals.axhline(DANGER_USD, color="#22272e", linewidth=0.8, dashes=(3, 2))
        totals.set_ylabel("headline that day, estimated")
        totals.yaxis.set_major_formatter(FuncFormatter(_tick))
        totals.sharex(chances)
        _draw_outcomes(outcomes, records)
        figure.savefig(path, metadata={"Date": None})


def _draw_outcomes(on: "Axes", records: Sequence[LevelRecord]) -> None:
    from matplotlib.ticker import PercentFormatter  # noqa: PLC0415

    level = [level_record.level for level_record in records]
    share = np.array([level_record.waves / level_record.days for level_record in records])
    bounds = np.array([[level_record.interval.low, level_record.interval.high] for level_record in records]).T
    on.errorbar(
        level, share, yerr=np.abs(bounds - share), fmt="o", color="#22272e", capsize=3, label="days that were waves"
    )
    on.scatter(
        level, [item.mean_chance for item in records], marker="_", s=300, color="#c65a11", label="said, on average"
    )
    on.set_xticks(level, [f"{level_record.level}\n{level_record.days} d" for level_record in records])
    on.set_xlabel("danger level")
    on.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    on.set_ylim(bottom=0.0)
    on.legend(frameon=False, loc="upper left")


def _tick(usd: float, _: int) -> str:
    return _plain(usd)


def _plain(usd: float) -> str:
    return dollars(usd).replace("$", r"\$")


def _is_wave(replayed: Replayed) -> bool:
    return replayed.estimated_usd is not None and replayed.estimated_usd >= DANGER_USD


def _record_row(level_record: LevelRecord) -> tuple[str, ...]:
    interval = f"{percent(level_record.interval.low)} to {percent(level_record.interval.high)}"
    name = f"{level_record.level} {DangerLevel(level_record.level).word}"
    return (
        name,
        str(level_record.days),
        percent(level_record.mean_chance),
        str(level_record.waves),
        percent(level_record.waves / level_record.days),
        interval,
    )


def _day_row(replayed: Replayed) -> tuple[str, ...]:
    amounts = (dollars(replayed.measured_usd), dollars(replayed.estimated_usd))
    return replayed.day, f"{replayed.level} {DangerLevel(replayed.level).word}", percent(replayed.probability), *amounts


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, [":--", *("--:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
