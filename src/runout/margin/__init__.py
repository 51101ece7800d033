"""Contract arithmetic of leveraged positions: facts, not models.

Profit, equity, maintenance margin, bankruptcy and liquidation price of linear and inverse contracts, isolated and
cross, and the venues' dated tier tables. Functions take scalars or arrays, broadcast, and refuse NaN. Sides are +1
(long) and −1 (short). docs/margin.md has the equations, the rules of each venue and what is not known.
"""

from runout.margin.accounts import account_liquidation_prices, hedge_liquidation_prices
from runout.margin.arrays import LONG, SHORT
from runout.margin.brackets import Brackets, bracket_of, brackets, maintenance_amounts, maintenance_margin
from runout.margin.distances import Contract, liquidation_distance
from runout.margin.entry_value import entry_value_inverse_liquidation_price, entry_value_liquidation_price
from runout.margin.inverse import (
    growing_inverse_liquidation_price,
    inverse_bankruptcy_price,
    inverse_equity,
    inverse_liquidation_price,
    inverse_pnl,
)
from runout.margin.linear import (
    bankruptcy_price,
    cross_liquidation_price,
    equity,
    initial_margin,
    liquidation_price,
    pnl,
)
from runout.margin.roots import Maintenance
from runout.margin.tiers import TierTable, maintenance_rate, parse_tiers, shipped_tiers, tiers

__all__ = [
    "LONG",
    "SHORT",
    "Brackets",
    "Contract",
    "Maintenance",
    "TierTable",
    "account_liquidation_prices",
    "bankruptcy_price",
    "bracket_of",
    "brackets",
    "cross_liquidation_price",
    "entry_value_inverse_liquidation_price",
    "entry_value_liquidation_price",
    "equity",
    "growing_inverse_liquidation_price",
    "hedge_liquidation_prices",
    "initial_margin",
    "inverse_bankruptcy_price",
    "inverse_equity",
    "inverse_liquidation_price",
    "inverse_pnl",
    "liquidation_distance",
    "liquidation_price",
    "maintenance_amounts",
    "maintenance_margin",
    "maintenance_rate",
    "parse_tiers",
    "pnl",
    "shipped_tiers",
    "tiers",
]
