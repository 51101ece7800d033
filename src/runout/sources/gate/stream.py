"""Gate's streams: what to subscribe to, and what a frame is."""

from collections.abc import Sequence

import msgspec

from runout.sources.gate.messages import Head
from runout.sources.gate.normalise import channel_of
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

_CONTRACTS_A_CONNECTION = 100
_HEAD = msgspec.json.Decoder(Head)
_CANARIES = {"stream": "BTC_USDT", "stream-btc": "BTC_USD"}
_KINDS = {"bars": "trades", "open_interest": "tickers", "funding": "tickers", "premium": "tickers"}


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return one connection for liquidations of all contracts of a margin coin, and others by contract.

    All share theirs with the ticker of BTC, which is pushed several times a second.
    """
    result: list[Connection] = []
    for host in _CANARIES:
        symbols = sorted(i.symbol for i in instruments if (i.margin == "coin") is (host == "stream-btc"))
        if not symbols:
            continue
        if "liquidations" in kinds:
            result.append(_connection(host, "liquidations", "public_liquidates", ["!all"], "liquidations"))
        for channel in sorted({_KINDS[kind] for kind in kinds if kind in _KINDS}):
            kind = next(kind for kind in kinds if _KINDS.get(kind) == channel)
            for number, part in enumerate(chunks(symbols, _CONTRACTS_A_CONNECTION), start=1):
                result.append(_connection(host, f"{channel}-{number}", channel, part, kind))
    return tuple(result)


def _connection(host: str, name: str, channel: str, scopes: Sequence[str], kind: str) -> Connection:
    # Trades and liquidations may be silent for ever.
    silence = 60.0 if channel == "tickers" else 0.0
    canary = Stream(name=f"tickers:{_CANARIES[host]}", kind="open_interest", first_datum=30.0, canary=True)
    streams = [Stream(name=f"{channel}:{scope}", kind=kind, first_datum=silence) for scope in scopes]
    return Connection(
        venue="gate",
        name=name if host == "stream" else f"btc-{name}",
        host=host,
        opening=(_subscribe(channel, scopes), _subscribe("tickers", (_CANARIES[host],))),
        opening_pause=0.1,
        keep_alive=msgspec.json.encode({"time": 1, "channel": "futures.ping"}),
        keep_alive_every=10.0,
        copies=2 if channel == "public_liquidates" else 1,
        streams=(*(stream for stream in streams if stream.name != canary.name), canary),
    )


def _subscribe(channel: str, scopes: Sequence[str]) -> bytes:
    message = {"time": 1, "channel": f"futures.{channel}", "event": "subscribe", "payload": list(scopes)}
    return msgspec.json.encode(message)


class _Named(msgspec.Struct):
    contract: str = ""


class _Result(msgspec.Struct):
    result: _Named | list[_Named]


_RESULT = msgspec.json.Decoder(_Result)


def classify(payload: bytes) -> Frame:
    """Return what a frame is: data has the event ``update``."""
    channel = channel_of(payload)
    try:
        if channel:
            result = _RESULT.decode(payload).result
            names = [named.contract for named in (result if isinstance(result, list) else (result,))]
            scopes = ["!all"] if channel == "public_liquidates" else dict.fromkeys(names)
            return Frame(kind="data", streams=tuple(f"{channel}:{scope}" for scope in scopes))
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if head.channel == "futures.pong":
        return Frame(kind="alive")
    if head.error is not None:
        return Frame(kind="refused", words=str(head.error)[:200])
    return Frame(kind="acknowledged" if head.event == "subscribe" else "unknown")
