"""What the emulator did: every call, every connection, everything sent or withheld."""

from dataclasses import dataclass, field

import msgspec


class CallRecord(msgspec.Struct, frozen=True):
    """One REST call as the emulator met it; ``fault`` names what it did to it, empty for nothing."""

    venue: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    status: int
    wire_seconds: float
    market_time: int
    fault: str = ""


@dataclass
class Truth:
    """The record of one emulator; a live resource."""

    calls: list[CallRecord] = field(default_factory=list[CallRecord])

    def bans(self) -> int:
        """Return the calls that were answered with a ban."""
        return sum(1 for call in self.calls if call.fault == "banned")
