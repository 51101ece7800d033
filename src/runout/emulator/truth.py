"""What the emulator did: every call, every connection, everything sent or withheld, to compare with what was stored."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from runout.emulator.clock import Clock


class CallRecord(msgspec.Struct, frozen=True):
    """One REST call as the emulator met it.

    ``fault`` names what it did to it, empty for nothing; ``checksum`` and ``size`` (bytes) are of the answer.
    """

    venue: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    status: int
    wire_seconds: float
    market_time: int
    fault: str = ""
    checksum: int = 0
    size: int = 0


class Delivery(NamedTuple):
    """One message to one connection.

    ``status``: ``sent``; ``old`` (a snapshot or replay when subscribing); ``duplicate``; ``reorder``; the name of the
    fault that damaged it; or why it was withheld (``mute``, ``ack-silence``, ``drop``). ``payload`` is the message
    before any damage.
    """

    connection: int
    venue: str
    feed: str
    topic: str
    payload: bytes
    status: str


WITHHELD = frozenset({"mute", "ack-silence", "drop"})


@dataclass
class ConnectionRecord:
    """One websocket connection: when it was, on both clocks, and why it ended."""

    number: int
    venue: str
    host: str
    path: str
    opened: float
    opened_market: int
    ended: float | None = None
    ended_market: int | None = None
    cause: str = ""


@dataclass
class Truth:
    """The record of one emulator; a live resource.

    Parameters
    ----------
    keep
        Names of the feeds whose messages are kept whole; of the others only their number.
    """

    keep: frozenset[str] = frozenset({"liquidations"})
    calls: list[CallRecord] = field(default_factory=list[CallRecord])
    connections: list[ConnectionRecord] = field(default_factory=list[ConnectionRecord])
    deliveries: list[Delivery] = field(default_factory=list[Delivery])
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    """Messages by venue, feed and status."""
    refused_connections: Counter[str] = field(default_factory=Counter[str])
    """Handshakes by venue that were refused because too many were opened: what a venue bans for."""

    def bans(self) -> int:
        """Return the calls that were answered with a ban."""
        return sum(1 for call in self.calls if call.fault == "banned")

    def summary(self) -> str:
        """Return what was done, in a line."""
        sent = sum(count for (_, _, status), count in self.counts.items() if status not in WITHHELD)
        return (
            f"{len(self.calls):,} calls, {self.bans():,} of them answered with a ban; {len(self.connections):,} "
            f"connections, {sum(self.refused_connections.values()):,} refused; {sent:,} messages sent"
        )

    def deliver(self, delivery: Delivery) -> None:
        """Record a message."""
        self.counts[delivery.venue, delivery.feed, delivery.status] += 1
        if delivery.feed in self.keep:
            self.deliveries.append(delivery)

    def ended(self, number: int, cause: str, clock: Clock) -> None:
        """Record the end of a connection; the first cause counts."""
        record = self.connections[number]
        if record.ended is None:
            record.ended, record.ended_market, record.cause = clock.wire_seconds(), clock.now(), cause

    def sent(self, feed: str, venue: str = "") -> list[Delivery]:
        """Return the kept messages of a feed that reached a client whole, at least once."""
        return [
            delivery for delivery in self.deliveries
            if delivery.feed == feed
            and venue in {"", delivery.venue} and delivery.status in {"sent", "reorder", "old", "duplicate"}
        ]  # fmt: skip
