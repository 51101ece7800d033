"""Binance's streams: what to subscribe to, and what a frame is."""

from collections.abc import Sequence
from typing import Any

import msgspec

from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

# 1024 streams fit a connection; fewer lose less with one of them.
_STREAMS_A_CONNECTION = 200
_ROTATE_AFTER = 23 * 3600.0
_CANARY = "btcusdt@markPrice@1s"


class _Answer(msgspec.Struct):
    id: int | str | None = None
    error: Any = None
    code: int | None = None
    msg: str = ""


class _Number(msgspec.Struct):
    a: int | None = None


class _Numbered(msgspec.Struct):
    data: _Number


_ANSWER = msgspec.json.Decoder(_Answer)
_NUMBERED = msgspec.json.Decoder(_Numbered)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return one connection for liquidations of all contracts, and others for trades and marks.

    Liquidations share theirs with a mark price, which speaks every second: they themselves may be silent for long.
    """
    item: list[Connection] = []
    canary = Stream(name=_CANARY, kind="premium", first_datum=10.0, canary=True)
    if "liquidations" in kinds:
        streams = (Stream(name="!forceOrder@arr", kind="liquidations"), canary)
        item.append(_connection("liquidations", "stream", streams, copies=2))
    if {"funding", "premium"} & set(kinds):
        marks = Stream(name="!markPrice@arr@1s", kind="funding", first_datum=10.0, canary=True)
        item.append(_connection("marks", "stream", (marks,)))
    if "bars" in kinds:
        for host in ("stream", "stream-spot"):
            names = sorted(f"{i.symbol.lower()}@aggTrade" for i in instruments if _is_on(i, host))
            for number, part in enumerate(chunks(names, _STREAMS_A_CONNECTION), start=1):
                streams = [Stream(name=name, kind="bars") for name in part]
                streams += [canary] if host == "stream" else []
                item.append(_connection(f"{'spot-' if host != 'stream' else ''}trades-{number}", host, tuple(streams)))
    return tuple(item)


def _is_on(instrument: Instrument, host: str) -> bool:
    return (instrument.market == "spot") is (host == "stream-spot")


def _connection(name: str, host: str, streams: tuple[Stream, ...], copies: int = 1) -> Connection:
    message = {"method": "SUBSCRIBE", "params": [stream.name for stream in streams], "id": 1}
    return Connection(
        venue="binance",
        name=name,
        host=host,
        path="/market/stream" if host == "stream" else "/stream",
        opening=(msgspec.json.encode(message),),
        rotate_after=_ROTATE_AFTER,
        copies=copies,
        streams=streams,
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is: data names its stream at its beginning."""
    if payload.startswith(b'{"stream":"'):
        end = payload.find(b'"', 11)
        name = payload[11:end].decode("utf-8", "replace")
        if name.endswith("@aggTrade"):
            return Frame(kind="data", streams=(name,), sequence=_sequence(name, payload))
        return Frame(kind="data", streams=(name,))
    if b'"serverShutdown"' in payload:
        return Frame(kind="leave")
    try:
        answer = _ANSWER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if answer.error is not None or answer.code is not None:
        return Frame(kind="refused", words=answer.msg or payload[:200].decode("utf-8", "replace"))
    return Frame(kind="acknowledged" if answer.id is not None else "unknown")


def _sequence(name: str, payload: bytes) -> tuple[tuple[str, int], ...]:
    try:
        number = _NUMBERED.decode(payload).data.a
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ()
    return () if number is None else ((name, number),)
