"""Scenarios in numbers: scripted moves of the common shock, and what else differs from an ordinary world.

Moves are counted back from the end of the world, so that a bulletin of its last moment has them in its past.
"""

import msgspec

from runout.synthetic.world import Scenario

HOUR_OF_DAY = 14
DAYS_BEFORE_END = 4


class Move(msgspec.Struct, frozen=True):
    """A scripted move: it begins ``hours`` before the end, takes ``lasts`` hours and adds up to ``size`` (log)."""

    hours: float
    lasts: float
    size: float


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario does.

    Parameters
    ----------
    moves
        Scripted moves of the common shock.
    fitted
        Whether they are deeper where fewer positions have high leverage (``traits.fall_scale``).
    leverage, depth, capital
        Factors on borrowed multiples, depth, and the capital of backstops and insurance funds.
    growth, drift
        Log growth of the open interest that accounts want, and of the common price, over the last 30 days.
    bias
        Added to the share of takers who go long.
    outage_hours
        Hours (from, to) before the end in which the lead venue's feeds are silent; empty: none.
    unit_change_hours
        Hours before the end from which the third venue's open interest is published two-sided; 0: never.
    """

    moves: tuple[Move, ...] = ()
    fitted: bool = False
    leverage: float = 1.0
    depth: float = 1.0
    capital: float = 1.0
    growth: float = 0.0
    drift: float = 0.0
    bias: float = 0.0
    outage_hours: tuple[float, ...] = ()
    unit_change_hours: float = 0.0


_FIRST = DAYS_BEFORE_END * 24 - HOUR_OF_DAY
_FLUSH = Move(_FIRST, 1.0, -0.054)
SCRIPTS: dict[Scenario, Script] = {
    "calm": Script(),
    "overheated": Script(leverage=1.35, growth=0.35, drift=0.18, bias=0.05),
    "flush": Script(moves=(_FLUSH,), fitted=True),
    "double-dip": Script(moves=(Move(_FIRST, 1.0, -0.05), Move(_FIRST - 28, 1.0, -0.055))),
    "squeeze": Script(moves=(Move(_FIRST, 1.0, 0.06),), bias=-0.20, drift=-0.08),
    "systemic": Script(
        moves=(Move(_FIRST, 0.5, -0.12), Move(_FIRST - 1, 2.0, -0.14)), leverage=1.2, depth=0.5, capital=0.01
    ),
    "outage": Script(moves=(_FLUSH,), fitted=True, outage_hours=(_FIRST - 0.5, _FIRST - 8)),
    "unit-change": Script(unit_change_hours=10 * 24),
}
"""By scenario. ``squeeze`` has more shorts than longs with borrowed money when the price jumps; ``systemic`` has thin
books and funds with a hundredth of their capital."""
