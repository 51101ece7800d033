"""One client's websocket as its venue sees it: what it subscribes to, what it is sent, and what is kept from it."""

import gzip
from collections import deque
from typing import TYPE_CHECKING, Any

from runout.emulator.damage import damaged
from runout.emulator.faults import Fault
from runout.emulator.forms import Feed, StreamForm
from runout.emulator.frames import BINARY, CLOSE, PING, framed
from runout.emulator.truth import Delivery, Truth

if TYPE_CHECKING:
    import asyncio

    from runout.emulator.desk import Desk
    from runout.emulator.faults import Script

_REPLAYED = 10
MOST_UNSENT = 32 * 2**20
"""A client that lets so many bytes wait is disconnected, as venues do."""


class Socket:
    """A connection; a live resource.

    Parameters
    ----------
    number
        Its place among all connections of the emulator.
    desk, form
        The venue.
    host, path
        Where it came in; the path with its query.
    transport
        What frames are written to.
    script, truth
        What goes wrong, and the record of what was sent.
    """

    def __init__(  # noqa: PLR0917 - made in one place
        self, number: int, desk: "Desk", form: StreamForm, host: str, path: str, transport: "asyncio.Transport",
        script: "Script", truth: Truth,
    ) -> None:  # fmt: skip
        self.number, self.desk, self.form, self.host, self.path = number, desk, form, host, path
        self.topics: dict[str, Feed] = {}
        self.silent: set[str] = set()
        self.faults: list[Fault] = []
        self.met: list[Fault] = []
        self.answers_pings, self.open = True, True
        self.state: dict[str, Any] = {}
        self.opened = self.heard = self.pinged = self.sent_at = desk.clock.wire_seconds()
        self.unanswered: float | None = None
        self.spoken: deque[float] = deque()
        self.ping_every, self.pong_within = form.server_ping_every, form.pong_within
        self._transport, self._script, self._truth = transport, script, truth
        self._buffer: list[bytes] = []
        self._later: list[tuple[float, bytes]] = []

    @property
    def venue(self) -> str:
        """Return the venue's name."""
        return self.desk.form.name

    @property
    def muted(self) -> bool:
        """Return whether data no longer reaches the client though the connection lives."""
        now = self.desk.clock.wire_seconds()
        return any(fault.kind == "mute" and (not fault.lasts or now < fault.at + fault.lasts) for fault in self.faults)

    @property
    def life(self) -> float:
        """Return when, on the wire's clock, the venue last counted the connection as used."""
        return max(self.heard, self.sent_at) if self.form.idle_unless_sent else self.heard

    # -- subscriptions ------------------------------------------------------------------------------------------------

    def subscribe(self, topic: str, *, silent: bool = False) -> str:
        """Subscribe; return ``accepted``, ``unknown``, ``duplicate``, ``too-many`` or ``refused``.

        Parameters
        ----------
        topic
            The venue's own name of the stream.
        silent
            It is accepted and nothing comes, as on an address that no longer routes it.
        """
        if topic in self.topics:
            return "duplicate"
        feed = self.form.feed(self.desk, topic)
        if feed is None:
            return "unknown"
        if self.form.most_topics and len(self.topics) >= self.form.most_topics:
            return "too-many"
        kinds = {fault.kind for fault in self._struck("subscribe", topic)}
        if "refuse-topic" in kinds:
            return "refused"
        self.topics[topic] = feed
        self.state[f"ack {topic}"] = kinds
        if silent or "ack-silence" in kinds:
            self.silent.add(topic)
        elif "replay-old" in kinds:
            self.state[f"old {topic}"] = self._last_messages(topic, feed)
        return "accepted"

    def _last_messages(self, topic: str, feed: Feed) -> list[bytes]:
        """Return the last ten messages of a topic within two hours, looked for no further back than needed."""
        now, old = self.desk.now(), list[tuple[int, bytes]]()
        for seconds in (30, 600, 7_200):
            old = feed.payloads(self.desk, topic, now - seconds * 1_000_000_000, now)
            if len(old) >= _REPLAYED:
                break
        return [payload for _, payload in old[-_REPLAYED:]]

    def unsubscribe(self, topic: str) -> None:
        """End a subscription."""
        self.topics.pop(topic, None)
        self.silent.discard(topic)

    def acknowledge(self, payload: bytes, *topics: str) -> None:
        """Send an acknowledgement of subscriptions, then what their feeds begin with."""
        kinds: set[str] = set()
        for topic in topics:
            kinds |= self.state.pop(f"ack {topic}", set())
        if "late-ack" in kinds:
            self._later.append((self.desk.clock.wire_seconds() + 5.0, payload))
        elif payload and "no-ack" not in kinds:
            self.say(payload)
        for topic in topics:
            feed = self.topics.get(topic)
            if feed is None or topic in self.silent:
                continue
            first = feed.first(self.desk, topic, self.desk.now()) if feed.first else []
            for begun in [*self.state.pop(f"old {topic}", []), *first]:
                old = self._finished(topic, begun)
                self._record(topic, feed, old, "old")
                self.say(old)

    # -- sending ------------------------------------------------------------------------------------------------------

    def say(self, payload: bytes) -> None:
        """Send a message of the protocol (an acknowledgement, a pong): no data, not counted as sent."""
        self._buffer.append(self._data_frame(payload))

    def beat(self, every: float, within: float) -> None:
        """Ping the client each so many seconds of the wire's clock, and close it where it does not answer in time."""
        self.ping_every, self.pong_within, self.pinged = every, within, self.desk.clock.wire_seconds()

    def write(self, frame: bytes) -> None:
        """Send a frame as it is."""
        self._buffer.append(frame)

    def ping(self) -> None:
        """Send a ping frame."""
        self._buffer.append(framed(b"", PING))

    def deliver(self, messages: list[tuple[int, str, Feed, bytes]]) -> None:
        """Send data in order of time, or keep it back where a fault says so; both are recorded."""
        withheld = "mute" if self.muted else ""
        for _, topic, feed, payload in messages:
            cause = withheld or ("ack-silence" if topic in self.silent else "")
            if cause:
                self._record(topic, feed, payload, cause)
                continue
            whole = self._finished(topic, payload)
            if self._script.has("message"):
                self._deliver_with_faults(topic, feed, whole)
            else:
                self._buffer.append(self._data_frame(whole))
                self._record(topic, feed, whole, "sent")

    def _deliver_with_faults(self, topic: str, feed: Feed, payload: bytes) -> None:
        struck = self._struck("message", f"{feed.name} {topic}")
        if not struck:
            self._buffer.append(self._data_frame(payload))
            self._record(topic, feed, payload, "sent")
            if "held" in self.state:
                late_topic, late_feed, late = self.state.pop("held")
                self._buffer.append(self._data_frame(late))
                self._record(late_topic, late_feed, late, "reorder")
            return
        fault = struck[0]
        if fault.kind == "drop":
            self._record(topic, feed, payload, "drop")
        elif fault.kind == "reorder":
            self.state["held"] = (topic, feed, payload)
        elif fault.kind == "duplicate":
            self._buffer += [self._data_frame(payload)] * 2
            self._record(topic, feed, payload, "sent")
            self._record(topic, feed, payload, "duplicate")
        else:
            sent, frame = damaged(payload, fault)
            self._buffer.append(frame or self._data_frame(sent))
            self._record(topic, feed, payload, fault.kind)

    def flush(self) -> None:
        """Write what was said; end the connection of a client that does not read."""
        now = self.desk.clock.wire_seconds()
        due = [payload for at, payload in self._later if at <= now]
        if due:
            self._later = [item for item in self._later if item[0] > now]
            self._buffer += [self._data_frame(payload) for payload in due]
        if not self._buffer:
            return
        if self.open and not self._transport.is_closing():
            self._transport.write(b"".join(self._buffer))
            self.sent_at = now
            if self._transport.get_write_buffer_size() > MOST_UNSENT:
                self.end(None, "slow consumer")
        self._buffer.clear()

    def end(self, code: int | None, cause: str, words: bytes = b"") -> None:
        """Close with a code, or without a close frame where it is none (1006)."""
        if not self.open:
            return
        self.open = False
        self._truth.ended(self.number, cause, self.desk.clock)
        if code in {None, 1006}:
            self._transport.abort()
            return
        self._transport.write(b"".join(self._buffer) + framed((code or 1000).to_bytes(2, "big") + words, CLOSE))
        self._buffer.clear()
        self._transport.close()

    # -- inner ------------------------------------------------------------------------------------------------------

    def _finished(self, topic: str, payload: bytes) -> bytes:
        return self.form.finish(self, topic, payload) if self.form.finish else payload

    def _data_frame(self, payload: bytes) -> bytes:
        if self.form.gzip:
            return framed(gzip.compress(payload, 1), BINARY)
        return framed(payload)

    def _record(self, topic: str, feed: Feed, payload: bytes, status: str) -> None:
        self._truth.deliver(Delivery(self.number, self.venue, feed.name, topic, payload, status))

    def _struck(self, where: Any, subject: str) -> list[Fault]:
        return self._script.strike(where, self.venue, subject, self.desk.clock.wire_seconds())
