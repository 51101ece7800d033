"""Inverse contracts: value in dollars, margin and profit in coins.

``equity(P) = W + s·Q·(1/e − 1/P)``, ``MM(P) = (Q/P)·m − c``, all in coins. A short of leverage 1 holds as many coins as
it sold: no rise liquidates it.
"""

import numpy as np
import numpy.typing as npt

from runout.margin.arrays import FloatArray, finite, not_negative, positive, rates, sides, together
from runout.margin.roots import Maintenance, Positions, inverse_root


def inverse_pnl(side: npt.ArrayLike, value: npt.ArrayLike, entry: npt.ArrayLike, price: npt.ArrayLike) -> FloatArray:
    """Return profit and loss in coins: ``s·Q·(1/e − 1/P)``.

    Parameters
    ----------
    side
        +1 long, −1 short.
    value
        Q, the contracts in dollars, > 0.
    entry, price
        Dollars, > 0.

    Returns
    -------
    numpy.ndarray
        Coins.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    Examples
    --------
    >>> float(inverse_pnl(1, 10_000, 50_000, 40_000).round(6))
    -0.05
    """
    s, q, e, p = together(
        side=sides(side),
        value=positive("value", value),
        entry=positive("entry", entry),
        price=positive("price", price),
    )
    return s * q * (1 / e - 1 / p)


def inverse_equity(
    side: npt.ArrayLike, value: npt.ArrayLike, entry: npt.ArrayLike, collateral: npt.ArrayLike, price: npt.ArrayLike
) -> FloatArray:
    """Return what a position is worth to its owner in coins: ``W + s·Q·(1/e − 1/P)``.

    ``side``, ``value``, ``entry`` and ``price`` as in :func:`inverse_pnl`; ``collateral`` in coins, of any sign.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    Examples
    --------
    >>> float(inverse_equity(-1, 10_000, 50_000, 0.2, 100_000).round(6))
    0.1
    """
    return finite("collateral", collateral) + inverse_pnl(side, value, entry, price)


def inverse_liquidation_price(
    side: npt.ArrayLike,
    value: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    maintenance: Maintenance,
    *,
    fee_rate: float = 0.0,
) -> FloatArray:
    """Return the mark price at which isolated inverse positions are liquidated.

    ``LP = Q·(1 + s·(m + f)) / (Q/e + s·(W + c))`` with the bracket (m, c) that holds the notional Q/LP.

    Parameters
    ----------
    side
        +1 long, −1 short.
    value, entry
        Contracts in dollars and entry price, > 0.
    collateral
        W in coins, ≥ 0; ``Q/e/L`` for a set leverage L. For cross margin: wallet − maintenance margin of the others +
        their unrealized PnL, in the same coin.
    maintenance
        :class:`~runout.margin.Brackets` in coins, or a maintenance rate of the whole position.
    fee_rate
        Closing fee that the venue counts in the trigger.

    Returns
    -------
    numpy.ndarray
        Broadcast shape of the arguments; ``inf`` where no price liquidates a short.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    References
    ----------
    Bybit, Liquidation Price Calculation under Isolated Mode (page of 2026-05-27).

    Examples
    --------
    >>> inverse_liquidation_price([1, -1], [10_000, 60_000], 50_000, [0.02, 0.12], 0.005).round(4).tolist()
    [45681.8182, 55277.7778]
    """
    return inverse_root(_positions(side, value, entry, collateral), maintenance, fee_rate)


def inverse_bankruptcy_price(
    side: npt.ArrayLike,
    value: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    *,
    fee_rate: float = 0.0,
) -> FloatArray:
    """Return the price at which the equity of inverse positions is gone: ``Q·(1 + s·f) / (Q/e + s·W)``.

    Parameters
    ----------
    side, value, entry, collateral
        As in :func:`inverse_liquidation_price`; with ``W = Q/e/L`` and no fee the price is ``e·L/(L + s)``.
    fee_rate
        Closing fee that the collateral must still pay; 0: none.

    Returns
    -------
    numpy.ndarray
        ``inf`` where no price exhausts a short.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    Examples
    --------
    >>> float(inverse_bankruptcy_price(1, 10_000, 8_000, 0.5, fee_rate=0.00075).round(2))
    5718.57
    """
    return inverse_root(_positions(side, value, entry, collateral), 0.0, fee_rate)


def growing_inverse_liquidation_price(
    side: npt.ArrayLike,
    value: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    *,
    base_rate: npt.ArrayLike,
    rate_per_coin: npt.ArrayLike,
) -> FloatArray:
    """Return the liquidation price of inverse positions whose maintenance rate grows with their size: Deribit.

    ``MM = x·(m + k·x)`` with x = Q/P coins, so ``k·x² + (m + s)·x = W + s·Q/e`` at the liquidation price.

    Parameters
    ----------
    side, value, entry, collateral
        As in :func:`inverse_liquidation_price`.
    base_rate, rate_per_coin
        m and k: 0.01 and 0.00005 for BTC since 2022-01-11.

    Returns
    -------
    numpy.ndarray
        ``inf`` where no rise liquidates a short, 0 where every price does. A short of thousands of coins may also be
        liquidated on the way down, because its size in coins grows; that level is not returned.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    References
    ----------
    Deribit, notice of 11 January 2022. That the size is taken at the mark price is our reading of it.

    Examples
    --------
    >>> float(growing_inverse_liquidation_price(1, 10**6, 50_000, 2, base_rate=0.01, rate_per_coin=5e-5).round(2))
    45958.54
    """
    s, q, e, w, m, k = together(
        side=sides(side),
        value=positive("value", value),
        entry=positive("entry", entry),
        collateral=not_negative("collateral", collateral),
        base_rate=rates("base_rate", base_rate),
        rate_per_coin=not_negative("rate_per_coin", rate_per_coin),
    )
    # Both sides solve k·x² + B·x = C with B, C > 0 after the short's equation is turned round.
    linear, constant = 1 + s * m, q / e + s * w
    root = np.sqrt(np.maximum(linear**2 + s * 4 * k * constant, 0.0))
    with np.errstate(divide="ignore"):
        price = q * (linear + root) / (2 * np.maximum(constant, 0.0))
    return np.where(linear**2 + s * 4 * k * constant < 0, 0.0, price)


def _positions(side: npt.ArrayLike, value: npt.ArrayLike, entry: npt.ArrayLike, collateral: npt.ArrayLike) -> Positions:
    return Positions(
        sides(side), positive("value", value), positive("entry", entry), not_negative("collateral", collateral)
    )
