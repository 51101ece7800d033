"""The liquidation map as pictures, page, tables and text."""

from runout.bulletin.mapping.content import LiquidationMap

__all__ = ["LiquidationMap"]
