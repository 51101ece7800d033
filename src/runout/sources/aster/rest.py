"""Calls to Aster, whose interface is Binance's with fewer paths."""

from collections.abc import Sequence

import msgspec

from runout.sources.binance import rest as original
from runout.sources.venue import Call, History, Instrument, Poll

_PURPOSES = ("bars", "funding")

read_page, judge = original.read_page, original.judge


def _as_aster(call: Call) -> Call:
    return msgspec.structs.replace(call, venue="aster")


def instrument_calls() -> tuple[Call, ...]:
    """Return the calls that list contracts of USDT, and their funding intervals."""
    return tuple(_as_aster(call) for call in original.instrument_calls() if call.host == "um")


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    """Return crypto contracts quoted in dollars."""
    return tuple(msgspec.structs.replace(i, venue="aster") for i in original.read_instruments(answers))


def histories(instrument: Instrument) -> tuple[History, ...]:
    """Return bars and funding: statistics are not offered."""
    return tuple(history for history in original.histories(instrument) if history.purpose in _PURPOSES)


def first_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    """Return the call for the first window of a stretch."""
    return _as_aster(original.first_call(history, instrument, since, until))


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    """Return open interest of each perpetual once a minute: no stream has it."""
    return tuple(msgspec.structs.replace(poll, call=_as_aster(poll.call)) for poll in original.polls(instruments))
