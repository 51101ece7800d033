"""Maintenance margin: brackets that grow with the notional, or one rate for the whole position.

With brackets, ``MM(n) = n·m_k − c_k`` where k is the bracket that holds the notional n, and the maintenance amounts
``c_1 = 0, c_k = floor_k·(m_k − m_{k−1}) + c_{k−1}`` make it continuous (Binance, Bybit and Hyperliquid publish the same
recursion). Rates rise, so MM is convex and ``MM(n) = max_k (n·m_k − c_k)``: no bracket need be searched for.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import SchemaError
from runout.margin.arrays import FloatArray, finite, not_negative

AMOUNT_TOLERANCE = 1e-6
"""Published amounts may differ from the recursion by this fraction of the last one: they are printed in cents."""


class Brackets(msgspec.Struct, frozen=True, eq=False):
    """Maintenance brackets, lowest first. Make them with :func:`brackets`, which checks them.

    Parameters
    ----------
    floors
        Notional at which the bracket begins, shape (k,), in the unit of the contract's margin: dollars for linear
        contracts, coins for inverse ones. The first is 0.
    rates
        Maintenance margin rates, shape (k,), rising, in (0, 1).
    amounts
        Maintenance amounts c, shape (k,), in the unit of the floors.
    """

    floors: FloatArray
    rates: FloatArray
    amounts: FloatArray

    def __len__(self) -> int:
        return len(self.floors)


def brackets(floors: npt.ArrayLike, rates: npt.ArrayLike, published_amounts: npt.ArrayLike | None = None) -> Brackets:
    """Return maintenance brackets with their amounts computed.

    Parameters
    ----------
    floors, rates
        Shape (k,); see :class:`Brackets`.
    published_amounts
        What the venue publishes as ``cum``, ``deduction`` or ``maintenance amount``, shape (k,); checked, not used.

    Returns
    -------
    Brackets
        Read-only arrays.

    Raises
    ------
    SchemaError
        If there is no bracket, the first floor is not 0, floors or rates do not rise, a rate is outside (0, 1), or the
        published amounts are not those of the recursion.

    Examples
    --------
    >>> brackets([0, 50_000, 600_000], [0.004, 0.005, 0.0065]).amounts.round(6).tolist()
    [0.0, 50.0, 950.0]
    """
    floor_array, rate_array = finite("floors", floors), finite("rates", rates)
    _require_form(floor_array, rate_array)
    amounts = maintenance_amounts(floor_array, rate_array)
    if published_amounts is not None:
        _require_same(amounts, finite("published_amounts", published_amounts))
    return Brackets(*(_frozen(array) for array in (floor_array, rate_array, amounts)))


def maintenance_amounts(floors: FloatArray, rates: FloatArray) -> FloatArray:
    """Return the amounts that make the maintenance margin continuous: ``c_k = Σ_{i ≤ k} floor_i·(m_i − m_{i−1})``."""
    steps = np.diff(rates, prepend=rates[:1])
    return np.cumsum(floors * steps)


def maintenance_margin(notional: npt.ArrayLike, maintenance: Brackets) -> FloatArray:
    """Return the maintenance margin of positions.

    Parameters
    ----------
    notional
        Value at the mark price, ≥ 0, any shape, in the unit of the brackets.
    maintenance
        Brackets of the contract.

    Returns
    -------
    numpy.ndarray
        ``MM(n) = n·m_k − c_k``, in the unit of the notional.

    Raises
    ------
    UsageError
        If a notional is negative or not finite.

    Examples
    --------
    >>> float(maintenance_margin(500_000, brackets([0, 50_000], [0.004, 0.005])))
    2450.0
    """
    values = not_negative("notional", notional)
    index = bracket_of(values, maintenance)
    return np.asarray(values * maintenance.rates[index] - maintenance.amounts[index])


def bracket_of(notional: npt.ArrayLike, maintenance: Brackets) -> npt.NDArray[np.int64]:
    """Return the index of the bracket that holds each notional; at a floor it is the upper one.

    Raises
    ------
    UsageError
        If a notional is negative or not finite.
    """
    values = not_negative("notional", notional)
    return np.asarray(np.searchsorted(maintenance.floors, values, side="right") - 1, dtype=np.int64)


def _require_form(floors: FloatArray, rates: FloatArray) -> None:
    if floors.ndim != 1 or floors.shape != rates.shape or floors.size == 0:
        raise SchemaError(
            f"expected as many floors as rates, at least one, found shapes {floors.shape} and {rates.shape}"
        )
    if floors[0] != 0 or (np.diff(floors) <= 0).any():
        raise SchemaError(f"expected floors that begin at 0 and rise, found {floors.tolist()}")
    if (rates <= 0).any() or (rates >= 1).any() or (np.diff(rates) <= 0).any():
        raise SchemaError(f"expected maintenance rates in (0, 1) that rise from bracket to bracket: {rates.tolist()}")


def _require_same(computed: FloatArray, published: FloatArray) -> None:
    if published.shape != computed.shape:
        raise SchemaError(f"expected {computed.size} published amounts, one a bracket, found {published.size}")
    if not np.allclose(computed, published, rtol=0, atol=AMOUNT_TOLERANCE * max(1.0, float(computed[-1]))):
        raise SchemaError(
            f"expected the published maintenance amounts {published.tolist()} to follow from floors and rates, which"
            f" give {computed.tolist()}: a floor, a rate or an amount of the table is wrong"
        )


def _frozen(array: FloatArray) -> FloatArray:
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy
