"""Several positions that share one collateral: both legs of a hedge, and all positions of a cross-margin account."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.margin.arrays import FloatArray, finite, not_negative, positive, sides, together
from runout.margin.brackets import Brackets, maintenance_margin
from runout.margin.linear import cross_liquidation_price


def hedge_liquidation_prices(
    long_quantity: npt.ArrayLike,
    long_entry: npt.ArrayLike,
    short_quantity: npt.ArrayLike,
    short_entry: npt.ArrayLike,
    *,
    collateral: npt.ArrayLike,
    maintenance: Brackets,
) -> tuple[FloatArray, FloatArray]:
    """Return the two prices at which a long and a short of one linear contract under cross margin are liquidated.

    Both legs share equity and levels: ``equity(P) = W + q_L·(P − e_L) + q_S·(e_S − P)`` and
    ``MM(P) = MM(q_L·P) + MM(q_S·P)``, each leg in its own bracket. Equity minus maintenance is concave in P, so there
    is at most one root below and one above. In the brackets (m, c) that hold at the level it is
    ``(W + c_L + c_S − q_L·e_L + q_S·e_S) / (q_L·m_L + q_S·m_S − q_L + q_S)``.

    Parameters
    ----------
    long_quantity, short_quantity
        Coins, ≥ 0.
    long_entry, short_entry
        Dollars, > 0; of no effect where the quantity is 0.
    collateral
        W: wallet balance − maintenance margin of other contracts + their unrealized PnL, dollars.
    maintenance
        Brackets of the contract.

    Returns
    -------
    tuple of numpy.ndarray
        The level below (0: none) and the level above (inf: none). Where the first is not below the second, the account
        is liquidated at every price. Binance shows one of them; a nearly closed hedge has both.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range.

    References
    ----------
    Binance faq b3c689c1 (the variables; the formula was remembered and agrees with the definition above).

    Examples
    --------
    >>> from runout.margin import brackets
    >>> binance = brackets([0, 50_000], [0.004, 0.005])
    >>> below, above = hedge_liquidation_prices(1, 60_000, 0, 1, collateral=3_000, maintenance=binance)
    >>> float(below.round(4)), float(above)
    (57236.1809, inf)
    """
    ql, el, qs, es, w = together(
        long_quantity=not_negative("long_quantity", long_quantity),
        long_entry=positive("long_entry", long_entry),
        short_quantity=not_negative("short_quantity", short_quantity),
        short_entry=positive("short_entry", short_entry),
        collateral=finite("collateral", collateral),
    )
    below, above = np.zeros(w.shape), np.full(w.shape, np.inf)
    lines = list(zip(maintenance.rates, maintenance.amounts, strict=True))
    for long_rate, long_amount in lines:
        for short_rate, short_amount in lines:
            level = w - ql * el + qs * es + long_amount + short_amount
            slope = ql * (1 - long_rate) - qs * (1 + short_rate)
            _narrow(below, above, level, slope)
    return below, above


def account_liquidation_prices(
    side: npt.ArrayLike,
    quantity: npt.ArrayLike,
    mark: npt.ArrayLike,
    account_value: float,
    maintenance: Sequence[Brackets],
    *,
    fee_rate: float = 0.0,
) -> FloatArray:
    """Return the liquidation price of each position of a cross-margin account, the other marks standing still.

    ``LP_i`` solves ``A + s·q·(LP − mark) = MM_i(q·LP) + Σ_{j≠i} MM_j(q_j·mark_j)``, A the account value with unrealized
    PnL. Hyperliquid writes the same as ``price − s·margin_available/size/(1 − l·s)``.

    Parameters
    ----------
    side, quantity, mark
        One for each position, shape (n,).
    account_value
        Equity of the cross account in dollars, with unrealized PnL, without what backs isolated positions.
    maintenance
        Brackets of each position's contract, n of them.
    fee_rate
        As in :func:`~runout.margin.liquidation_price`.

    Returns
    -------
    numpy.ndarray
        Shape (n,); 0 where no positive price liquidates the account through that position.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range, or the numbers of positions and brackets differ.

    References
    ----------
    Hyperliquid docs, Liquidations (formula) and Margin tiers.

    Examples
    --------
    >>> from runout.margin import brackets
    >>> tables = [brackets([0], [0.0125])] * 2
    >>> account_liquidation_prices([1, -1], [1, 10], [60_000, 3_000], 9_000, tables).round(2).tolist()
    [52025.32, 3777.78]
    """
    s, q, p = together(side=sides(side), quantity=positive("quantity", quantity), mark=positive("mark", mark))
    if s.shape != (len(maintenance),):
        raise UsageError(f"expected brackets for each of {s.size} positions, found {len(maintenance)}")
    required = np.array([float(maintenance_margin(n, item)) for n, item in zip(q * p, maintenance, strict=True)])
    prices = [
        cross_liquidation_price(
            s[i], q[i], p[i], account_value, item, other_maintenance_margin=_others(required, i), fee_rate=fee_rate
        )
        for i, item in enumerate(maintenance)
    ]
    return np.array(prices, dtype=np.float64)


def _others(required: FloatArray, position: int) -> float:
    return float(np.delete(required, position).sum())


def _narrow(below: FloatArray, above: FloatArray, level: FloatArray, slope: FloatArray) -> None:
    """Cut the interval of survival [below, above] by one line ``level + slope·P > 0``, in place."""
    with np.errstate(divide="ignore", invalid="ignore"):
        root = -level / slope
    np.maximum(below, root, out=below, where=slope > 0)
    np.minimum(above, root, out=above, where=slope < 0)
    np.copyto(above, 0.0, where=(slope == 0) & (level <= 0) | (slope < 0) & (root < 0))
