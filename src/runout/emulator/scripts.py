"""Scripts of faults that are built in, by name."""

from runout.emulator.faults import Fault

_REST = (
    Fault(kind="slow-down", every=29), Fault(kind="slow-down-bare", every=97), Fault(kind="broken", chance=0.01),
    Fault(kind="html", chance=0.005), Fault(kind="null", chance=0.005), Fault(kind="cut", chance=0.01),
    Fault(kind="reset", chance=0.005), Fault(kind="overlap", every=7), Fault(kind="short-page", every=11),
    Fault(kind="unknown-field", every=13), Fault(kind="loop", every=53),
)  # fmt: skip
_STREAMS = (
    Fault(kind="refuse-handshake", every=7, value=502), Fault(kind="early-frame", every=2),
    Fault(kind="late-ack", every=9), Fault(kind="no-ack", every=14), Fault(kind="ack-silence", every=31),
    Fault(kind="replay-old", every=3), Fault(kind="abort", at=60, chance=0.3),
    Fault(kind="close", at=120, chance=0.3, value=1001),
    Fault(kind="mute", at=180, lasts=120, chance=0.2), Fault(kind="deaf", at=180, lasts=120, chance=0.1),
    Fault(kind="shutdown", venue="binance", at=240), Fault(kind="abort", venue="bybit", at=300),
    Fault(kind="duplicate", every=101), Fault(kind="reorder", every=103), Fault(kind="cut-frame", every=1009),
    Fault(kind="bad-utf8", every=2003), Fault(kind="fragments", every=211), Fault(kind="binary", every=3001),
    Fault(kind="two-objects", every=4001), Fault(kind="nan", every=1511), Fault(kind="no-data", every=1301),
    Fault(kind="frame-unknown-field", every=97), Fault(kind="frame-plain-numbers", every=401),
    Fault(kind="unknown-value", every=1709), Fault(kind="unknown-symbol", every=1201),
    Fault(kind="shifted-stamp", every=907, value=-20), Fault(kind="drop", every=503, match="depth"),
)  # fmt: skip
_MARKET = (
    Fault(kind="burst", match="BTC", at=90, value=1000),
    Fault(kind="clock-offset", venue="okx", at=30, lasts=60, value=2),
    Fault(kind="clock-offset", venue="gate", at=45, lasts=90, value=-2),
)  # fmt: skip
SCRIPTS: dict[str, tuple[Fault, ...]] = {
    "rest": _REST, "streams": _STREAMS, "market": _MARKET, "all": (*_REST, *_STREAMS, *_MARKET),
}  # fmt: skip
"""By name: what ``runout emulate --faults`` takes beside a file."""
