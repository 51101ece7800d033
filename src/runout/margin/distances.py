"""How far the liquidation price stands from the entry, as a fraction of it: what a map of inferred positions needs.

With ``W = notional / L`` and one maintenance rate the quantity cancels, so a level is the entry times a constant of
(side, leverage, rate) that need be computed only once.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.margin.arrays import FloatArray, at_least_one, rates, sides, together

Contract = Literal["linear", "inverse"]


def liquidation_distance(
    side: npt.ArrayLike,
    leverage: npt.ArrayLike,
    maintenance_rate: npt.ArrayLike,
    *,
    fee_rate: npt.ArrayLike = 0.0,
    contract: Contract = "linear",
) -> FloatArray:
    """Return the signed distance of the liquidation price from the entry: ``LP/e − 1``.

    Linear: ``(1 − s/L) / (1 − s·(m + f)) − 1``. Inverse: ``(1 + s·(m + f)) / (1 + s/L) − 1``.

    Parameters
    ----------
    side
        +1 long, −1 short.
    leverage
        Notional over collateral, ≥ 1.
    maintenance_rate
        m of the whole position, without maintenance amount: the first bracket, or the ratio MM/notional at the level.
    fee_rate
        Closing fee counted in the trigger.
    contract
        ``linear`` or ``inverse``.

    Returns
    -------
    numpy.ndarray
        Broadcast shape. Negative for longs and positive for shorts while 1/L exceeds the maintenance rate; −1 for a
        linear long of leverage 1, ``inf`` for an inverse short of leverage 1: neither is ever liquidated.

    Raises
    ------
    UsageError
        If an argument is NaN or out of range, or the contract is of another kind.

    Examples
    --------
    >>> liquidation_distance([1, -1], 20, 0.004).round(6).tolist()
    [-0.046185, 0.045817]
    """
    s, leverages, m, f = together(
        side=sides(side),
        leverage=at_least_one("leverage", leverage),
        maintenance_rate=rates("maintenance_rate", maintenance_rate),
        fee_rate=rates("fee_rate", fee_rate),
    )
    if (m + f >= 1).any():
        raise UsageError(f"expected maintenance rate + fee rate below 1, found up to {float((m + f).max()):g}")
    if contract == "linear":
        return (1 - s / leverages) / (1 - s * (m + f)) - 1
    if contract != "inverse":
        raise UsageError(f"expected contract linear or inverse, found {contract!r}")
    with np.errstate(divide="ignore"):
        return (1 + s * (m + f)) / (1 + s / leverages) - 1
