r"""Where a slide stops: the exact least fixed point, for all shocks at once.

After a shock :math:`s` the price stops at the least :math:`x \ge s` with

.. math:: x = s + f(L(x)),

:math:`L(x)` the dollars liquidated up to distance x and :math:`f` the impact. The map is monotone, so the least fixed
point exists (Tarski), and it is what a slide that runs level by level finds. A ladder is levels
:math:`x_1 < \dots < x_n` with :math:`C_k` dollars in the first k; after k levels the slide stays short of the next if
:math:`s < g_k = x_{k+1} - f(C_k)`. So it stops after the first k whose :math:`g_k` exceeds s, and that is a search in
the running maximum of g: one pass answers every shock. Where the running maximum is flat the stop jumps: a cascade.

For an order of Q dollars, :math:`x = f(Q + L(x))`, the same holds with :math:`h_k = f^{-1}(x_{k+1}) - C_k` and Q.

The last "level" is the end of the map. A slide that gets there has no equilibrium within the horizon: an outcome.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from runout.cascade.arrays import Floats, Integers
from runout.cascade.depth import REFERENCE_DISTANCE, Impact
from runout.cascade.ladder import Rungs
from runout.errors import UsageError


class Curve(msgspec.Struct, frozen=True, eq=False):
    """Everything about the stops of one side of a ladder in one book.

    Parameters
    ----------
    levels
        Shape (n + 1,): log-distances, the last one the end of the map.
    cumulative_usd
        Shape (n + 2,): dollars in the first k levels; the last entry repeats the total, a floor of what lies beyond.
    displacement
        Shape (n + 2,): f of it; the last entry is ``inf``.
    running
        Shape (n + 1,): running maximum of g.
    impact
        f.
    """

    levels: Floats
    cumulative_usd: Floats
    displacement: Floats
    running: Floats
    impact: Impact


class Stops(msgspec.Struct, frozen=True, eq=False):
    """Where slides stop.

    Parameters
    ----------
    levels_gone
        Shape (m,): levels liquidated; n + 1 where there is no equilibrium within the horizon.
    distance
        Shape (m,): of the stop; ``inf`` where there is none.
    liquidated_usd
        Shape (m,): a floor where there is no equilibrium.
    """

    levels_gone: Integers
    distance: Floats
    liquidated_usd: Floats


def curve(side: Rungs, impact: Impact) -> Curve:
    """Return the curve of one side of a ladder, all groups together; O(levels)."""
    return curve_of(side.distance, side.usd.sum(axis=0), side.horizon, impact)


def curve_of(distance: Floats, usd: Floats, horizon: float, impact: Impact) -> Curve:
    """Return the curve of dollars at increasing distances, shape (n,) each, up to a horizon beyond the last."""
    levels = np.append(distance, horizon)
    cumulative = np.concatenate([[0.0], np.cumsum(usd)])
    displaced = impact.displacement(cumulative)
    running = np.maximum.accumulate(levels - displaced)
    return Curve(levels, np.append(cumulative, cumulative[-1]), np.append(displaced, np.inf), running, impact)


def stops(subject: Curve, shocks: npt.ArrayLike) -> Stops:
    """Return where slides stop that moves of the price set off.

    Parameters
    ----------
    subject
        Forced and absorbed dollars by distance.
    shocks
        Shape (m,): log-distances of at least 0.

    Raises
    ------
    UsageError
        If a shock is NaN or negative.
    """
    shock = np.atleast_1d(np.asarray(shocks, dtype=np.float64))
    if not (shock >= 0).all():
        raise UsageError("expected shocks as distances of at least 0 along the move, found one below or NaN")
    gone = np.searchsorted(subject.running, shock, side="right").astype(np.int64)
    return Stops(gone, shock + subject.displacement[gone], subject.cumulative_usd[gone])


def stops_of_orders(subject: Curve, orders_usd: npt.ArrayLike) -> Stops:
    """Return where slides stop that orders at market set off, which the forced ones follow into the same book.

    Raises
    ------
    UsageError
        If an order is NaN or negative.
    """
    order = np.atleast_1d(np.asarray(orders_usd, dtype=np.float64))
    if not (order >= 0).all():
        raise UsageError("expected orders of at least 0 dollars, found one below or NaN")
    room = np.maximum.accumulate(subject.impact.inverse(subject.levels) - subject.cumulative_usd[:-1])
    gone = np.searchsorted(room, order, side="right").astype(np.int64)
    stored = np.where(
        gone < len(subject.levels), subject.impact.displacement(order + subject.cumulative_usd[gone]), np.inf
    )
    return Stops(gone, stored, subject.cumulative_usd[gone])


class Tipping(msgspec.Struct, frozen=True):
    """A level whose liquidation the book cannot hold.

    Parameters
    ----------
    shock_distance
        The least move from outside that reaches it.
    trigger_distance
        Where the level stands.
    stop_distance
        Where the slide stops that it sets off; None: not within the horizon.
    liquidated_usd
        Dollars of that slide, the trigger included; a floor where there is no stop.
    before_usd
        Dollars liquidated on the way to the trigger.
    """

    shock_distance: float
    trigger_distance: float
    stop_distance: float | None
    liquidated_usd: float
    before_usd: float


def tipping_levels(subject: Curve, *, least_jump: float = 0.005) -> tuple[Tipping, ...]:
    """Return the levels at which the stop jumps, nearest first: the flat parts of the running maximum.

    Parameters
    ----------
    subject
        Forced and absorbed dollars by distance.
    least_jump
        Log-distance that the price must jump by for a level to count.
    """
    rises = np.flatnonzero(np.diff(subject.running, prepend=-np.inf) > 0)
    after = np.append(rises[1:], len(subject.levels))
    jump = subject.displacement[after] - subject.displacement[rises]
    # Beyond the last level lies the unknown: to leave the map with everything liquidated is no tipping level.
    kept = np.flatnonzero((jump >= least_jump) & (rises < len(subject.levels) - 1))
    return tuple(_tipping(subject, int(rises[i]), int(after[i])) for i in kept)


def _tipping(subject: Curve, before: int, after: int) -> Tipping:
    shock = float(subject.running[before])
    stop = shock + float(subject.displacement[after])
    return Tipping(
        shock_distance=shock,
        trigger_distance=float(subject.levels[before]),
        stop_distance=stop if np.isfinite(stop) else None,
        liquidated_usd=float(subject.cumulative_usd[after] - subject.cumulative_usd[before]),
        before_usd=float(subject.cumulative_usd[before]),
    )


def reproduction(subject: Curve, distances: npt.ArrayLike, *, width: float = REFERENCE_DISTANCE) -> Floats:
    r"""Return the liquidation-to-depth ratio, :math:`R(x) = [L(x + w) - L(x)] / f^{-1}(w)`.

    In words: dollars liquidated within the next one percent over the dollars of depth in one percent. A slide runs
    while R > 1. In a homogeneous ladder with linear impact it is the branching ratio: the slide's total move is
    1/(1 − R) of the shock.

    Parameters
    ----------
    subject
        Forced and absorbed dollars by distance.
    distances
        Shape (m,): x.
    width
        w.

    Returns
    -------
    numpy.ndarray
        Shape (m,); ``inf`` where something is liquidated into an empty book, NaN where the window leaves the map.
    """
    x = np.atleast_1d(np.asarray(distances, dtype=np.float64))
    gone = [np.searchsorted(subject.levels[:-1], x + reach, side="right") for reach in (0.0, width)]
    due = subject.cumulative_usd[gone[1]] - subject.cumulative_usd[gone[0]]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(due > 0, due / subject.impact.inverse(width), 0.0)
    return np.where(x + width <= subject.levels[-1] * (1 + 1e-12), ratio, np.nan)


def joint_stops(curves: tuple[Curve, ...], distances: Floats, orders_usd: Floats, coupling: Floats) -> Stops:
    r"""Return where several coins stop together.

    .. math:: x_i = s_i + \sum_j B_{ij} f_j(Q_j + L_j(x_j))

    The least solution, iterated from below; the map is monotone in every coin, so it ends after at most as many rounds
    as there are levels, and in practice after some tens.

    Parameters
    ----------
    curves
        One for each of n coins.
    distances, orders_usd
        Shape (n,): s and Q.
    coupling
        Shape (n, n), ≥ 0: which part of the move that coin j's forced orders make, coin i makes too; 1 on the diagonal.

    Returns
    -------
    Stops
        Shape (n,).
    """
    gone = np.full(len(curves), -1, dtype=np.int64)
    while True:
        usd = np.array([item.cumulative_usd[max(k, 0)] for item, k in zip(curves, gone.tolist(), strict=True)])
        moved = np.array([_moved(*item) for item in zip(curves, gone.tolist(), orders_usd + usd, strict=True)])
        with np.errstate(invalid="ignore"):
            x = distances + np.where(coupling > 0, coupling * moved, 0.0).sum(axis=1)
        reached = np.array([np.searchsorted(c.levels, far, side="right") for c, far in zip(curves, x, strict=True)])
        if (reached <= gone).all():
            return Stops(gone, np.where(gone < [len(c.levels) for c in curves], x, np.inf), usd)
        gone = np.maximum(gone, reached).astype(np.int64)


def _moved(subject: Curve, gone: int, usd: float) -> float:
    return float("inf") if gone >= len(subject.levels) else float(subject.impact.displacement(usd))
