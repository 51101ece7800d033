"""Every indicator: what it is, in which unit, from what, how far it looks back, and by whom it is defined so.

``docs/indicators.md`` is written from this table, and one battery of tests holds every entry to what it declares here.
"""

from typing import Final

from runout.indicators.described import Indicator, Input, Output
from runout.indicators.described_series import SERIES
from runout.indicators.described_values import VALUES

__all__ = ["INDICATORS", "SERIES", "VALUES", "Indicator", "Input", "Output"]

INDICATORS: Final[tuple[Indicator, ...]] = (*SERIES, *VALUES)
