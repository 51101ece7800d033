"""Candidate rows of a batch or page: collected by kind, given back checked; and the scope of a venue's series."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from runout.clock import NANOSECONDS_PER_SECOND, format_duration
from runout.records import Series
from runout.records.series import Capture
from runout.sources.protocol import REFUSED_SCHEMA, check_rows
from runout.sources.venue import Instrument, Rows
from runout.sources.wire import Batch, Reader, by_head

T = TypeVar("T")

TRADES = {
    "series": pl.String(), "coin": pl.String(), "event_time": pl.Int64(), "known_time": pl.Int64(),
    "sequence": pl.Int64(), "price": pl.Float64(), "quantity_base": pl.Float64(), "value_usd": pl.Float64(),
    "taker_buys": pl.Boolean(),
}  # fmt: skip
"""Columns of a table of trades: ``series`` is that of the bars; ``sequence`` is the venue's number of the trade."""

# A venue's clock may run ahead of ours by this much; a later event has a wrong stamp.
_CLOCK_OFFSET = 10 * NANOSECONDS_PER_SECOND
_ANYTHING: Reader[Any] = Reader(dict[str, Any])


def series_of(
    instrument: Instrument, kind: str, *, step: int = 0, measure: str = "", feed: str = "", note: str = "",
    capture: Capture = "not-applicable", instant: bool = False, lag: int = 0,
) -> Series:  # fmt: skip
    """Return the scope of a series of one instrument of a venue.

    Its name is ``venue/kind/COIN/market-SYMBOL/step``, with the measure as the last part where there is one.

    Parameters
    ----------
    instrument, kind, step, measure, feed, note, capture
        As of :class:`runout.records.Series`.
    instant, lag
        Whether the stamp is an instant; nanoseconds until a row is known.
    """
    last = format_duration(step) if step else "events"
    parts = [instrument.venue, kind, instrument.coin, f"{instrument.market}-{instrument.symbol}", last]
    return Series(
        series="/".join(parts + ([measure] if measure else [])),
        kind=kind,
        provider=instrument.venue,
        coin=instrument.coin,
        venues=(instrument.traded_at or instrument.venue,),
        instruments=instrument.symbol,
        market=instrument.market,
        margin=instrument.margin,
        measure=measure,
        feed=feed,
        capture=capture,
        step=step,
        stamp="instant" if instant else "open",
        publication_lag=lag,
        note=note,
    )


class Candidates:
    """Collects candidate rows of a batch or page, and gives them back checked.

    Parameters
    ----------
    payloads
        What the rows came from: ``row`` of a candidate is a place in it, from 0.
    received
        UTC ns of each payload.
    instruments
        Contracts that the rows may speak of; of two with one symbol the last counts.
    """

    def __init__(
        self, payloads: Sequence[bytes], received: Sequence[int], instruments: Iterable[Instrument] = ()
    ) -> None:
        self.payloads = payloads
        self.instruments = lookup(instruments)
        self.received = np.asarray(received, np.int64)
        self.unknown: dict[str, int] = {}
        self.cases: dict[str, int] = {}
        self.refused: list[tuple[int, str, bytes]] = []
        self._tables: dict[str, list[pl.DataFrame]] = {}
        self._series: dict[str, Series] = {}
        self._coded: tuple[Sequence[str], list[str], NDArray[np.int64]] | None = None

    def read(self, reader: Reader[T], places: Sequence[int]) -> Batch[T]:
        """Return what the payloads at ``places`` hold, noting what is refused and unknown."""
        whole = len(places) == len(self.payloads)
        return self.take(reader.read(self.payloads if whole else [self.payloads[row] for row in places], places))

    def take(self, batch: Batch[T]) -> Batch[T]:
        """Note what was refused and unknown in a batch, and return it."""
        self.refused += batch.refused
        self.note(batch.unknown)
        return batch

    def take_whole(self, reader: Reader[T]) -> T:
        """Return what the one payload, an answer, holds.

        Raises
        ------
        SchemaError
            If it is of no known form.
        """
        return self.take(reader.read_whole(self.payloads[0])).values[0]

    def note(self, unknown: Mapping[str, int]) -> None:
        """Count what no structure knows."""
        for key, number in unknown.items():
            self.unknown[key] = self.unknown.get(key, 0) + number

    def meet(self, case: str) -> None:
        """Count a case of what is unsettled of the venue."""
        self.cases[case] = self.cases.get(case, 0) + 1

    def known(self, rows: Sequence[int], event_time: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when rows of a stream were known: received, but not before they happened by a clock ahead of ours."""
        return np.maximum(self.received[pl.Series(rows, dtype=pl.Int64).to_numpy()], event_time)

    def coded(self, symbols: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
        """Return the different symbols, and the place of each symbol among them; of the last list it is kept."""
        if self._coded is None or self._coded[0] is not symbols:
            place = {symbol: number for number, symbol in enumerate(dict.fromkeys(symbols))}
            alike = len(place) == 1
            places = np.zeros(len(symbols), np.int64) if alike else np.array([place[s] for s in symbols], np.int64)
            self._coded = symbols, list(place), places
        return self._coded[1:]

    def describe(self, series: Series) -> None:
        """Note the scope of a series."""
        self._series[series.series] = series

    def add(self, kind: str, rows: pl.DataFrame) -> None:
        """Add candidates with their columns, ``row`` among them; those without a series are of unknown symbols."""
        known = rows.filter(pl.col("series").is_not_null()) if rows["series"].null_count() else rows
        if known.height:
            self._tables.setdefault(kind, []).append(known)

    def restrict(self, since: int, until: int) -> None:
        """Keep what speaks of a stretch (UTC ns), its ends included."""
        inside = (pl.col("event_time") - pl.col("span") >= since) & (pl.col("event_time") <= until)
        self._tables = {kind: [part.filter(inside) for part in parts] for kind, parts in self._tables.items()}

    def rows(self) -> Rows:
        """Return sound rows, refusals and counts."""
        latest = int(self.received.max(initial=0)) + _CLOCK_OFFSET
        tables: dict[str, pl.DataFrame] = {}
        refused = [pl.DataFrame([(row + 1, f, raw) for row, f, raw in self.refused], REFUSED_SCHEMA, orient="row")]
        for kind, parts in self._tables.items():
            candidates = pl.concat(parts, how="diagonal")
            if kind == "trades":
                tables[kind] = candidates.select(*TRADES).cast(pl.Schema(TRADES))
                continue
            sound, faulty = check_rows(candidates, kind, now=latest, raw_of=self._raw)
            refused.append(faulty.with_columns(row=pl.col("row") + 1))
            # Feeds repeat themselves (a snapshot after subscribing, pages that overlap): the same row counts once.
            distinct = sound["event_time"].n_unique() == sound.height
            tables[kind] = sound if distinct else sound.unique(maintain_order=True)
        used = {name for table in tables.values() for name in table["series"].unique()}
        return Rows(
            series=tuple(self._series[name] for name in sorted(used & set(self._series))),
            tables={kind: table for kind, table in tables.items() if table.height},
            refused=pl.concat(refused).sort("row", maintain_order=True),
            unknown=dict(sorted(self.unknown.items())),
            cases=dict(sorted(self.cases.items())),
        )

    def _raw(self, bad: pl.DataFrame) -> list[bytes]:
        return [self.payloads[row] for row in bad["row"].to_list()]


Taker = Callable[[Candidates, Sequence[int]], None]
"""Adds the rows of the frames at some places of a batch."""


def nothing(candidates: Candidates, places: Sequence[int]) -> None:
    """Leave frames alone that carry nothing: a pong that is no JSON, a stream that only proves life."""
    del candidates, places


def read_frames(
    head: Callable[[bytes], str],
    takers: Mapping[str, Taker],
    payloads: Sequence[bytes],
    received: Sequence[int],
    instruments: Iterable[Instrument],
) -> Rows:
    """Return the rows of a batch of frames.

    Parameters
    ----------
    head
        Says of which channel a frame is; empty where it is an answer or a heartbeat.
    takers
        What reads the frames of each channel; others are counted.
    payloads, received, instruments
        As :meth:`runout.sources.venue.Venue.normalise` has them.
    """
    candidates = Candidates(payloads, received, instruments)
    for channel, places in by_head(payloads, head).items():
        take = takers.get(channel)
        if take is not None:
            take(candidates, places)
        elif channel:
            candidates.note({f"channel {channel}": len(places)})
        else:
            candidates.read(_ANYTHING, places)
    return candidates.rows()


def lookup(instruments: Iterable[Instrument], markets: Iterable[str] = ()) -> dict[str, Instrument]:
    """Return instruments by the venue's symbol, of the given markets or of all."""
    requested = set(markets)
    return {i.symbol: i for i in instruments if not requested or i.market in requested}
