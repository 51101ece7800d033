"""What goes wrong, when, and at whom: a seeded script of faults."""

from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from runout.errors import UsageError

Where = Literal["rest", "handshake", "subscribe", "socket", "message", "market"]

FAULTS: dict[str, tuple[Where, str]] = {
    "slow-down": ("rest", "refused as if the limit were reached, in the venue's own form (429, 50011 in 200, null, …)"),
    "slow-down-bare": ("rest", "the same without a header that says how long to wait"),
    "banned": ("rest", "the address is banned as if it had ignored the limit (418, 403)"),
    "blocked": ("rest", "refused as if called from a country that the venue does not serve (451, 403)"),
    "broken": ("rest", "502 with an HTML page"),
    "html": ("rest", "an HTML page with status 200"),
    "null": ("rest", "the body is null"),
    "cut": ("rest", "the body ends in its middle"),
    "reset": ("rest", "the connection is reset instead of an answer"),
    "slow": ("rest", "the answer comes `value` real seconds late"),
    "overlap": ("rest", "the page holds one row of its neighbour"),
    "short-page": ("rest", "the page holds two thirds of the rows asked for"),
    "loop": ("rest", "the previous answer of this path comes again"),
    "empty": ("rest", "the page holds no rows"),
    "unknown-field": ("rest", "every object of the answer has one more field"),
    "missing-field": ("rest", "every object of the answer lacks its last field"),
    "text-numbers": ("rest", "numbers of the answer become strings"),
    "refuse-handshake": ("handshake", "the upgrade is answered with the status `value` (403, 429, 451, 502)"),
    "slow-handshake": ("handshake", "the upgrade is answered `value` real seconds late"),
    "early-frame": ("handshake", "the first frame comes in the same packet as the upgrade's answer"),
    "no-ack": ("subscribe", "a subscription is not acknowledged, its data come"),
    "late-ack": ("subscribe", "the acknowledgement comes five seconds after the first data"),
    "ack-silence": ("subscribe", "a subscription is acknowledged and nothing comes"),
    "refuse-topic": ("subscribe", "a subscription is refused, the others of its message are not"),
    "replay-old": ("subscribe", "the last ten messages from before the subscription come first"),
    "mute": ("socket", "half-dead: pings are answered, no data come any more"),
    "deaf": ("socket", "the client's pings are not answered any more, data come"),
    "close": ("socket", "closed with the code `value`"),
    "abort": ("socket", "ended without a close frame (1006)"),
    "shutdown": ("socket", "the venue says that it will shut down, and closes ten seconds later"),
    "drop": ("message", "a message is left out: numbered streams have a hole"),
    "duplicate": ("message", "a message comes twice"),
    "reorder": ("message", "a message comes after its follower"),
    "cut-frame": ("message", "the JSON ends in its middle"),
    "bad-utf8": ("message", "the text is not UTF-8"),
    "binary": ("message", "a binary frame where text is due"),
    "two-objects": ("message", "two objects in a frame"),
    "huge": ("message", "the frame has 16 MB: the object and white space"),
    "fragments": ("message", "the message comes in three fragments"),
    "nan": ("message", "prices are NaN"),
    "no-data": ("message", "lists of the message are empty"),
    "frame-text-numbers": ("message", "numbers become strings"),
    "frame-plain-numbers": ("message", "strings that are numbers become numbers"),
    "frame-unknown-field": ("message", "every object has one more field"),
    "frame-missing-field": ("message", "every object lacks its last field"),
    "unknown-value": ("message", "sides and types have a value that nobody knows"),
    "unknown-symbol": ("message", "the symbol is one that was never listed"),
    "long-decimals": ("message", "numbers in strings have twelve decimals"),
    "shifted-stamp": ("message", "stamps are `value` seconds off: late events, or from the future"),
    "sequence-reset": ("message", "running numbers begin again with 1"),
    "checksum": ("message", "the checksum of a book is wrong"),
    "burst": ("market", "`value` liquidations within 500 ms on the contract `match`"),
    "delist": ("market", "the contract `match` ends: its stream goes quiet, REST knows it no more"),
    "list": ("market", "the contract `match` is not listed until then"),
    "clock-offset": ("market", "the venue's clock is `value` seconds off"),
}
"""Every fault by name: where it befalls, and what it does."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault of a script.

    Parameters
    ----------
    kind
        A name of :data:`FAULTS`.
    venue, match
        Whom it befalls; empty: all. ``match`` is a part of the path, of the stream's name or of the symbol.
    at, lasts
        Seconds of the wire's clock after the start from which it acts, and for how long; 0: to the end.
    every, chance
        Each so many matching calls or messages, or with this chance; neither: every one.
    times
        At most so often; 0: any number.
    value
        Its size or text, as :data:`FAULTS` says.
    """

    kind: str
    venue: str = ""
    match: str = ""
    at: float = 0.0
    lasts: float = 0.0
    every: int = 0
    chance: float = 0.0
    times: int = 0
    value: float | str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    fault: list[Fault]


def read_faults(file: Path) -> tuple[Fault, ...]:
    """Return the faults of a script: a TOML file with a table ``[[fault]]`` for each.

    Raises
    ------
    UsageError
        If there is no such file, or it names a fault or a field that does not exist.
    """
    try:
        faults = msgspec.toml.decode(file.read_bytes(), type=_File).fault
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"expected a script of faults in {file}, found {error}") from error
    for fault in faults:
        if fault.kind not in FAULTS:
            raise UsageError(f"expected a fault of {', '.join(FAULTS)}, found {fault.kind!r} in {file}")
    return tuple(faults)


class Script:
    """Faults at work: counts what matched, and draws chances from the seed.

    Parameters
    ----------
    faults
        The script.
    seed
        Of the chances.
    """

    def __init__(self, faults: tuple[Fault, ...], seed: int) -> None:
        for fault in faults:
            if fault.kind not in FAULTS:
                raise ValueError(f"expected a fault of {', '.join(FAULTS)}, found {fault.kind!r}")
        self.faults = list(faults)
        self.struck: dict[str, int] = {}
        self._places = {FAULTS[fault.kind][0] for fault in faults}
        self._matched = [0] * len(faults)
        self._times = [0] * len(faults)
        self._rng = np.random.default_rng([seed, 74])

    def add(self, fault: Fault) -> None:
        """Add a fault while the emulator runs."""
        self.faults.append(fault)
        self._places.add(FAULTS[fault.kind][0])
        self._matched.append(0)
        self._times.append(0)

    def has(self, where: Where) -> bool:
        """Return whether any fault of the script befalls such a thing."""
        return where in self._places

    def strike(self, where: Where, venue: str, subject: str, now: float, met: list[Fault] | None = None) -> list[Fault]:
        """Return the faults that befall a call or message, and count them.

        Parameters
        ----------
        where
            What is befallen.
        venue, subject
            Its venue, and its path or name.
        now
            Seconds of the wire's clock.
        met
            Of something that lasts: the faults it has met, which are not drawn again; those it meets now are added.
        """
        struck: list[Fault] = []
        for place, fault in enumerate(self.faults):
            if FAULTS[fault.kind][0] != where or (met is not None and fault in met):
                continue
            if not self._acts(place, venue, subject, now):
                continue
            if met is not None:
                met.append(fault)
            if self._strikes(place):
                struck.append(fault)
        return struck

    def _acts(self, place: int, venue: str, subject: str, now: float) -> bool:
        fault = self.faults[place]
        if fault.venue not in {"", venue} or fault.match not in subject:
            return False
        if now < fault.at or (fault.lasts and now >= fault.at + fault.lasts):
            return False
        return not (fault.times and self._times[place] >= fault.times)

    def _strikes(self, place: int) -> bool:
        fault = self.faults[place]
        self._matched[place] += 1
        if fault.every and self._matched[place] % fault.every:
            return False
        if fault.chance and self._rng.random() >= fault.chance:
            return False
        self._times[place] += 1
        self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
        return True
