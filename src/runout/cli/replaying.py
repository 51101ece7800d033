"""``runout replay``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.table import Table

from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.progress import progress_bar
from runout.clock import parse_time
from runout.forecast.danger import DangerLevel
from runout.forecast.targets import DANGER_USD
from runout.pipeline.issue_bulletin import publish
from runout.pipeline.replay import LevelRecord, Replayed, by_level
from runout.pipeline.replay import replay as replay_job
from runout.pipeline.track_record import write_track_record
from runout.render import encoding
from runout.units import dollars, percent


def replay(
    coin: str = "BTC",
    /,
    *,
    first: Annotated[str, Parameter(name="--from")],
    last: Annotated[str, Parameter(name="--to")],
    lake: str | None = None,
    out: Path | None = None,
    workers: int = 2,
) -> None:
    """Issue the forecasts of a past period as they would have been, and show what followed.

    Every forecast goes to the ledger, once and for good; a second run adds none. Interrupted, it goes on.

    Parameters
    ----------
    coin
        Base asset.
    first
        First UTC day.
    last
        Last UTC day.
    lake
        Folder of the lake.
    out
        Folder for the track record (page, figure, table) and the bulletin of each day as JSON; without it no
        file is written, and the forecasts go to the ledger all the same.
    workers
        Processes.
    """
    store = open_lake(lake)
    with progress_bar("replay") as progress:
        days = replay_job(
            store, coin.upper(), time_option(first), time_option(last), workers=workers, progress=progress
        )
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            for number, row in enumerate(days, start=1):
                progress(f"bulletin of {row.day}", number, len(days))
                built = publish(store, coin.upper(), parse_time(row.day))
                (out / f"{coin.upper()}-{row.day}.json").write_bytes(encoding.encode(built))
    records = by_level(store, coin.upper(), days)
    console = screen.console()
    console.print(_days(days))
    console.print(_levels(records))
    if out is not None:
        for path in write_track_record(coin.upper(), days, records, out):
            console.print(f"wrote {path}", soft_wrap=True)


def _days(days: list[Replayed]) -> Table:
    table = Table(title="Danger level by day, and what followed", title_justify="left", box=None, pad_edge=False)
    for header in ("day", "level", f"P(≥ {dollars(DANGER_USD)})", "measured", "headline, estimated"):
        table.add_column(header, justify="left" if header == "day" else "right")
    for row in days:
        wave = " ◀" if (row.estimated_usd or 0.0) >= DANGER_USD else ""
        values = (dollars(row.measured_usd), dollars(row.estimated_usd) + wave)
        table.add_row(row.day, f"{row.level} {DangerLevel(row.level).word}", percent(row.probability), *values)
    return table


def _levels(records: list[LevelRecord]) -> Table:
    title = f"How each level fared: days followed by an estimated {dollars(DANGER_USD)} or more (90% Wilson interval)"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for header in ("level", "days", "said", "waves", "frequency", "interval"):
        table.add_column(header, justify="left" if header == "level" else "right")
    for level_record in records:
        interval = f"{percent(level_record.interval.low)} to {percent(level_record.interval.high)}"
        name = f"{level_record.level} {DangerLevel(level_record.level).word}"
        share = percent(level_record.waves / level_record.days)
        table.add_row(
            name, str(level_record.days), percent(level_record.mean_chance), str(level_record.waves), share, interval
        )
    return table
