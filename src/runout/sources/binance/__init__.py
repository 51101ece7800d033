"""Binance: the public archive's files, and the venue itself (USD-M, COIN-M and spot)."""

from runout.sources.binance import normalise, rest, stream
from runout.sources.binance.archive import COLUMNS, BinanceArchive, source
from runout.sources.facts import read_facts
from runout.sources.venue import Folder

__all__ = ["COLUMNS", "BinanceArchive", "source", "venue"]


def venue() -> Folder:
    """Return the venue."""
    return Folder(
        facts=read_facts("binance"),
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
