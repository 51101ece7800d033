"""One's own position: where it is liquidated by the venue's rule, and what is lost there."""

from typing import Final, Literal

import msgspec

from runout.errors import NotEnoughDataError, UsageError
from runout.margin.arrays import LONG, SHORT, Side
from runout.margin.brackets import Brackets, maintenance_margin
from runout.margin.linear import bankruptcy_price, cross_liquidation_price, initial_margin, liquidation_price
from runout.margin.tiers import TierTable, shipped_tiers, tiers

MarginMode = Literal["isolated", "cross"]
_SIGNS: Final[dict[Side, int]] = {"long": LONG, "short": SHORT}
_SYMBOLS: Final = {"hyperliquid": "{coin}"}


class Requirement(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The maintenance table that a position is held to.

    Parameters
    ----------
    venue, symbol
        Whose, of what.
    brackets
        Rates by notional.
    floors, max_leverages
        Where each tier begins in dollars, and the highest leverage there; () where not known.
    since
        UTC ns from which it is known.
    holds
        Whether it is known to hold at the moment asked for; else it is the nearest.
    source
        Page or file, and its date.
    last_seen
        UTC ns at which it was last read; None: not known.
    """

    venue: str
    symbol: str
    brackets: Brackets
    floors: tuple[float, ...]
    max_leverages: tuple[float, ...]
    since: int
    holds: bool
    source: str
    last_seen: int | None = None

    def highest_leverage(self, notional: float) -> float | None:
        """Return the highest leverage for a notional in dollars; None: not known."""
        allowed = [most for floor, most in zip(self.floors, self.max_leverages, strict=False) if floor <= notional]
        return allowed[-1] if allowed else None


class OwnRisk(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Where a position ends.

    Parameters
    ----------
    side, entry, leverage, quantity, margin_mode
        As asked: dollars, coins.
    collateral
        Dollars that answer for it.
    notional
        Dollars at entry.
    liquidation_price
        Mark price, dollars; None: no price above zero liquidates it.
    bankruptcy_price
        Where its collateral is gone, dollars.
    distance
        From entry to liquidation, as a fraction of the entry; None with it.
    highest_leverage
        That the venue allows for this notional; None: not known.
    requirement
        The table.
    """

    side: Side
    entry: float
    leverage: float
    quantity: float
    margin_mode: MarginMode
    collateral: float
    notional: float
    liquidation_price: float | None
    bankruptcy_price: float
    distance: float | None
    highest_leverage: float | None
    requirement: Requirement

    @property
    def below_maintenance(self) -> bool:
        """Whether the collateral is below the maintenance margin from the start."""
        return self.distance is not None and (self.distance >= 0.0) == (self.side == "long")

    @property
    def too_high(self) -> bool:
        """Whether the venue would not allow the leverage."""
        return self.highest_leverage is not None and self.leverage > self.highest_leverage


def requirement(venue: str, coin: str, at: int, published: TierTable | None = None) -> Requirement:
    """Return the maintenance table of a venue's linear perpetual of a coin at a moment, or the nearest.

    Of a table that the venue itself published and of those that are shipped the one that was seen later counts.

    Parameters
    ----------
    venue
        Lower case.
    coin
        Base asset.
    at
        UTC ns.
    published
        Table of brackets of dollars as the venue published it before that moment; None: none is known.

    Raises
    ------
    NotEnoughDataError
        If no table of brackets in dollars is known.
    """
    try:
        table = _shipped(venue, coin, at)
    except NotEnoughDataError:
        if published is None:
            raise
        table = published
    if published is not None and (published.last_seen or 0) >= (table.last_seen or table.since):
        table = published
    return Requirement(
        venue=venue, symbol=table.symbols[0], brackets=table.brackets(), floors=table.floors,
        max_leverages=table.max_leverages, since=table.since, holds=table.holds(at), source=table.source,
        last_seen=table.last_seen,
    )  # fmt: skip


def _shipped(venue: str, coin: str, at: int) -> TierTable:
    asked = _SYMBOLS.get(venue, "{coin}USDT").format(coin=coin)
    known = {
        symbol.upper(): symbol
        for tier_table in shipped_tiers()
        if tier_table.venue == venue
        for symbol in tier_table.symbols
    }
    symbol = known.get(asked.upper())
    if symbol is None:
        others = sorted(
            {
                tier_table.venue
                for tier_table in shipped_tiers()
                if tier_table.kind == "brackets" and tier_table.contract == "linear"
            }
        )
        raise NotEnoughDataError(
            f"no maintenance table of {venue} for {asked}; tables of {', '.join(others)} are known, most for BTC"
        )
    table = tiers(venue, symbol, at, nearest=True)
    if table.kind != "brackets" or table.contract != "linear" or table.unit != "usd":
        raise NotEnoughDataError(
            f"expected brackets of a linear contract in dollars for {venue} {symbol}, found {table.kind} of a "
            f"{table.contract} one in {table.unit}: ask for binance, bybit or hyperliquid"
        )
    return msgspec.structs.replace(table, symbols=(symbol,))


def own_risk(
    *,
    side: Side,
    entry: float,
    leverage: float,
    quantity: float,
    requirement: Requirement,
    margin_mode: MarginMode = "isolated",
    balance: float | None = None,
) -> OwnRisk:
    """Return where a position is liquidated, by the venue's rule for linear contracts.

    Parameters
    ----------
    side
        long or short.
    entry
        Dollars.
    leverage
        Set leverage, at least 1: under isolated margin it makes the collateral, ``notional / leverage``.
    quantity
        Coins.
    requirement
        The table.
    margin_mode
        Under ``cross`` the balance answers for it, and the leverage only for what the venue allows.
    balance
        Dollars of the account with nothing else open; for ``cross``.

    Raises
    ------
    UsageError
        If a figure is out of range, or the balance is missing or not wanted.

    Examples
    --------
    >>> from runout.clock import parse_time
    >>> table = requirement("binance", "BTC", parse_time("2025-01-01"))
    >>> found = own_risk(side="long", entry=60_000, leverage=20, quantity=1, requirement=table)
    >>> round(found.liquidation_price, 4)
    57236.1809
    """
    if (margin_mode == "cross") != (balance is not None):
        raise UsageError(
            f"expected a balance with cross margin and none with isolated (--balance), found {margin_mode}, {balance}"
        )
    sign, notional = _SIGNS[side], quantity * entry
    own = float(initial_margin(notional, leverage))
    collateral = own if balance is None else balance
    if balance is None:
        level = float(liquidation_price(sign, quantity, entry, collateral, requirement.brackets))
    else:
        level = float(cross_liquidation_price(sign, quantity, entry, collateral, requirement.brackets))
    return OwnRisk(
        side=side, entry=entry, leverage=leverage, quantity=quantity, margin_mode=margin_mode, collateral=collateral,
        notional=notional, liquidation_price=level if level > 0.0 else None,
        bankruptcy_price=float(bankruptcy_price(sign, quantity, entry, collateral)),
        distance=level / entry - 1.0 if level > 0.0 else None, highest_leverage=requirement.highest_leverage(notional),
        requirement=requirement,
    )  # fmt: skip


def refuse_impossible(own: OwnRisk) -> None:
    """Refuse a position that the venue would not let anybody open.

    Raises
    ------
    UsageError
        If its leverage is above the highest for its notional, or its margin below maintenance from the start.
    """
    if own.too_high:
        raise UsageError(
            f"{own.requirement.venue} allows at most {own.highest_leverage:g}x for a notional of "
            f"${own.notional:,.0f}, found {own.leverage:g}x"
        )
    if own.below_maintenance:
        raise UsageError(
            f"a margin of ${own.collateral:,.0f} is below the maintenance margin of ${own.notional:,.0f} of notional "
            "from the start; no such position can be open"
        )


def unrealised_usd(own: OwnRisk, price: float) -> float:
    """Return what a position has gained at a price, dollars; a loss is below zero."""
    return _SIGNS[own.side] * own.quantity * (price - own.entry)


def loss_at_liquidation(own: OwnRisk, fee_rate: float) -> float | None:
    """Return what is lost if a position is closed at its liquidation price, with the fee; None: it is never liquidated.

    No more than what answers for it: what a venue loses beyond is paid by its insurance fund, or by others'
    deleveraging.

    Parameters
    ----------
    own
        The position.
    fee_rate
        Of closing, a fraction of the notional there.

    Returns
    -------
    float or None
        Dollars. A venue may charge for the liquidation itself, up to all that answers for the position.
    """
    level = own.liquidation_price
    if level is None:
        return None
    return min(fee_rate * own.quantity * level - unrealised_usd(own, level), own.collateral)


def margin_ratio(own: OwnRisk, price: float) -> float:
    """Return maintenance margin over what answers for the position at a price; it is liquidated at 1."""
    left = own.collateral + unrealised_usd(own, price)
    required = float(maintenance_margin(own.quantity * price, own.requirement.brackets))
    return required / left if left > 0.0 else float("inf")


def margin_to_add(own: OwnRisk, target: float) -> float:
    """Return dollars to add so that a position is liquidated at a target price; 0 where it has enough."""
    required = float(maintenance_margin(own.quantity * target, own.requirement.brackets))
    return max(required - unrealised_usd(own, target) - own.collateral, 0.0)
