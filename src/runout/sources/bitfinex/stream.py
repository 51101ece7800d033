"""Bitfinex' streams: what to subscribe to, and what a frame is. Frames name no stream but by their content."""

from collections.abc import Sequence

import msgspec

from runout.sources.bitfinex.messages import Event
from runout.sources.bitfinex.normalise import head_of
from runout.sources.venue import Connection, Frame, Instrument, Stream

_EVENT = msgspec.json.Decoder(Event)
_RECONNECT, _MAINTENANCE = 20051, 20060


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return the connection of all liquidations, with the state of BTC, which speaks every few seconds."""
    if "liquidations" not in kinds or not instruments:
        return ()
    subscriptions = [
        {"event": "subscribe", "channel": "status", "key": key} for key in ("liq:global", "deriv:tBTCF0:USTF0")
    ]
    return (
        Connection(
            venue="bitfinex",
            name="liquidations",
            opening=tuple(msgspec.json.encode(subscription) for subscription in subscriptions),
            copies=2,
            streams=(
                Stream(name="liquidations", kind="liquidations"),
                Stream(name="state", kind="open_interest", first_datum=60.0, canary=True),
            ),
        ),
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is: arrays are data or heartbeats."""
    head = head_of(payload)
    if head == "heartbeat":
        return Frame(kind="alive")
    if head in {"liquidations", "state"}:
        return Frame(kind="data", streams=(head,))
    if head:
        return Frame(kind="unknown")
    try:
        event = _EVENT.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if event.code in {_RECONNECT, _MAINTENANCE}:
        return Frame(kind="leave", words=event.msg)
    if event.event == "error":
        return Frame(kind="refused", words=f"{event.code}: {event.msg}")
    return Frame(kind="acknowledged" if event.event in {"subscribed", "conf"} else "unknown")
