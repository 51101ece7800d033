"""Aster's streams: Binance's messages over one address without routes."""

from collections.abc import Sequence

import msgspec

from runout.sources.binance import stream as original
from runout.sources.venue import Connection, Instrument

classify = original.classify


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    """Return one connection for liquidations of all contracts, and others for trades and marks."""
    return tuple(
        msgspec.structs.replace(connection, venue="aster", path="/stream")
        for connection in original.connections(instruments, kinds)
        if connection.host == "stream"
    )
