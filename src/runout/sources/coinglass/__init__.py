"""CoinGlass, API version 4: exports as Parquet and CSV files, and the API's own answers.

Every endpoint is one entry in a table (:mod:`history`, :mod:`snapshots`, :mod:`daily`); all take the same path through
:mod:`rows`.
"""

from runout.sources.coinglass.reading import CoinGlass


def source() -> CoinGlass:
    """Return the source of CoinGlass files."""
    return CoinGlass()


__all__ = ["CoinGlass", "source"]
