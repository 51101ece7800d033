"""Aster: perpetuals, over Binance's messages."""

from runout.sources.aster import rest, stream
from runout.sources.binance import normalise
from runout.sources.binance.stream import classify
from runout.sources.facts import read_facts
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return Folder(
        facts=read_facts("aster"),
        instrument_calls=rest.instrument_calls,
        read_instruments=rest.read_instruments,
        histories=rest.histories,
        first_call=rest.first_call,
        read_page=rest.read_page,
        judge=rest.judge,
        polls=rest.polls,
        connections=stream.connections,
        classify=classify,
        normalise=normalise.normalise,
    )
