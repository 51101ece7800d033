"""Hyperliquid's streams: what to subscribe to, and what a frame is."""

from collections.abc import Sequence

import msgspec

from runout.sources.hyperliquid.normalise import channel_of
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

# 1,000 subscriptions an address in all; few connections are allowed.
_STREAMS_A_CONNECTION = 300
_TYPES = {"bars": "trades", "open_interest": "activeAssetCtx"}


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return connections for trades and for the contexts that hold open interest, funding and prices."""
    if {"funding", "premium"} & set(kinds):
        kinds = (*kinds, "open_interest")
    results: list[Connection] = []
    for kind, channel in _TYPES.items():
        symbols = sorted(instrument.symbol for instrument in instruments) if kind in kinds else []
        for number, part in enumerate(chunks(symbols, _STREAMS_A_CONNECTION), start=1):
            silence = 60.0 if channel == "activeAssetCtx" else 0.0
            streams = [Stream(name=f"{channel}:{symbol}", kind=kind, first_datum=silence) for symbol in part]
            streams = [s for s in streams if s.name != _canary().name]
            results.append(_connection(f"{channel}-{number}", [*streams, _canary()]))
    return tuple(results)


def _canary() -> Stream:
    return Stream(name="activeAssetCtx:BTC", kind="open_interest", first_datum=30.0, canary=True)


def _connection(name: str, streams: Sequence[Stream]) -> Connection:
    subscriptions = [dict(zip(("type", "coin"), stream.name.split(":"), strict=True)) for stream in streams]
    return Connection(
        venue="hyperliquid",
        name=name,
        opening=tuple(msgspec.json.encode({"method": "subscribe", "subscription": s}) for s in subscriptions),
        opening_pause=0.05,
        keep_alive=b'{"method":"ping"}',
        keep_alive_every=30.0,
        streams=tuple(streams),
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is: its channel says."""
    channel = channel_of(payload)
    if channel == "pong":
        return Frame(kind="alive")
    if channel == "subscriptionResponse":
        return Frame(kind="acknowledged")
    if channel == "error":
        return Frame(kind="refused", words=payload[:200].decode("utf-8", "replace"))
    begin = payload.find(b'"coin":"') + 8
    if not channel or begin < 8:
        return Frame(kind="data" if channel else "unknown", streams=(channel,) if channel else ())
    coin = payload[begin : payload.find(b'"', begin)].decode("utf-8", "replace")
    return Frame(kind="data", streams=(f"{channel}:{coin}",))
