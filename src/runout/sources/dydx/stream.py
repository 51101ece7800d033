"""dYdX' streams: what to subscribe to, and what a frame is. Messages of a connection are numbered without a gap."""

from collections.abc import Sequence

import msgspec

from runout.sources.dydx.messages import Head
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

# More of one channel on a connection are dropped without a word; two subscriptions a second are allowed.
_MARKETS_A_CONNECTION = 32
_PAUSE = 0.6
_CANARY = Stream(name="v4_markets:", kind="open_interest", first_datum=60.0, canary=True)
_HEAD = msgspec.json.Decoder(Head)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return connections of trades, which hold liquidations too, each with the state of all markets."""
    result: list[Connection] = []
    if {"liquidations", "bars"} & set(kinds):
        kind = "liquidations" if "liquidations" in kinds else "bars"
        symbols = sorted(instrument.symbol for instrument in instruments)
        for number, part in enumerate(chunks(symbols, _MARKETS_A_CONNECTION), start=1):
            streams = [Stream(name=f"v4_trades:{symbol}", kind=kind) for symbol in part]
            result.append(_connection(f"trades-{number}", streams, copies=2))
    elif {"open_interest", "funding"} & set(kinds):
        result.append(_connection("markets", (), kind=kinds[0]))
    return tuple(result)


def _connection(name: str, streams: Sequence[Stream], copies: int = 1, kind: str = _CANARY.kind) -> Connection:
    carried = (*streams, msgspec.structs.replace(_CANARY, kind=kind))
    opening: list[bytes] = []
    for stream in carried:
        channel, _, market = stream.name.partition(":")
        message = {"type": "subscribe", "channel": channel} | ({"id": market} if market else {})
        opening.append(msgspec.json.encode(message))
    return Connection(
        venue="dydx", name=name, opening=tuple(opening), opening_pause=_PAUSE, copies=copies, streams=carried
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is; the answer to a subscription holds a snapshot."""
    try:
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    numbers = () if head.message_id is None else (("connection", head.message_id),)
    if head.type in {"channel_data", "channel_batch_data", "subscribed"}:
        name = f"{head.channel}:{head.id}"
        return Frame(
            kind="acknowledged" if head.type == "subscribed" else "data", streams=(name,), sequence=numbers
        )  # fmt: skip
    if head.type == "error":
        return Frame(kind="refused", words=head.message, sequence=numbers)
    return Frame(kind="alive" if head.type in {"connected", "pong"} else "unknown", sequence=numbers)
