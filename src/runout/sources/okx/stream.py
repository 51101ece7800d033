"""OKX' streams: what to subscribe to, and what a frame is."""

from collections.abc import Sequence

import msgspec

from runout.sources.okx.messages import Head
from runout.sources.okx.normalise import channel_of
from runout.sources.venue import Connection, Frame, Instrument, Stream
from runout.sources.wire import chunks

_CHANNELS_A_CONNECTION = 200
_CHANNELS_A_MESSAGE = 50
_KINDS = {"bars": "trades", "open_interest": "open-interest", "funding": "funding-rate"}


_HEAD = msgspec.json.Decoder(Head)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return one connection for liquidations of all contracts, and others by symbol.

    Liquidations share theirs with the open interest of BTC, which is pushed every few seconds.
    """
    results: list[Connection] = []
    if "liquidations" in kinds:
        types = sorted({"SWAP" if i.market == "perpetual" else "FUTURES" for i in instruments})
        streams = [Stream(name=f"liquidation-orders:{kind}", kind="liquidations") for kind in types]
        results.append(_connection("liquidations", [*streams, _canary()], copies=2))
    for kind, channel in _KINDS.items():
        if kind not in kinds:
            continue
        symbols = sorted(i.symbol for i in instruments if kind != "funding" or i.market == "perpetual")
        silence = 0.0 if kind == "bars" else 120.0
        for number, part in enumerate(chunks(symbols, _CHANNELS_A_CONNECTION), start=1):
            streams = [Stream(name=f"{channel}:{symbol}", kind=kind, first_datum=silence) for symbol in part]
            streams = [stream for stream in streams if stream.name != _canary().name]
            results.append(_connection(f"{channel}-{number}", [*streams, _canary()]))
    return tuple(results)


def _canary() -> Stream:
    return Stream(name="open-interest:BTC-USDT-SWAP", kind="open_interest", first_datum=30.0, canary=True)


def _connection(name: str, streams: Sequence[Stream], copies: int = 1) -> Connection:
    arguments: list[dict[str, str]] = []
    for stream in streams:
        channel, _, scope = stream.name.partition(":")
        key = "instType" if channel == "liquidation-orders" else "instId"
        arguments.append({"channel": channel, key: scope})
    return Connection(
        venue="okx",
        name=name,
        opening=tuple(
            msgspec.json.encode({"op": "subscribe", "args": part}) for part in chunks(arguments, _CHANNELS_A_MESSAGE)
        ),
        opening_pause=0.5,
        keep_alive=b"ping",
        keep_alive_every=20.0,
        copies=copies,
        streams=tuple(streams),
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is: data has a channel and no event."""
    if payload == b"pong":
        return Frame(kind="alive")
    try:
        head = _HEAD.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if channel_of(payload):
        return Frame(kind="data", streams=(f"{head.arg.channel}:{head.arg.instId or head.arg.instType}",))
    if head.event == "error":
        return Frame(kind="refused", words=f"{head.code}: {head.msg}")
    if head.event == "notice":
        return Frame(kind="leave", words=head.msg)
    return Frame(kind="acknowledged" if head.event in {"subscribe", "channel-conn-count"} else "unknown")
