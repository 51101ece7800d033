"""Deribit's streams: what to subscribe to, and what a frame is. Trades are numbered by contract."""

from collections.abc import Sequence

import msgspec

from runout.sources.deribit.messages import Head
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

_CHANNELS_A_CONNECTION = 100
_CANARY = "ticker.BTC-PERPETUAL.100ms"
_HEARTBEAT = b'{"jsonrpc":"2.0","id":1,"method":"public/set_heartbeat","params":{"interval":30}}'
_TEST = b'{"jsonrpc":"2.0","id":2,"method":"public/test","params":{}}'
_TEST_ID = 2


class _Numbered(msgspec.Struct):
    trade_seq: int


class _Parameters(msgspec.Struct):
    channel: str
    data: list[_Numbered]


class _Trades(msgspec.Struct):
    params: _Parameters


_HEAD, _TRADES = msgspec.json.Decoder(Head), msgspec.json.Decoder(_Trades)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return connections of trades, which hold liquidations too, and of tickers, by contract."""
    symbols = sorted(instrument.symbol for instrument in instruments)
    result: list[Connection] = []
    if {"liquidations", "bars"} & set(kinds):
        kind = "liquidations" if "liquidations" in kinds else "bars"
        for number, part in enumerate(chunks(symbols, _CHANNELS_A_CONNECTION), start=1):
            streams = [Stream(name=f"trades.{symbol}.100ms", kind=kind) for symbol in part]
            result.append(_connection(f"trades-{number}", streams, copies=2))
    state = next((kind for kind in kinds if kind in {"open_interest", "funding", "premium"}), None)
    if state is not None:
        for number, part in enumerate(chunks(symbols, _CHANNELS_A_CONNECTION), start=1):
            streams = [Stream(name=f"ticker.{s}.100ms", kind=state, first_datum=60.0) for s in part]
            result.append(_connection(f"ticker-{number}", streams))
    return tuple(result)


def _connection(name: str, streams: Sequence[Stream], copies: int = 1) -> Connection:
    canary = Stream(name=_CANARY, kind="open_interest", first_datum=30.0, canary=True)
    carried = (*(stream for stream in streams if stream.name != canary.name), canary)
    subscribe = {
        "jsonrpc": "2.0", "id": 3, "method": "public/subscribe", "params": {"channels": [s.name for s in carried]},
    }  # fmt: skip
    return Connection(
        venue="deribit",
        name=name,
        opening=(_HEARTBEAT, msgspec.json.encode(subscribe)),
        copies=copies,
        streams=carried,
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is; a test of the connection asks for a reply."""
    try:
        head = _HEAD.decode(payload)
        if head.params.channel.startswith("trades."):
            trades = _TRADES.decode(payload).params.data
            numbers = tuple((head.params.channel, trade.trade_seq) for trade in trades)
            return Frame(kind="data", streams=(head.params.channel,), sequence=numbers)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if head.params.channel:
        return Frame(kind="data", streams=(head.params.channel,))
    if head.method == "heartbeat":
        return Frame(kind="alive", reply=_TEST if head.params.type == "test_request" else None)
    if head.error is not None:
        return Frame(kind="refused", words=str(head.error)[:200])
    if head.id == _TEST_ID:
        return Frame(kind="alive")
    return Frame(kind="acknowledged" if head.id is not None else "unknown")
