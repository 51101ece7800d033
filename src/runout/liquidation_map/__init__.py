"""Inferred open positions: who opened where, what would be liquidated where, as far as public figures tell.

Nothing here was published by a venue: positions are inferred from traded volume, open interest and the price path.
"""

from runout.liquidation_map.bars import Bars
from runout.liquidation_map.filter import (
    Jump,
    Liquidated,
    MapState,
    advance,
    reached,
    start,
)
from runout.liquidation_map.parameters import DEFAULT, Cohorts

__all__ = ["DEFAULT", "Bars", "Cohorts", "Jump", "Liquidated", "MapState", "advance", "reached", "start"]
