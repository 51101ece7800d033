"""Positions that a venue publishes, from a file: what a map shows as measured, beside what it infers."""

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from runout.errors import UsageError
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.measured import MeasuredPositions

_NEEDED: Final = {"side": pl.String, "size_base": pl.Float64, "liquidation_price": pl.Float64}


def read_published(file: str | Path | None, coin: str) -> MeasuredPositions | None:
    """Return the published positions of a coin in a file; none without a file.

    Parameters
    ----------
    file
        CSV or Parquet with the columns ``side`` (long or short), ``size_base`` (coins) and ``liquidation_price``
        (dollars; empty for a position that no price liquidates); with a column ``coin``, rows of other coins are left.
    coin
        Base asset.

    Raises
    ------
    UsageError
        If the file cannot be read, lacks a column or holds no row of the coin.
    """
    if file is None:
        return None
    path = Path(file)
    if path.suffix not in {".csv", ".parquet"}:
        raise UsageError(f"expected published positions in a file that ends in .csv or .parquet, found {str(path)!r}")
    try:
        rows = pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
        missing = sorted(set(_NEEDED) - set(rows.columns))
        if missing:
            raise UsageError(f"expected the columns {', '.join(_NEEDED)} in {path}, found none of {', '.join(missing)}")
        rows = rows.filter(pl.col("coin") == coin) if "coin" in rows.columns else rows
        rows = rows.select(pl.col(name).cast(kind) for name, kind in _NEEDED.items())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageError(f"expected published positions in {path}, found: {error}") from error
    if rows.is_empty():
        raise UsageError(f"expected positions of {coin} in {path}, found none")
    return MeasuredPositions(
        side=np.array([SIDES.index(side) if side in SIDES else -1 for side in rows["side"]], dtype=np.int64),
        size_base=rows["size_base"].fill_null(0.0).to_numpy(),
        liquidation_price=rows["liquidation_price"].fill_null(float("nan")).to_numpy(),
    )
