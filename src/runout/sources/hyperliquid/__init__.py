"""Hyperliquid: perpetuals of the main exchange."""

from runout.sources.facts import read_facts
from runout.sources.hyperliquid import normalise, rest, stream
from runout.sources.venue import Folder

__all__ = ["venue"]


def venue() -> Folder:
    """Return the venue."""
    return Folder(
        facts=read_facts("hyperliquid"),
        instrument_calls=rest.instrument_calls,
        read_instruments=rest.read_instruments,
        histories=rest.histories,
        first_call=rest.first_call,
        read_page=rest.read_page,
        judge=rest.judge,
        polls=rest.polls,
        connections=stream.connections,
        classify=stream.classify,
        normalise=normalise.normalise,
    )
