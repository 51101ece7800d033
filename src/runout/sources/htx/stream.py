"""HTX' notifications: what to subscribe to, what a frame is, and what the heartbeat asks to be answered."""

from collections.abc import Sequence

import msgspec

from runout.sources.htx.messages import Head
from runout.sources.htx.normalise import plain
from runout.sources.venue import Connection, Frame, Instrument, Stream

_TOPICS = ("public.*.liquidation_orders", "public.*.funding_rate")
_HEAD = msgspec.json.Decoder(Head, strict=False)


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return the connection of all liquidations, with rates of funding, which come every minute."""
    if not {"liquidations", "funding"} & set(kinds) or not instruments:
        return ()
    return (
        Connection(
            venue="htx",
            name="notifications",
            opening=tuple(
                msgspec.json.encode({"op": "sub", "cid": str(number), "topic": topic})
                for number, topic in enumerate(_TOPICS, start=1)
            ),
            copies=2,
            streams=(
                Stream(name=_TOPICS[0], kind="liquidations"),
                Stream(name=_TOPICS[1], kind="funding", first_datum=150.0, canary=True),
            ),
        ),
    )


def classify(payload: bytes) -> Frame:
    """Return what a frame is; a ping is to be answered with its own time."""
    try:
        head = _HEAD.decode(plain(payload))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Frame(kind="unknown")
    if head.ping is not None:
        return Frame(kind="alive", reply=msgspec.json.encode({"pong": head.ping}))
    if head.op == "ping":
        return Frame(kind="alive", reply=msgspec.json.encode({"op": "pong", "ts": head.ts}))
    if head.op == "notify":
        return Frame(kind="data", streams=(f"public.*.{head.topic.rpartition('.')[2]}",))
    if head.op == "sub":
        return Frame(kind="refused" if head.code else "acknowledged", words=head.words)
    return Frame(kind="leave" if head.op in {"close", "error"} else "unknown", words=head.words)
