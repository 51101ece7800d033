"""Linear contracts: quantity in coins, margin and profit in dollars (USDT, USDC).

``equity(P) = W + s·q·(P − e)``, ``MM(P) = q·P·m − c``; the venue liquidates at the mark price where equity ≤ MM.
"""

import numpy.typing as npt

from runout.margin.arrays import FloatArray, at_least_one, finite, not_negative, positive, sides, together
from runout.margin.roots import Maintenance, Positions, linear_root


def initial_margin(notional: npt.ArrayLike, leverage: npt.ArrayLike) -> FloatArray:
    """Return the collateral that a leverage stands for at entry: ``W = notional / L``.

    Parameters
    ----------
    notional
        Value at entry, > 0: ``q·e`` dollars of a linear contract, ``Q/e`` coins of an inverse one.
    leverage
        ≥ 1. What the account *set*; under cross margin the collateral at work is the whole balance, not this.

    Returns
    -------
    numpy.ndarray
        In the unit of the notional.

    Raises
    ------
    UsageError
        If a notional is not above 0 or a leverage below 1.

    Examples
    --------
    >>> float(initial_margin(60_000, 20))
    3000.0
    """
    values, times = together(notional=positive("notional", notional), leverage=at_least_one("leverage", leverage))
    return values / times


def pnl(side: npt.ArrayLike, quantity: npt.ArrayLike, entry: npt.ArrayLike, price: npt.ArrayLike) -> FloatArray:
    """Return profit and loss in dollars: ``s·q·(P − e)``.

    Raises
    ------
    UsageError
        If a side is not ±1, a quantity, entry or price not above 0.

    Examples
    --------
    >>> float(pnl(-1, 2, 60_000, 59_000))
    2000.0
    """
    s, q, e, p = together(
        side=sides(side),
        quantity=positive("quantity", quantity),
        entry=positive("entry", entry),
        price=positive("price", price),
    )
    return s * q * (p - e)


def equity(
    side: npt.ArrayLike, quantity: npt.ArrayLike, entry: npt.ArrayLike, collateral: npt.ArrayLike, price: npt.ArrayLike
) -> FloatArray:
    """Return what a position is worth to its owner in dollars: ``W + s·q·(P − e)``.

    ``side``, ``quantity``, ``entry`` and ``price`` as in :func:`pnl`; ``collateral`` in dollars, of any sign.

    Raises
    ------
    UsageError
        If a side is not ±1, a quantity, entry or price not above 0, or a collateral not finite.

    Examples
    --------
    >>> float(equity(1, 1, 60_000, 3_000, 58_000))
    1000.0
    """
    return finite("collateral", collateral) + pnl(side, quantity, entry, price)


def liquidation_price(
    side: npt.ArrayLike,
    quantity: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    maintenance: Maintenance,
    *,
    fee_rate: float = 0.0,
) -> FloatArray:
    """Return the mark price at which isolated linear positions are liquidated.

    ``LP = (e − s·(W + c)/q) / (1 − s·(m + f))`` with the bracket (m, c) that holds the notional at LP.

    Parameters
    ----------
    side
        +1 long, −1 short.
    quantity, entry
        Coins and dollars, > 0.
    collateral
        W, the isolated wallet in dollars, ≥ 0 (:func:`initial_margin` for a set leverage).
    maintenance
        :class:`~runout.margin.Brackets`, or a maintenance rate of the whole position (scalar or one for each).
    fee_rate
        f, the closing fee that the venue counts in the trigger: 0 at Binance and Hyperliquid, the taker fee at OKX.

    Returns
    -------
    numpy.ndarray
        Broadcast shape of the arguments. 0 where no positive price liquidates a long. A level on the wrong side of the
        entry belongs to a position whose collateral is below the maintenance margin already.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range; the message names it and the position.

    References
    ----------
    Binance, How to Calculate Liquidation Price of USDⓈ-M Futures Contracts (faq b3c689c1); Hyperliquid docs,
    Liquidations.

    Examples
    --------
    >>> from runout.margin import brackets
    >>> binance = brackets([0, 50_000, 600_000], [0.004, 0.005, 0.0065])
    >>> liquidation_price([1, -1], 1, 60_000, 3_000, binance).round(4).tolist()
    [57236.1809, 62736.3184]
    """
    return linear_root(_positions(side, quantity, entry, not_negative("collateral", collateral)), maintenance, fee_rate)


def cross_liquidation_price(
    side: npt.ArrayLike,
    quantity: npt.ArrayLike,
    entry: npt.ArrayLike,
    wallet_balance: npt.ArrayLike,
    maintenance: Maintenance,
    *,
    other_maintenance_margin: npt.ArrayLike = 0.0,
    other_unrealized_pnl: npt.ArrayLike = 0.0,
    fee_rate: float = 0.0,
) -> FloatArray:
    """Return the mark price at which linear positions under cross margin are liquidated, all else standing still.

    As :func:`liquidation_price` with ``W = wallet balance − maintenance margin of the others + their unrealized PnL``.

    Parameters
    ----------
    side, quantity, entry, maintenance, fee_rate
        As in :func:`liquidation_price`.
    wallet_balance
        Dollars without unrealized PnL, of any sign.
    other_maintenance_margin, other_unrealized_pnl
        Of all other contracts of the account, at their present mark prices.

    Returns
    -------
    numpy.ndarray
        0 where no positive price liquidates; venues show ``--``. It moves whenever another position's mark price does.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    References
    ----------
    Binance faq b3c689c1 (variables WB, TMM1, UPNL1).

    Examples
    --------
    >>> float(cross_liquidation_price(1, 1, 60_000, 10_000, 0.005, other_maintenance_margin=2_000).round(2))
    52261.31
    """
    others = finite("other_unrealized_pnl", other_unrealized_pnl) - not_negative(
        "other_maintenance_margin", other_maintenance_margin
    )
    collateral = finite("wallet_balance", wallet_balance) + others
    return linear_root(_positions(side, quantity, entry, collateral), maintenance, fee_rate)


def bankruptcy_price(
    side: npt.ArrayLike,
    quantity: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    *,
    fee_rate: float = 0.0,
) -> FloatArray:
    """Return the price at which the equity of linear positions is gone: ``(e − s·W/q) / (1 − s·f)``.

    Parameters
    ----------
    side, quantity, entry, collateral
        As in :func:`liquidation_price`; with ``W = q·e/L`` and no fee the price is ``e·(1 − s/L)``.
    fee_rate
        Closing fee that the collateral must still pay; 0: none.

    Returns
    -------
    numpy.ndarray
        0 where no positive price exhausts a long.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    Examples
    --------
    >>> bankruptcy_price([1, -1], 1, 60_000, 3_000).tolist()
    [57000.0, 63000.0]
    """
    return linear_root(_positions(side, quantity, entry, not_negative("collateral", collateral)), 0.0, fee_rate)


def _positions(side: npt.ArrayLike, quantity: npt.ArrayLike, entry: npt.ArrayLike, collateral: FloatArray) -> Positions:
    return Positions(sides(side), positive("quantity", quantity), positive("entry", entry), collateral)
