"""Bybit's streams: what to subscribe to, and what a frame is."""

from collections.abc import Sequence
from typing import Any

import msgspec

from runout.sources.bybit.normalise import topic_of
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

# 21,000 characters of topics fit a connection; a symbol's topic takes about 26.
_TOPICS_A_CONNECTION = 600
_TOPICS_A_MESSAGE = 100
_PREFIXES = {"liquidations": "allLiquidation", "bars": "publicTrade", "open_interest": "tickers"}
_PING = b'{"op":"ping"}'


class _Answer(msgspec.Struct):
    success: bool | None = None
    ret_msg: str = ""
    op: str = ""
    topic: str = ""
    data: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return connections for the topics of all symbols, a category and purpose each.

    Liquidations share theirs with the ticker of the first symbol, which always speaks.
    """
    if {"funding", "premium"} & set(kinds):
        kinds = (*kinds, "open_interest")
    results: list[Connection] = []
    for category, margin in (("linear", "stablecoin"), ("inverse", "coin")):
        symbols = sorted((i.symbol for i in instruments if i.margin == margin), key=lambda s: (s != "BTCUSDT", s))
        for kind, prefix in _PREFIXES.items():
            if kind in kinds and symbols:
                results += _of_kind(category, kind, prefix, symbols)
    return tuple(results)


def _of_kind(category: str, kind: str, prefix: str, symbols: list[str]) -> list[Connection]:
    spoken = kind == "open_interest"
    canary = Stream(name=f"tickers.{symbols[0]}", kind="open_interest", first_datum=30.0, canary=True)
    results: list[Connection] = []
    for number, part in enumerate(chunks(symbols, _TOPICS_A_CONNECTION), start=1):
        streams = [Stream(name=f"{prefix}.{symbol}", kind=kind, first_datum=60.0 if spoken else 0.0) for symbol in part]
        streams = [s for s in streams if s.name != canary.name] + [canary]
        requests = [
            {"op": "subscribe", "args": [stream.name for stream in chunk]}
            for chunk in chunks(streams, _TOPICS_A_MESSAGE)
        ]
        results.append(
            Connection(
                venue="bybit",
                name=f"{category}-{prefix}-{number}",
                host=f"stream-{category}",
                opening=tuple(msgspec.json.encode(request) for request in requests),
                opening_pause=0.2,
                keep_alive=_PING,
                keep_alive_every=20.0,
                copies=2 if kind == "liquidations" else 1,
                streams=tuple(streams),
            )
        )
    return results


def classify(payload: bytes) -> Frame:
    """Return what a frame is: data has a topic; a pong says so in ``op`` or ``ret_msg``."""
    if topic_of(payload):
        begin = payload.find(b'"topic":"') + 9
        return Frame(kind="data", streams=(payload[begin : payload.find(b'"', begin)].decode("utf-8", "replace"),))
    try:
        answer = _ANSWER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if answer.op == "pong" or answer.ret_msg == "pong":
        return Frame(kind="alive")
    if answer.op == "subscribe":
        return Frame(kind="refused", words=answer.ret_msg) if answer.success is False else Frame(kind="acknowledged")
    return Frame(kind="unknown")
