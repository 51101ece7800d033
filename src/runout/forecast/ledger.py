"""The chain of issued forecasts: each entry's hash covers its content and the entry before, so none can be changed."""

import hashlib
from typing import NamedTuple

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.forecast.record import Forecast

FIRST = "0" * 64
_DIGITS = 10


class BrokenLink(NamedTuple):
    """What is wrong with an entry, of which coin and moment (UTC ns)."""

    coin: str
    moment: int
    statement: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain.

    Parameters
    ----------
    sequence
        Place, from 1.
    coin
        Coin of the forecast.
    event_time, known_time
        UTC ns: the moment the forecast is as of.
    issued_time
        UTC ns: the clock when it was written.
    forecast
        Its JSON.
    previous, entry_hash
        Hash of the entry before, and of this one (hex).
    method_version
        Methods that made it.
    """

    sequence: int
    coin: str
    event_time: int
    known_time: int
    issued_time: int
    forecast: bytes
    previous: str
    entry_hash: str
    method_version: str

    @property
    def live(self) -> bool:
        """Whether it was written within a day of its moment, before its outcome could be known; else in a replay."""
        return self.issued_time - self.event_time < NANOSECONDS_PER_DAY

    def read(self) -> Forecast:
        """Return the forecast as issued."""
        return msgspec.json.decode(self.forecast, type=Forecast)


def chain(forecast: Forecast, *, sequence: int, previous: str, issued_time: int) -> Entry:
    """Return the entry of ``forecast`` after the one whose hash is ``previous``; ``issued_time`` is UTC ns."""
    content = msgspec.json.encode(_rounded(msgspec.to_builtins(forecast)))
    entry = Entry(
        sequence=sequence,
        coin=forecast.coin,
        event_time=forecast.at,
        known_time=forecast.at,
        issued_time=issued_time,
        forecast=content,
        previous=previous,
        entry_hash="",
        method_version=forecast.method_version,
    )
    return msgspec.structs.replace(entry, entry_hash=_hash(entry))


def without_chain(entries: pl.DataFrame) -> pl.DataFrame:
    """Return ``ledger`` rows numbered by their moment, without clock and hashes: what was said.

    Two lakes that hold the same forecasts, issued in another order, then hold the same.
    """
    blank = {"issued_time": 0, "previous": "", "entry_hash": ""}
    ordered = entries.sort("coin", "event_time", "forecast")
    return ordered.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("sequence"),
        *(pl.lit(value, dtype=entries.schema[name]).alias(name) for name, value in blank.items()),
    )


def broken_links(entries: pl.DataFrame) -> list[BrokenLink]:
    """Return what is wrong with a chain; empty for a sound one.

    Parameters
    ----------
    entries
        ``ledger`` rows.

    Notes
    -----
    That the last entries are missing cannot be seen from those before: publish the last hash to prove it.
    """
    faults: list[BrokenLink] = []
    previous, expected = FIRST, 1
    for row in entries.sort("sequence").iter_rows(named=True):
        item = Entry(**row)
        wrong = [
            (item.sequence != expected, f"expected entry {expected}: entries are missing or repeated"),
            (item.previous != previous, "does not follow the entry before it: one of them was changed"),
            (_hash(item) != item.entry_hash, "its content differs from its hash: it was changed after issue"),
        ]
        faults += [
            BrokenLink(item.coin, item.event_time, f"entry {item.sequence}: {text}") for is_so, text in wrong if is_so
        ]
        previous, expected = item.entry_hash, item.sequence + 1
    return faults


def _rounded(value: object) -> object:
    """Return a document with its figures to ten digits: the last bits differ from machine to machine."""
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _hash(entry: Entry) -> str:
    fields = (
        entry.sequence, entry.coin, entry.event_time, entry.known_time, entry.issued_time, entry.method_version,
        entry.previous,
    )  # fmt: skip
    digest = hashlib.sha256("\0".join(str(field) for field in fields).encode() + b"\0")
    digest.update(entry.forecast)
    return digest.hexdigest()
