"""Levels of venues that took the maintenance margin on the entry value: Bybit, until it went over to the mark value.

The bracket is that of the value at entry, and the maintenance margin a constant; so the level follows in one step.
"""

import numpy.typing as npt

from runout.margin.arrays import FloatArray, not_negative, positive, sides, together
from runout.margin.brackets import Brackets, maintenance_margin
from runout.margin.inverse import inverse_bankruptcy_price
from runout.margin.linear import bankruptcy_price
from runout.margin.roots import Maintenance


def entry_value_liquidation_price(
    side: npt.ArrayLike,
    quantity: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    maintenance: Maintenance,
) -> FloatArray:
    """Return the liquidation price of linear positions with maintenance margin on the entry value.

    ``LP = e − s·(W − MM)/q``, ``MM = q·e·m − c``; W is initial margin and what was added.

    Parameters
    ----------
    side, quantity, entry, collateral, maintenance
        As in :func:`~runout.margin.liquidation_price`; collateral not below the maintenance margin.

    Returns
    -------
    numpy.ndarray
        0 where no positive price liquidates a long.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range, or the collateral is below the maintenance margin.

    References
    ----------
    Bybit, liquidation price of USDT contracts, page of 2025 and before: long 1 BTC at 20,000, 50x, 0.5% → 19,700.

    Examples
    --------
    >>> float(entry_value_liquidation_price(1, 1, 20_000, 400, 0.005))
    19700.0
    """
    s, q, e, w = together(
        side=sides(side),
        quantity=positive("quantity", quantity),
        entry=positive("entry", entry),
        collateral=not_negative("collateral", collateral),
    )
    return bankruptcy_price(s, q, e, w - _maintenance(q * e, maintenance))


def entry_value_inverse_liquidation_price(
    side: npt.ArrayLike,
    value: npt.ArrayLike,
    entry: npt.ArrayLike,
    collateral: npt.ArrayLike,
    maintenance: Maintenance,
) -> FloatArray:
    """Return the liquidation price of inverse positions with maintenance margin on the entry value.

    ``LP = Q / (Q/e + s·(W − MM))``, ``MM = (Q/e)·m − c``. Where the venue also set aside the fee to close at the
    bankruptcy price, take it off the collateral.

    Parameters
    ----------
    side, value, entry, collateral, maintenance
        As in :func:`~runout.margin.inverse_liquidation_price`; collateral not below the maintenance margin.

    Returns
    -------
    numpy.ndarray
        ``inf`` where no price liquidates a short.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range, or the collateral is below the maintenance margin.

    References
    ----------
    Bybit, Liquidation Price Calculation under Isolated Mode, page of 2024-09-10: short 60,000 USD at 50,000, 10x.

    Examples
    --------
    >>> float(entry_value_inverse_liquidation_price(-1, 60_000, 50_000, 0.12, 0.005).round(1))
    55248.6
    """
    s, q, e, w = together(
        side=sides(side),
        value=positive("value", value),
        entry=positive("entry", entry),
        collateral=not_negative("collateral", collateral),
    )
    return inverse_bankruptcy_price(s, q, e, w - _maintenance(q / e, maintenance))


def _maintenance(notional: FloatArray, maintenance: Maintenance) -> FloatArray:
    if isinstance(maintenance, Brackets):
        return maintenance_margin(notional, maintenance)
    return notional * not_negative("maintenance rate", maintenance)
