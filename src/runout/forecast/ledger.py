"""The chain of issued forecasts: each entry's hash covers its content and the entry before, so none can be changed."""

import hashlib

import msgspec
import polars as pl

from runout.forecast.record import Forecast

FIRST = "0" * 64


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
    forecast: bytes
    previous: str
    entry_hash: str
    method_version: str

    def read(self) -> Forecast:
        """Return the forecast as issued."""
        return msgspec.json.decode(self.forecast, type=Forecast)


def chain(forecast: Forecast, *, sequence: int, previous: str) -> Entry:
    """Return the entry of ``forecast`` after the one whose hash is ``previous``."""
    content = msgspec.json.encode(forecast)
    return Entry(
        sequence=sequence,
        coin=forecast.coin,
        event_time=forecast.at,
        known_time=forecast.at,
        forecast=content,
        previous=previous,
        entry_hash=_hash(sequence, forecast.coin, forecast.at, forecast.method_version, content, previous),
        method_version=forecast.method_version,
    )


def broken_links(entries: pl.DataFrame) -> list[str]:
    """Return what is wrong with a chain, in words, one line an entry; empty for a sound one.

    Parameters
    ----------
    entries
        ``ledger`` rows.
    """
    faults: list[str] = []
    previous, expected = FIRST, 1
    for row in entries.sort("sequence").iter_rows(named=True):
        one = Entry(**row)
        content = _hash(one.sequence, one.coin, one.event_time, one.method_version, one.forecast, one.previous)
        if one.sequence != expected:
            faults.append(f"entry {one.sequence}: expected entry {expected}: entries are missing or repeated")
        if one.previous != previous:
            faults.append(f"entry {one.sequence}: does not follow the entry before it: one of them was changed")
        if content != one.entry_hash:
            faults.append(f"entry {one.sequence}: its content differs from its hash: it was changed after issue")
        previous, expected = one.entry_hash, one.sequence + 1
    return faults


def _hash(sequence: int, coin: str, at: int, method: str, content: bytes, previous: str) -> str:  # noqa: PLR0917 - a tuple to digest
    digest = hashlib.sha256(f"{sequence}\0{coin}\0{at}\0{method}\0{previous}\0".encode())
    digest.update(content)
    return digest.hexdigest()
