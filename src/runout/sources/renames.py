"""Coins that took another name: contracts under either are contracts of one coin, the present one."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import msgspec

from runout.clock import parse_time
from runout.sources.venue import Instrument


class Rename(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coin's change of name.

    Parameters
    ----------
    old, new
        Names before and after.
    date
        UTC day from which the new name is used.
    ratio
        Coins of the new name that one of the old became.
    source
        Who says so.
    """

    old: str
    new: str
    date: str
    ratio: float = 1.0
    source: str


@cache
def renames() -> dict[str, Rename]:
    """Return the changes of name, by old name, as ``renames.toml`` has them."""
    text = files("runout.sources").joinpath("renames.toml").read_text(encoding="utf-8")
    rows = msgspec.convert(tomllib.loads(text)["rename"], list[Rename])
    return {row.old: row for row in rows}


def present_name(coin: str) -> str:
    """Return the name that a coin has today.

    Examples
    --------
    >>> present_name("MATIC"), present_name("BTC")
    ('POL', 'BTC')
    """
    return renames()[coin].new if coin in renames() else coin


def under_present_names(instruments: Iterable[Instrument]) -> tuple[Instrument, ...]:
    """Return instruments with coins under their present names, and sizes and prices counted in those.

    A contract that was listed after the change belongs to another coin, which took the old name over.
    """
    return tuple(_renamed(instrument) for instrument in instruments)


def _renamed(instrument: Instrument) -> Instrument:
    row = renames().get(instrument.coin)
    if row is None or (instrument.listed or 0) >= parse_time(row.date):
        return instrument
    base = instrument.contract_base
    return msgspec.structs.replace(
        instrument,
        coin=row.new,
        former_coin=row.old,
        contract_base=None if base is None else base * row.ratio,
        priced_coins=instrument.priced_coins * row.ratio,
    )
