"""Faults of the market itself: bursts, delistings, clocks that are off."""

from runout.clock import NANOSECONDS_PER_SECOND
from runout.emulator.desk import Desk
from runout.emulator.faults import Fault, Script

BURST_LASTS = NANOSECONDS_PER_SECOND // 2


def befall(desk: Desk, script: Script, now: float) -> None:
    """Let faults of the market begin at a venue; each does so once.

    Parameters
    ----------
    desk
        The venue.
    script
        The faults.
    now
        Seconds of the wire's clock.
    """
    for contract in list(desk.contracts.values()):
        met = desk.met.setdefault(contract.key, [])
        for fault in script.strike("market", desk.form.name, contract.symbol, now, met):
            _begin(desk, contract.key, fault)
    offsets = [offset for offset in desk.offsets if not offset.lasts or now < offset.at + offset.lasts]
    if len(offsets) != len(desk.offsets):
        desk.offsets = offsets
        desk.clock_offset = int(sum(float(offset.value) for offset in offsets) * NANOSECONDS_PER_SECOND)


def unlist(desk: Desk, fault: Fault) -> None:
    """Let contracts be unknown until the fault ``list`` begins."""
    if fault.venue in {"", desk.form.name}:
        desk.unlisted |= {contract.key for contract in desk.contracts.values() if fault.match in contract.symbol}


def _begin(desk: Desk, key: str, fault: Fault) -> None:
    contract = desk.contracts[key]
    if fault.kind == "burst" and contract.kind != "spot":
        desk.inject(contract, desk.clock.now(), int(fault.value or 1000), BURST_LASTS)
    elif fault.kind == "list":
        desk.unlisted.discard(contract.key)
    elif fault.kind == "delist":
        desk.delisted[contract.symbol] = desk.clock.now()
    elif fault.kind == "clock-offset" and fault not in desk.offsets:
        desk.offsets.append(fault)
        desk.clock_offset = int(sum(float(offset.value) for offset in desk.offsets) * NANOSECONDS_PER_SECOND)
