"""Where open positions would be liquidated: inferred from the path of the price, or measured where venues publish it.

Inferred levels need bars alone. Who holds what is published by no centralised venue.
"""

from runout.liquidation_map.bars import Bars, Irregular
from runout.liquidation_map.prior import Prior, shipped
from runout.liquidation_map.state import BUCKET, MapState, advance, from_bytes, start, to_bytes

__all__ = ["BUCKET", "Bars", "Irregular", "MapState", "Prior", "advance", "from_bytes", "shipped", "start", "to_bytes"]
