"""Lighter's streams: what to subscribe to, and what a frame is."""

from collections.abc import Sequence

import msgspec

from runout.sources.lighter.messages import Head
from runout.sources.lighter.normalise import channel_of, market_number
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

_MARKETS_A_CONNECTION = 50
_CANARY = Stream(name="market_stats:all", kind="open_interest", first_datum=30.0, canary=True)
_PING, _PONG = b'{"type":"ping"}', b'{"type":"pong"}'
_HEAD = msgspec.json.Decoder(Head)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return connections of trades, which hold liquidations too, each with the state of all markets."""
    result: list[Connection] = []
    if {"liquidations", "bars"} & set(kinds):
        kind = "liquidations" if "liquidations" in kinds else "bars"
        numbers = sorted(map(market_number, instruments), key=lambda name: (len(name), name))
        for number, part in enumerate(chunks(numbers, _MARKETS_A_CONNECTION), start=1):
            streams = [Stream(name=f"trade:{market}", kind=kind) for market in part]
            result.append(_connection(f"trades-{number}", streams, copies=2))
    elif {"open_interest", "funding", "premium"} & set(kinds):
        result.append(_connection("states", (), kind=kinds[0]))
    return tuple(result)


def _connection(name: str, streams: Sequence[Stream], copies: int = 1, kind: str = _CANARY.kind) -> Connection:
    carried = (*streams, msgspec.structs.replace(_CANARY, kind=kind))
    return Connection(
        venue="lighter",
        name=name,
        opening=tuple(
            msgspec.json.encode({"type": "subscribe", "channel": stream.name.replace(":", "/")}) for stream in carried
        ),
        opening_pause=0.1,
        keep_alive=_PING,
        keep_alive_every=30.0,
        copies=copies,
        streams=carried,
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is; the answer to a subscription holds a snapshot, a ping is to be answered."""
    try:
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if channel_of(payload):
        is_first = head.type.startswith("subscribed/")
        return Frame(kind="acknowledged" if is_first else "data", streams=(head.channel,))
    if head.type == "ping":
        return Frame(kind="alive", reply=_PONG)
    if head.error is not None:
        return Frame(kind="refused", words=str(head.error)[:200])
    return Frame(kind="alive" if head.type in {"pong", "connected"} else "unknown")
