"""What goes wrong, when, and at whom: a seeded script of faults."""

from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from runout.errors import UsageError

Where = Literal["rest", "stream", "market"]

FAULTS: dict[str, tuple[Where, str]] = {
    "slow-down": ("rest", "refused as if the limit were reached, in the venue's own form (429, 50011 in 200, null, …)"),
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
        found = msgspec.toml.decode(file.read_bytes(), type=_File).fault
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"expected a script of faults in {file}, found {error}") from error
    for fault in found:
        if fault.kind not in FAULTS:
            raise UsageError(f"expected a fault of {', '.join(FAULTS)}, found {fault.kind!r} in {file}")
    return tuple(found)


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
        self._matched = [0] * len(faults)
        self._times = [0] * len(faults)
        self._rng = np.random.default_rng([seed, 74])

    def add(self, fault: Fault) -> None:
        """Add a fault while the emulator runs."""
        self.faults.append(fault)
        self._matched.append(0)
        self._times.append(0)

    def strike(self, where: Where, venue: str, subject: str, now: float) -> list[Fault]:
        """Return the faults that befall a call or message, and count them.

        Parameters
        ----------
        where
            What is befallen.
        venue, subject
            Its venue, and its path or name.
        now
            Seconds of the wire's clock.
        """
        return [fault for place, fault in enumerate(self.faults) if self._strikes(place, where, venue, subject, now)]

    def _strikes(self, place: int, where: Where, venue: str, subject: str, now: float) -> bool:
        fault = self.faults[place]
        if FAULTS[fault.kind][0] != where or fault.venue not in {"", venue} or fault.match not in subject:
            return False
        if now < fault.at or (fault.lasts and now >= fault.at + fault.lasts):
            return False
        if fault.times and self._times[place] >= fault.times:
            return False
        self._matched[place] += 1
        if fault.every and self._matched[place] % fault.every:
            return False
        if fault.chance and self._rng.random() >= fault.chance:
            return False
        self._times[place] += 1
        self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
        return True


def mangled(body: bytes, kind: str) -> bytes:
    """Return an answer's body with a fault of form."""
    if kind == "cut":
        return body[: max(len(body) * 2 // 3, 1)]
    if kind == "null":
        return b"null"
    if kind == "html":
        return b"<html><head><title>Just a moment...</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return msgspec.json.encode(_changed(msgspec.json.decode(body), kind))


def _changed(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        items: dict[Any, Any] = {name: _changed(one, kind) for name, one in value.items()}  # pyright: ignore[reportUnknownVariableType]
        if kind == "unknown-field":
            items["emulatorExtra"] = "1"
        elif (
            kind == "missing-field"
            and len(items) > 2
            and not any(isinstance(one, dict | list) for one in items.values())
        ):
            items.popitem()
        return items
    if isinstance(value, list):
        return [_changed(one, kind) for one in value]  # pyright: ignore[reportUnknownVariableType]
    if kind == "text-numbers" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value
