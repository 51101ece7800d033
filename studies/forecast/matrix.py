"""What whoever asks gets: a level, or a refusal that names the series, for what people have and for eight days."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from runout.clock import parse_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.forecasts import issue_forecast
from runout.records import Series
from runout.units import percent
from studies.forecast.grounds import DAY

DATES: Final = (
    "2025-08-14", "2025-08-18", "2025-09-22", "2025-10-09", "2025-10-10", "2025-11-21", "2025-12-16", "2026-02-05",
)  # fmt: skip
KEYLESS_DAYS: Final = 30
Keep = Callable[[Series], bool]
_MARKET = ("bars", "open_interest", "funding")


def _hourly(one: Series) -> bool:
    return one.provider == "btc-hourly" or (one.provider == "binance-open-interest" and one.kind == "open_interest")


def _fine(one: Series) -> bool:
    return one.provider == "coinglass" and one.step == DAY // 6


def _daily(one: Series) -> bool:
    return one.provider == "coinglass" and one.step == DAY


def _keyless(one: Series) -> bool:
    return one.kind in _MARKET and 0 < one.step < DAY and one.coin == "BTC" and one.venues == ("binance",)


HOLDINGS: Final[dict[str, tuple[Keep, int | None]]] = {
    "BTC hourly, three venues, from 2025-11-23": (_hourly, None),
    "four coins by 4 h on Binance, to 2025-11-14": (_fine, None),
    "30 days of prices and open interest of BTC on Binance": (_keyless, KEYLESS_DAYS),
    "seven coins daily, three venues, to 2025-09-08": (_daily, None),
    "one coin (BTC) daily, three venues, to 2025-09-08": (lambda one: _daily(one) and one.coin == "BTC", None),
}
"""What somebody has: which series, and of how many days before the date asked (None: all)."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: a level with its chance, lead of the data and scope; or why there is none."""

    level: int | None
    chance: float | None
    lead: int = 0
    measured: bool = True
    refused: str = ""

    def text(self) -> str:
        """Return the answer for a table."""
        if self.level is None or self.chance is None:
            return "refused"
        late = "" if self.lead == 1 else f", {self.lead} days after the data"
        return f"{self.level} · {percent(self.chance)}{'' if self.measured else ', from prices'}{late}"


def matrix(lake: Lake) -> dict[str, dict[str, Cell]]:
    """Return the answer of every holding at every date."""
    return {name: dict(_row(lake, keep, days)) for name, (keep, days) in HOLDINGS.items()}


def _row(lake: Lake, keep: Keep, days: int | None) -> Iterator[tuple[str, Cell]]:
    with tempfile.TemporaryDirectory() as folder:
        whole = None if days else part_of(lake, keep, Path(folder) / "whole")
        for date in DATES:
            at = parse_time(date)
            yield date, cell(whole or part_of(lake, keep, Path(folder) / date, at - (days or 0) * DAY), at)


def part_of(lake: Lake, keep: Keep, folder: Path, since: int | None = None) -> Lake:
    """Return a new lake with some series of another, from a moment on."""
    part = Lake(folder)
    chosen = [one for one in lake.series() if keep(one)]
    part.register(chosen)
    for kind in sorted({one.kind for one in chosen}):
        names = [one.series for one in chosen if one.kind == kind]
        rows = lake.scan(kind).filter(pl.col("series").is_in(names))
        rows = rows if since is None else rows.filter(pl.col("event_time") > since)
        if (kept := rows.collect()).height:
            part.append(kind, kept)
    return part


def cell(lake: Lake, at: int) -> Cell:
    """Return what a lake answers at a moment."""
    try:
        made = issue_forecast(lake, "BTC", at, moves=())
    except NotEnoughDataError as refusal:
        return Cell(level=None, chance=None, refused=str(refusal).replace(str(lake.root), "the lake"))
    first = made.windows[0]
    chance = next((one.probability for one in first.headline if one.theta_usd == 1e9), None)
    return Cell(level=int(first.level or 0), chance=chance, lead=first.lead, measured=bool(made.totals))
