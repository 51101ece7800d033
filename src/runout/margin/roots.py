"""The price at which equity meets the maintenance margin, in closed form and for many positions at once.

Brackets make the maintenance margin the greatest of k straight lines (:mod:`runout.margin.brackets`). Equity minus it
is therefore the least of k lines, all rising for a long and all falling for a short, so its one root is the greatest of
the k roots for a long and the least for a short. The bracket of that root is the one that holds the notional *at the
liquidation price*: nothing is iterated, and no bracket is chosen at the entry price by mistake. Inverse contracts are
the same in x = Q/P, with greatest and least exchanged.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError
from runout.margin.arrays import FloatArray, rates, together
from runout.margin.brackets import Brackets

BLOCK = 8192
"""Positions worked on at a time: the buffers stay in the processor's cache."""

Maintenance = Brackets | npt.ArrayLike
"""Brackets, or a maintenance rate for the whole position: a scalar, or one for each position."""


class Positions(NamedTuple):
    """Columns of positions, checked; they broadcast together. The size is coins (linear) or dollars (inverse)."""

    side: FloatArray
    size: FloatArray
    entry: FloatArray
    collateral: FloatArray


OneSide = Callable[[Positions, float, Maintenance, float], FloatArray]


def linear_root(positions: Positions, maintenance: Maintenance, fee_rate: float) -> FloatArray:
    """Return ``(e − s·(W + c)/q) / (1 − s·(m + f))`` of the bracket that holds there; 0 where it is not positive."""
    return _by_side(_linear_one_side, positions, maintenance, fee_rate)


def inverse_root(positions: Positions, maintenance: Maintenance, fee_rate: float) -> FloatArray:
    """Return ``Q·(1 + s·(m + f)) / (Q/e + s·(W + c))`` of the bracket that holds there; inf where there is none."""
    return _by_side(_inverse_one_side, positions, maintenance, fee_rate)


def _by_side(one_side: OneSide, positions: Positions, maintenance: Maintenance, fee_rate: float) -> FloatArray:
    lines = maintenance if isinstance(maintenance, Brackets) else rates("maintenance rate", maintenance)
    _require_fee(fee_rate, lines)
    one_rate = np.zeros(()) if isinstance(lines, Brackets) else lines
    columns = together(**positions._asdict(), maintenance=one_rate)
    shape = columns[0].shape
    *flat, whole = (column.reshape(-1) for column in columns)
    result = np.empty(whole.size)
    for sign in (1.0, -1.0):
        chosen: Any = flat[0] == sign
        if not chosen.any():
            continue
        chosen = slice(None) if chosen.all() else chosen
        picked = lines if isinstance(lines, Brackets) else whole[chosen]
        result[chosen] = one_side(Positions(*(column[chosen] for column in flat)), sign, picked, fee_rate)
    return result.reshape(shape)


def _linear_one_side(positions: Positions, sign: float, maintenance: Maintenance, fee: float) -> FloatArray:
    step = -sign / positions.size
    base = positions.entry + positions.collateral * step
    return np.maximum(_extreme(base, step, maintenance, lambda m: 1 - sign * (m + fee), greatest=sign > 0), 0.0)


def _inverse_one_side(positions: Positions, sign: float, maintenance: Maintenance, fee: float) -> FloatArray:
    base = positions.size / positions.entry + positions.collateral * sign
    step = np.broadcast_to(np.float64(sign), base.shape)
    coins = _extreme(base, step, maintenance, lambda m: 1 + sign * (m + fee), greatest=sign < 0)
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(positions.size / np.maximum(coins, 0.0))


def _extreme(
    base: FloatArray, step: FloatArray, maintenance: Maintenance, divisor: Callable[[Any], Any], *, greatest: bool
) -> FloatArray:
    """Return the greatest (or least) over the lines of ``(base + c·step) / divisor(m)``."""
    if not isinstance(maintenance, Brackets):
        return np.asarray(base / divisor(maintenance))
    pick = np.maximum if greatest else np.minimum
    lines = [(float(c), float(1 / divisor(m))) for m, c in zip(maintenance.rates, maintenance.amounts, strict=True)]
    result = base * lines[0][1]
    buffer = np.empty(min(BLOCK, base.size))
    for start in range(0, base.size, BLOCK):
        part = slice(start, start + BLOCK)
        root = buffer[: result[part].size]
        for amount, factor in lines[1:]:
            np.multiply(step[part], amount, out=root)
            root += base[part]
            root *= factor
            pick(result[part], root, out=result[part])
    return result


def _require_fee(fee_rate: float, lines: Brackets | FloatArray) -> None:
    highest = float((lines.rates if isinstance(lines, Brackets) else lines).max(initial=0.0))
    if not 0 <= fee_rate < 1 - highest:
        raise UsageError(
            f"expected a fee rate of at least 0 that keeps maintenance rate + fee below 1, found {fee_rate!r}"
        )
