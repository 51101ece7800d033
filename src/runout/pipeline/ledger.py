"""Keep the ledger: issue what is missing, in order of time, and never anything twice."""

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from multiprocessing import get_context

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_date, now_ns, start_of_day
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.ledger import FIRST, BrokenLink, Entry, broken_links, chain
from runout.forecast.record import AskedForecast, Forecast
from runout.lake import Lake, Table
from runout.pipeline.progress import Progress, no_progress
from runout.records import KINDS
from runout.version import METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
_BATCH = 16


def entries(lake: Lake, coin: str, *, at: int | None = None) -> list[Entry]:
    """Return the entries of ``coin`` by the present methods that could be read at ``at``, in order of their moment."""
    rows = lake.scan("ledger").filter(pl.col("coin") == coin, pl.col("method_version") == METHOD_VERSION)
    if at is not None:
        rows = rows.filter(pl.col("known_time") <= at)
    return [Entry(**row) for row in rows.sort("event_time", "sequence").collect().iter_rows(named=True)]


def audit(lake: Lake) -> list[BrokenLink]:
    """Return what is wrong with the lake's ledger; empty for a sound one."""
    return broken_links(lake.scan("ledger").collect())


def recent_origins(lake: Lake, days: int) -> list[int]:
    """Return the last ``days`` UTC midnights at which a forecast can be made from what the lake holds."""
    rows = [lake.scan(kind).select(pl.col("known_time").max()) for kind in ("liquidations", "bars")]
    newest = max((time for time in (item.item() for item in pl.collect_all(rows)) if time is not None), default=None)
    return [] if newest is None else [start_of_day(newest) - back * DAY for back in reversed(range(days))]


def issue_daily(
    lake: Lake, coin: str, origins: Sequence[int], *, workers: int = 1, progress: Progress = no_progress
) -> int:
    """Issue the forecasts of ``origins`` (UTC ns) that the ledger does not hold yet, and return how many.

    Forecasts are made by ``workers`` processes and written by this one, sixteen at a time, in order of their moment:
    an interrupted run goes on where it stopped. Origins without enough data before them are passed over.

    Parameters
    ----------
    lake, coin
        Where, and the base asset.
    origins
        UTC ns.
    workers
        Processes.
    progress
        Called as batches begin.
    """
    stored = {entry.event_time for entry in entries(lake, coin)}
    missing = sorted(set(origins) - stored)
    written = 0
    with _mapping(min(workers, len(missing))) as mapped:
        for first in range(0, len(missing), _BATCH):
            batch = missing[first : first + _BATCH]
            progress(f"forecast of {format_date(batch[0])}", min(first + _BATCH, len(missing)), len(missing))
            forecasts = mapped(_issued_at, repeat(lake.root), repeat(coin), batch)
            written += append(lake, [forecast for forecast in forecasts if forecast is not None])
    return written


def forecast_of_day(lake: Lake, coin: str, at: int) -> pl.DataFrame:
    """Return the ledger row of the UTC day that holds ``at``: as held, else made in memory; none if it is refused.

    Nothing is written. A forecast made here is the one that would have been issued at the start of the day.
    """
    origin = start_of_day(at)
    own = (pl.col("coin") == coin) & (pl.col("event_time") == origin) & (pl.col("method_version") == METHOD_VERSION)
    metrics = lake.scan("ledger").filter(own).sort("sequence").tail(1).collect()
    if metrics.height:
        return metrics
    forecast = _issued(lake, coin, origin)
    built = [] if forecast is None else [chain(forecast, sequence=1, previous=FIRST, issued_time=origin)]
    return pl.DataFrame([msgspec.structs.asdict(item) for item in built], schema=KINDS["ledger"].dtypes)


def forecast_at(lake: Lake, coin: str, at: int) -> AskedForecast:
    """Return the forecast of the UTC day that holds ``at``, its conditions counted from the price at ``at``.

    What the ledger holds is read, else the forecast is made in memory; nothing is written.

    Raises
    ------
    NotEnoughDataError
        If the forecast is refused (:func:`runout.pipeline.forecasts.issue_forecast`).
    """
    from runout.pipeline.forecasts import issue_forecast  # noqa: PLC0415 - the models, only where one is fitted

    rows = forecast_of_day(lake, coin, at)
    built = issue_forecast(lake, coin, start_of_day(at)) if rows.is_empty() else Entry(**rows.row(0, named=True)).read()
    answer = from_now(lake, built, at)
    used = [
        item for item in lake.series(at=at) if item.series in answer.totals or (item.coin, item.kind) == (coin, "bars")
    ]
    fields = {name: getattr(answer, name) for name in answer.__struct_fields__}
    return AskedForecast(**fields, asked_at=at, synthetic=any(item.synthetic for item in used))


def from_now(lake: Lake, forecast: Forecast, at: int) -> Forecast:
    """Return a forecast with the next 24 h from ``at`` (UTC ns) and its conditions counted from the price then.

    Also at the start of its day: entries of the ledger may hold conditions of an earlier definition, without a price.
    """
    from runout.pipeline.forecasts import falls_from_now, next_24h  # noqa: PLC0415 - the models, only where one is fitted

    try:
        conditions = falls_from_now(lake, forecast.coin, at)
    except (NotEnoughDataError, UsageError):
        conditions = ()
    try:
        following = forecast.windows[0] if at == forecast.at else next_24h(lake, at)
    except NotEnoughDataError:
        following = None
    return msgspec.structs.replace(forecast, conditions=conditions, next_24h=following)


@contextmanager
def _mapping(workers: int) -> Generator[Callable[..., Iterable[Forecast | None]]]:
    """Give a ``map`` over so many processes; over none with one worker."""
    if workers <= 1:
        yield map
        return
    # Spawned, since a fork of a process that runs threads (polars) can hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _issued_at(root: str, coin: str, at: int) -> Forecast | None:
    return _issued(Lake(root), coin, at)


def _issued(lake: Lake, coin: str, at: int) -> Forecast | None:
    from runout.pipeline.forecasts import issue_forecast  # noqa: PLC0415 - the models, only where one is fitted

    try:
        # Conditions are counted from the price of whoever asks (from_now): none are kept.
        return issue_forecast(lake, coin, at, moves=())
    except NotEnoughDataError:
        return None


def append(lake: Lake, forecasts: Sequence[Forecast]) -> int:
    """Write forecasts to the end of the ledger, in their order, and return how many another process had not issued."""
    return lake.extend("ledger", lambda written: _linked(written, forecasts)).height


def _linked(written: Table, forecasts: Sequence[Forecast]) -> pl.DataFrame:
    """Return ``forecasts`` as entries after those written, without what another process issued meanwhile."""
    times = [forecast.at for forecast in forecasts]
    beside = written.rows(event_time=(min(times, default=0), max(times, default=0)))
    issued = set(beside.select("coin", "event_time", "method_version").collect().iter_rows())
    last = written.last("sequence")
    sequence, previous = (0, FIRST) if last.is_empty() else (last["sequence"][0], last["entry_hash"][0])
    linked: list[Entry] = []
    for forecast in forecasts:
        if (forecast.coin, forecast.at, forecast.method_version) not in issued:
            sequence += 1
            linked.append(chain(forecast, sequence=sequence, previous=previous, issued_time=now_ns()))
            previous = linked[-1].entry_hash
    return pl.DataFrame([msgspec.structs.asdict(entry) for entry in linked], schema=KINDS["ledger"].dtypes)
