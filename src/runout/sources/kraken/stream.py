"""Kraken Futures' streams: what to subscribe to, and what a frame is. Trades are numbered by contract."""

from collections.abc import Sequence

import msgspec

from runout.sources.kraken.messages import Head
from runout.sources.kraken.normalise import feed_of
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

_CONTRACTS_A_CONNECTION = 100
_CANARY = "PF_XBTUSD"
_HEAD = msgspec.json.Decoder(Head)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return connections of trades, which hold liquidations too, and of tickers, by contract."""
    symbols = sorted(instrument.symbol for instrument in instruments)
    result: list[Connection] = []
    if {"liquidations", "bars"} & set(kinds):
        kind = "liquidations" if "liquidations" in kinds else "bars"
        result += [_connection("trade", kind, n, part) for n, part in _numbered(symbols)]
    state = next((kind for kind in kinds if kind in {"open_interest", "funding", "premium"}), None)
    if state is not None:
        result += [_connection("ticker", state, n, part) for n, part in _numbered(symbols)]
    return tuple(result)


def _numbered(symbols: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
    return list(enumerate(chunks(symbols, _CONTRACTS_A_CONNECTION), start=1))


def _connection(feed: str, kind: str, number: int, symbols: Sequence[str]) -> Connection:
    canary = Stream(name=f"ticker:{_CANARY}", kind="open_interest", first_datum=30.0, canary=True)
    streams = [Stream(name=f"{feed}:{s}", kind=kind, first_datum=60.0 if feed == "ticker" else 0.0) for s in symbols]
    return Connection(
        venue="kraken",
        name=f"{feed}-{number}",
        opening=(_subscribe(feed, symbols), _subscribe("ticker", (_CANARY,)), _subscribe("heartbeat", ())),
        opening_pause=0.1,
        # A connection over which nothing is sent for a minute is closed; this subscription may be repeated.
        keep_alive=_subscribe("heartbeat", ()),
        keep_alive_every=30.0,
        copies=2 if feed == "trade" else 1,
        streams=(*(stream for stream in streams if stream.name != canary.name), canary),
    )


def _subscribe(feed: str, symbols: Sequence[str]) -> bytes:
    products = {"product_ids": list(symbols)} if symbols else {}
    return msgspec.json.encode({"event": "subscribe", "feed": feed, **products})


def classify(payload: bytes) -> Frame:
    """Return what a frame is: data has a feed and no event."""
    try:
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if head.event in {"error", "alert", "subscribed_failed"}:
        return Frame(kind="refused", words=head.message)
    if head.event:
        return Frame(kind="acknowledged" if head.event == "subscribed" else "unknown")
    if head.feed == "heartbeat":
        return Frame(kind="alive")
    if not feed_of(payload):
        return Frame(kind="unknown")
    name = f"{head.feed.removesuffix('_snapshot')}:{head.product_id}"
    is_numbered = head.seq is not None and head.feed == "trade"
    return Frame(kind="data", streams=(name,), sequence=((name, head.seq or 0),) if is_numbered else ())
