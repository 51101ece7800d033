"""Prints far off: a high or low of a bar that is a factor from its open and close, one trade or a mistake.

The test looks at a bar alone, so that it says the same of a tail as of the whole, and needs nothing known later.
"""

from typing import Final

import polars as pl

FAR_FACTOR: Final = 3.0
"""Not even in October 2025 did Bitcoin or Ether trade at a third, or at three times, of open and close of a bar."""
OHLC: Final = ("open", "high", "low", "close")
_TOP, _BOTTOM = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")


def factors(bars: pl.DataFrame) -> pl.DataFrame:
    """Return by how much the high and the low of each bar lie beyond its open and close, 1 where they do not.

    Parameters
    ----------
    bars
        ``open, high, low, close``.

    Examples
    --------
    >>> factors(pl.DataFrame({"open": [2.0], "high": [16.0], "low": [1.0], "close": [2.0]})).row(0)
    (8.0, 2.0)
    """
    return bars.select(high=pl.col("high") / _TOP, low=_BOTTOM / pl.col("low"))


def far_prints(bars: pl.DataFrame) -> pl.DataFrame:
    """Return the bars whose high or low is a factor :data:`FAR_FACTOR` beyond open and close."""
    return bars.filter(
        factors(bars).select((pl.max_horizontal("high", "low") > FAR_FACTOR).fill_null(value=False)).to_series()
    )


def without_far_prints(bars: pl.DataFrame) -> pl.DataFrame:
    """Return bars without far prints: where a high or low was one, the farther of open and close is instead.

    Parameters
    ----------
    bars
        ``open, high, low, close``, and other columns, which stay.
    """
    return bars.with_columns(
        high=pl.when(pl.col("high") > FAR_FACTOR * _TOP).then(_TOP).otherwise("high"),
        low=pl.when(pl.col("low") * FAR_FACTOR < _BOTTOM).then(_BOTTOM).otherwise("low"),
    )
