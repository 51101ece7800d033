"""Several positions under cross margin: one balance answers for all, so each liquidation depends on the others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from runout.errors import UsageError
from runout.margin.accounts import hedge_liquidation_prices
from runout.margin.arrays import Side
from runout.margin.brackets import maintenance_margin
from runout.margin.own_position import Requirement

_HALVINGS: Final = 80
_FARTHEST_RISE: Final = 20.0


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A position of the account, as asked.

    Parameters
    ----------
    coin
        Base asset.
    side
        long or short.
    quantity
        Coins.
    entry
        Dollars.
    leverage
        Set leverage; None: not said. It only limits what may be opened: the balance answers for all.
    mark
        Present mark price in dollars; None: the lake's, else the entry.
    """

    coin: str
    side: Side
    quantity: float
    entry: float
    leverage: float | None = None
    mark: float | None = None


class Leg(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A position of an account, with its liquidation price while all other marks stand still.

    Parameters
    ----------
    holding
        All that is held of the coin on this side.
    mark
        Dollars.
    requirement
        Its maintenance table.
    unrealised_usd, maintenance_usd
        At the mark.
    liquidation_price
        Of its coin, at which the account is liquidated: below for a long, above for a short; None: there is none.
    required_usd, exposed_usd
        Maintenance and notional of the whole account at that price; None with it.
    """

    holding: Holding
    mark: float
    requirement: Requirement
    unrealised_usd: float
    maintenance_usd: float
    liquidation_price: float | None
    required_usd: float | None
    exposed_usd: float | None


class Account(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A cross-margin account.

    Parameters
    ----------
    balance
        Wallet balance in dollars, without what is unrealised.
    legs
        Its positions.
    fall, rise
        Move of all coins together, as a fraction, that liquidates it; None: there is none (of rises, none to 20 times).
    """

    balance: float
    legs: tuple[Leg, ...]
    fall: float | None
    rise: float | None

    @property
    def unrealised_usd(self) -> float:
        """What all positions have gained; a loss is below zero."""
        return sum(leg.unrealised_usd for leg in self.legs)

    @property
    def maintenance_usd(self) -> float:
        """Maintenance margin of all positions."""
        return sum(leg.maintenance_usd for leg in self.legs)

    @property
    def margin_ratio(self) -> float:
        """Maintenance over equity; liquidated at 1."""
        equity = self.balance + self.unrealised_usd
        return self.maintenance_usd / equity if equity > 0.0 else float("inf")


def merged(holdings: Sequence[Holding]) -> tuple[Holding, ...]:
    """Return one holding for each coin and side, as venues keep them: coins add up, entries are averaged by coins.

    Raises
    ------
    UsageError
        If two marks of one coin differ.
    """
    together: dict[tuple[str, Side], list[Holding]] = {}
    marks: dict[str, float] = {}
    for holding in holdings:
        together.setdefault((holding.coin, holding.side), []).append(holding)
        if holding.mark is not None and marks.setdefault(holding.coin, holding.mark) != holding.mark:
            raise UsageError(f"expected one mark of {holding.coin}, found {marks[holding.coin]:g} and {holding.mark:g}")
    return tuple(
        Holding(
            coin=coin, side=side, quantity=sum(part.quantity for part in parts),
            entry=sum(part.quantity * part.entry for part in parts) / sum(part.quantity for part in parts),
            leverage=max((part.leverage for part in parts if part.leverage is not None), default=None),
            mark=marks.get(coin),
        )
        for (coin, side), parts in together.items()
    )  # fmt: skip


def account_risk(
    holdings: Sequence[Holding], balance: float, marks: Mapping[str, float], tables: Mapping[str, Requirement]
) -> Account:
    """Return where an account is liquidated: through each of its coins, and through all of them together.

    Through a coin at P: ``balance + Σ s·q·(mark − e) of the others + Σ s·q·(P − e) of the coin`` equals the
    maintenance of all, the others at their marks. Through all: the same with every mark times ``1 + m``.

    Parameters
    ----------
    holdings
        Positions; those of one coin and side are one.
    balance
        Wallet balance, dollars, above 0.
    marks, tables
        Dollars and maintenance table, by coin.

    Returns
    -------
    Account
        Its legs in the order of the holdings.

    Raises
    ------
    UsageError
        If there is no position, or a venue would not allow a leverage for its notional.

    Examples
    --------
    >>> from runout.clock import parse_time
    >>> from runout.margin.own_position import requirement
    >>> table = {"BTC": requirement("binance", "BTC", parse_time("2025-01-01"))}
    >>> held = [Holding(coin="BTC", side="long", quantity=1.0, entry=60_000.0)]
    >>> found = account_risk(held, 3_000.0, {"BTC": 60_000.0}, table)
    >>> round(found.legs[0].liquidation_price, 4), round(found.fall, 4)
    (57236.1809, -0.0461)
    """
    kept = merged(holdings)
    if not kept or balance <= 0.0:
        raise UsageError(f"expected positions and a balance above 0, found {len(kept)} and {balance:g}")
    for item in kept:
        _refuse_leverage(item, tables[item.coin])
    levels = {coin: _levels(coin, kept, balance, marks, tables) for coin in dict.fromkeys(entry.coin for entry in kept)}

    def left(move: float) -> float:
        moved = {coin: mark * (1.0 + move) for coin, mark in marks.items()}
        return balance + _gain(kept, moved) - _required(kept, moved, tables)

    alive = left(0.0) > 0.0
    return Account(
        balance=balance,
        legs=tuple(_leg(entry, kept, marks, tables, levels[entry.coin]) for entry in kept),
        fall=_root(left, -1.0) if alive else None,
        rise=_root(left, _FARTHEST_RISE) if alive else None,
    )


def _levels(
    coin: str, kept: Sequence[Holding], balance: float, marks: Mapping[str, float], tables: Mapping[str, Requirement]
) -> tuple[float | None, float | None]:
    """Return the prices of a coin between which the account lives while the other marks stand still."""
    own = {holding.side: (holding.quantity, holding.entry) for holding in kept if holding.coin == coin}
    others = [holding for holding in kept if holding.coin != coin]
    below, above = hedge_liquidation_prices(
        *own.get("long", (0.0, 1.0)), *own.get("short", (0.0, 1.0)),
        collateral=balance + _gain(others, marks) - _required(others, marks, tables), maintenance=tables[coin].brackets,
    )  # fmt: skip
    low, high = float(below), float(above)
    return low if low > 0.0 else None, high if 0.0 < high < float("inf") else None


def _leg(
    holding: Holding, kept: Sequence[Holding], marks: Mapping[str, float], tables: Mapping[str, Requirement],
    levels: tuple[float | None, float | None],
) -> Leg:  # fmt: skip
    level = levels[0] if holding.side == "long" else levels[1]
    then = None if level is None else {**marks, holding.coin: level}
    return Leg(
        holding=holding, mark=marks[holding.coin], requirement=tables[holding.coin],
        unrealised_usd=_gain([holding], marks),
        maintenance_usd=_required([holding], marks, tables), liquidation_price=level,
        required_usd=None if then is None else _required(kept, then, tables),
        exposed_usd=None if then is None else sum(other.quantity * then[other.coin] for other in kept),
    )  # fmt: skip


def _gain(holdings: Sequence[Holding], marks: Mapping[str, float]) -> float:
    return sum(
        (1.0 if holding.side == "long" else -1.0) * holding.quantity * (marks[holding.coin] - holding.entry)
        for holding in holdings
    )


def _required(holdings: Sequence[Holding], marks: Mapping[str, float], tables: Mapping[str, Requirement]) -> float:
    return sum(
        float(maintenance_margin(holding.quantity * marks[holding.coin], tables[holding.coin].brackets))
        for holding in holdings
    )


def _root(left: Callable[[float], float], end: float) -> float | None:
    """Return the move between 0 and ``end`` at which what is left is gone: concave, so there is one at most."""
    if left(end) > 0.0:
        return None
    alive, gone = 0.0, end
    for _ in range(_HALVINGS):
        middle = (alive + gone) / 2.0
        alive, gone = (middle, gone) if left(middle) > 0.0 else (alive, middle)
    return alive


def _refuse_leverage(item: Holding, table: Requirement) -> None:
    most = table.highest_leverage(item.quantity * item.entry)
    if item.leverage is not None and most is not None and item.leverage > most:
        raise UsageError(
            f"{table.venue} allows at most {most:g}x for ${item.quantity * item.entry:,.0f} of {item.coin}, found "
            f"{item.leverage:g}x"
        )
