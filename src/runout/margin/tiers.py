"""The venues' maintenance tables, as dated facts.

They stand in ``tiers.toml`` beside this module, each with its source, who stands behind it and how its dates are known.
A venue that changed its table without our knowing when leaves a gap: asking for a moment inside one is refused, unless
the reader says that the nearest table will do.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from runout.clock import format_date, parse_time
from runout.errors import NotEnoughDataError, SchemaError, UsageError
from runout.margin.arrays import FloatArray, not_negative
from runout.margin.brackets import Brackets, brackets
from runout.margin.distances import Contract

Kind = Literal["brackets", "whole-position", "growing"]
"""``brackets``: each part of the notional at its own rate. ``whole-position``: one rate, that of the tier that holds
the position. ``growing``: one rate, rising in a straight line with the size."""
Unit = Literal["usd", "coins", "contracts"]
Standing = Literal["venue", "third-party", "memory"]
Dating = Literal["announced", "observed", "assumed"]
"""``announced``: the venue said when. ``observed``: first seen on that day. ``assumed``: the source bears no date."""


class TierTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One maintenance table of one venue.

    Parameters
    ----------
    venue
        Lower case.
    symbols
        As the venue writes them.
    contract
        ``linear`` or ``inverse``.
    kind
        How the rate depends on the size.
    unit
        Of ``floors``: dollars of notional, coins, or contracts.
    floors, rates
        Where each tier begins and its maintenance rate, as many of each; the first floor is 0.
    max_leverages
        Highest leverage of each tier; () where not known.
    amounts
        Maintenance amounts as published, checked against the recursion; () where the venue publishes none.
    step, step_rate
        ``whole-position``: beyond the last floor every further ``step`` adds ``step_rate``. ``growing``: ``step_rate``
        is added for each ``step``, in proportion.
    since, until
        UTC ns, inclusive and exclusive; ``until`` None: not known to have ended.
    changed_after
        UTC ns; the source still showed another table then. None where nobody looked.
    last_seen
        UTC ns of the last look that showed this table.
    dating, standing
        How the dates are known, and who says it.
    source
        Page or file, and its date.
    remark
        What to know about it.
    """

    venue: str
    symbols: tuple[str, ...]
    contract: Contract
    kind: Kind
    unit: Unit
    floors: tuple[float, ...]
    rates: tuple[float, ...]
    max_leverages: tuple[float, ...] = ()
    amounts: tuple[float, ...] = ()
    step: float | None = None
    step_rate: float | None = None
    since: int
    until: int | None = None
    changed_after: int | None = None
    last_seen: int | None = None
    dating: Dating
    standing: Standing
    source: str
    remark: str = ""

    def holds(self, at: int) -> bool:
        """Return whether the table holds at ``at`` (UTC ns)."""
        return self.since <= at and (self.until is None or at < self.until)

    def brackets(self) -> Brackets:
        """Return the table as brackets.

        Raises
        ------
        UsageError
            If the table sets one rate for the whole position: ask :func:`maintenance_rate` for it.
        """
        if self.kind != "brackets":
            raise UsageError(
                f"expected a table of brackets, found that {self.venue} {self.symbols[0]} sets one rate for the whole"
                " position: use maintenance_rate(table, size)"
            )
        return brackets(self.floors, self.rates, self.amounts or None)


@cache
def shipped_tiers() -> tuple[TierTable, ...]:
    """Return the tables shipped with the product, in the order of ``tiers.toml``."""
    return parse_tiers(files("runout.margin").joinpath("tiers.toml").read_text(encoding="utf-8"))


def parse_tiers(text: str) -> tuple[TierTable, ...]:
    """Return the maintenance tables of a text in TOML.

    Parameters
    ----------
    text
        ``[[tiers]]`` entries as in ``tiers.toml``; times are ISO 8601.

    Raises
    ------
    SchemaError
        If the text is no TOML, an entry has an unknown or missing key, a table is malformed (floors or rates that do
        not rise, published amounts that do not follow), or two tables of a symbol overlap in time.
    """
    try:
        results = tuple(msgspec.convert(_in_nanoseconds(entry), TierTable) for entry in tomllib.loads(text)["tiers"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"expected maintenance tables in TOML as tiers.toml has them: {error}") from error
    for table in results:
        _require_form(table)
    _require_no_overlap(results)
    return results


def tiers(venue: str, symbol: str, at: int, *, nearest: bool = False) -> TierTable:
    """Return the maintenance table of a symbol that held at a moment.

    Parameters
    ----------
    venue
        Lower case.
    symbol
        As the venue writes it: ``BTCUSDT``, ``BTC``, ``XBTUSD``.
    at
        UTC ns.
    nearest
        Take the last table known before ``at`` where none is known to hold (or the first known after it). Its ``since``
        and ``until`` say how far away it is.

    Returns
    -------
    TierTable
        With its source and standing: a table of standing ``memory`` was never read again.

    Raises
    ------
    NotEnoughDataError
        If no table is known, or none for that moment and ``nearest`` is not set; the message lists the known spans.

    Examples
    --------
    >>> tiers("binance", "BTCUSDT", parse_time("2025-01-01")).max_leverages[:3]
    (125.0, 100.0, 75.0)
    """
    known = sorted(_of_symbol(shipped_tiers(), venue, symbol), key=lambda table: table.since)
    holding = [table for table in known if table.holds(at)]
    if holding:
        return holding[0]
    if known and nearest:
        before = [table for table in known if table.since <= at]
        return before[-1] if before else known[0]
    if not known:
        others = sorted({name for table in shipped_tiers() if table.venue == venue for name in table.symbols})
        venues = sorted({table.venue for table in shipped_tiers()})
        has = f"{venue} has {', '.join(others[:12])}" if others else f"venues with tables are {', '.join(venues)}"
        raise NotEnoughDataError(
            f"expected a maintenance table of {venue} {symbol}, found none: {has}{' …' if len(others) > 12 else ''}; "
            "name one of those"
        )
    spans = ", ".join(_span(table) for table in known)
    raise NotEnoughDataError(
        f"expected a maintenance table of {venue} {symbol} at {format_date(at)}, found {spans}: pass nearest=True to"
        " take the closest one, or add the table to tiers.toml with its source"
    )


def maintenance_rate(table: TierTable, size: npt.ArrayLike) -> FloatArray:
    """Return the maintenance rate of whole positions, for venues that apply one rate to all of a position.

    ``whole-position``: ``m_k`` of the tier that holds the size, and beyond the last floor ``m_K + step_rate`` for every
    further step begun. ``growing``: ``m_1 + size·step_rate/step``.

    Parameters
    ----------
    table
        Of kind ``whole-position`` (OKX, BitMEX) or ``growing`` (Deribit).
    size
        In the table's unit, ≥ 0, any shape. At BitMEX it is the risk limit that the account chose, which is at least
        the position's value in coins.

    Returns
    -------
    numpy.ndarray
        Fractions, shape of ``size``.

    Raises
    ------
    UsageError
        If a size is negative or not finite, or the table consists of brackets.

    Examples
    --------
    >>> deribit = tiers("deribit", "BTC-PERPETUAL", parse_time("2025-01-01"))
    >>> maintenance_rate(deribit, [0, 25, 350]).round(5).tolist()
    [0.01, 0.01125, 0.0275]
    """
    sizes = not_negative("size", size)
    floors, rates = np.asarray(table.floors), np.asarray(table.rates)
    if table.kind == "growing":
        return np.asarray(rates[0] + sizes * ((table.step_rate or 0.0) / (table.step or 1.0)))
    if table.kind != "whole-position":
        raise UsageError(f"expected a table with one rate for the position, found brackets of {table.venue}")
    rate = rates[np.maximum(np.searchsorted(floors, sizes, side="left") - 1, 0)]
    if table.step is None or table.step_rate is None:
        return np.asarray(rate)
    beyond = np.maximum(np.ceil((sizes - floors[-1]) / table.step) - 1, 0)
    return np.asarray(rate + beyond * table.step_rate)


def _of_symbol(tables: Iterable[TierTable], venue: str, symbol: str) -> list[TierTable]:
    """Return the tables of a symbol, written in capitals or as the venue does (kPEPE)."""
    requested = symbol.upper()
    return [table for table in tables if table.venue == venue and requested in {name.upper() for name in table.symbols}]


def _span(table: TierTable) -> str:
    return f"{format_date(table.since)} to {'now' if table.until is None else format_date(table.until)}"


def _require_form(table: TierTable) -> None:
    where = f"{table.venue} {'/'.join(table.symbols)} since {format_date(table.since)}"
    try:
        brackets(table.floors, table.rates, table.amounts or None)
    except SchemaError as error:
        raise SchemaError(f"{where}: {error}") from error
    if len(table.max_leverages) not in {0, len(table.floors)}:
        raise SchemaError(f"{where}: expected as many max_leverages as floors, or none")
    if (table.step is None) != (table.step_rate is None) or (table.kind == "growing" and table.step is None):
        raise SchemaError(f"{where}: expected step and step_rate together, and both where the rate grows")
    if table.until is not None and table.until <= table.since:
        raise SchemaError(f"{where}: expected until after since")


def _require_no_overlap(tables: tuple[TierTable, ...]) -> None:
    for venue, symbol in sorted({(table.venue, symbol) for table in tables for symbol in table.symbols}):
        ordered = sorted(_of_symbol(tables, venue, symbol), key=lambda table: table.since)
        for earlier, later in pairwise(ordered):
            if earlier.until is None or earlier.until > later.since:
                raise SchemaError(
                    f"expected tables of {venue} {symbol} one after the other, found {_span(earlier)} and"
                    f" {_span(later)}"
                )


def _in_nanoseconds(entry: dict[str, Any]) -> dict[str, Any]:
    names = ("since", "until", "changed_after", "last_seen")
    return entry | {name: parse_time(entry[name]) for name in names if name in entry}
