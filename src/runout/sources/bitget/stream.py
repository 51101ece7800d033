"""Bitget's streams (the v3 socket): what to subscribe to, and what a frame is."""

from collections.abc import Sequence

import msgspec

from runout.sources.bitget.messages import Head
from runout.sources.bitget.normalise import topic_of
from runout.sources.bitget.rest import product_of
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

_STREAMS_A_CONNECTION, _STREAMS_A_MESSAGE = 50, 5
_CANARY = Stream(name="ticker:usdt-futures:BTCUSDT", kind="open_interest", first_datum=30.0, canary=True)
_TOPICS = {"bars": "publicTrade", "open_interest": "ticker", "funding": "ticker", "premium": "ticker"}
_HEAD = msgspec.json.Decoder(Head)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return one connection for liquidations of all contracts, and others by contract, each with a ticker."""
    result: list[Connection] = []
    if "liquidations" in kinds:
        products = sorted({product_of(instrument) for instrument in instruments})
        streams = [Stream(name=f"liquidation:{product}:", kind="liquidations") for product in products]
        result.append(_connection("liquidations", streams, copies=2))
    for topic in sorted({_TOPICS[kind] for kind in kinds if kind in _TOPICS}):
        names = sorted(f"{topic}:{product_of(i)}:{i.symbol}" for i in instruments)
        for number, part in enumerate(chunks(names, _STREAMS_A_CONNECTION), start=1):
            kind = next(kind for kind in kinds if _TOPICS.get(kind) == topic)
            streams = [Stream(name=n, kind=kind, first_datum=60.0 if topic == "ticker" else 0.0) for n in part]
            result.append(_connection(f"{topic}-{number}", streams))
    return tuple(result)


def _connection(name: str, streams: Sequence[Stream], copies: int = 1) -> Connection:
    carried = (*(stream for stream in streams if stream.name != _CANARY.name), _CANARY)
    arguments: list[dict[str, str]] = []
    for stream in carried:
        topic, product, symbol = stream.name.split(":")
        arguments.append({"instType": product, "topic": topic} | ({"symbol": symbol} if symbol else {}))
    return Connection(
        venue="bitget",
        name=name,
        opening=tuple(
            msgspec.json.encode({"op": "subscribe", "args": part}) for part in chunks(arguments, _STREAMS_A_MESSAGE)
        ),
        opening_pause=0.1,
        keep_alive=b"ping",
        keep_alive_every=25.0,
        copies=copies,
        streams=carried,
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is: data has a topic and no event."""
    if payload == b"pong":
        return Frame(kind="alive")
    try:
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if topic_of(payload):
        return Frame(kind="data", streams=(f"{head.arg.topic}:{head.arg.instType}:{head.arg.symbol}",))
    if head.event == "error":
        return Frame(kind="refused", words=f"{head.code}: {head.msg}")
    return Frame(kind="acknowledged" if head.event == "subscribe" else "unknown")
