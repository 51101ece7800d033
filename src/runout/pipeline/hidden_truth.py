"""Where the hidden truth of a synthetic market lies: beside its lake, in a folder or on S3."""

from collections.abc import Mapping, Sequence

import polars as pl

from runout.errors import LakeError, NotEnoughDataError
from runout.lake import Lake, storage_options


def truth_address(lake: Lake) -> str:
    """Return the path or ``s3://`` address of the truth of a lake."""
    return f"{lake.root}-truth"


def write_truth(lake: Lake, tables: Mapping[str, pl.DataFrame]) -> None:
    """Write the truth beside a lake, one Parquet file a table.

    Raises
    ------
    LakeError
        If it cannot be written there.
    """
    address = truth_address(lake)
    local = "://" not in address
    for name, table in tables.items():
        try:
            table.write_parquet(f"{address}/{name}.parquet", storage_options=storage_options(address), mkdir=local)
        except OSError as error:
            raise LakeError(f"expected to write {address}, found {error}; check its rights and room") from error


def read_truth(lake: Lake, coin: str, names: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Return tables of the truth beside a lake, of one coin.

    Raises
    ------
    NotEnoughDataError
        If there is none.
    """
    address = truth_address(lake)
    options = storage_options(address)
    try:
        tables = {
            name: pl.read_parquet(f"{address}/{name}.parquet", storage_options=options, glob=False) for name in names
        }
    except FileNotFoundError as error:
        raise NotEnoughDataError(
            f"expected the truth of a synthetic market in {address}, found none; synthesize it anew"
        ) from error
    return {name: table.filter(pl.col("coin") == coin) for name, table in tables.items()}
