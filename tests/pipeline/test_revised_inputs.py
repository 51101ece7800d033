"""What was revised: looked at as it stood before, of whatever side and number a row is."""

import polars as pl

from runout.pipeline.derive import _moments  # pyright: ignore[reportPrivateUsage]
from runout.records import KINDS, conform


def rows(versions: list[tuple[int, str, int]]) -> pl.DataFrame:
    table = pl.DataFrame(versions, schema=["event_time", "liquidated_side", "known_time"], orient="row")
    scope = {"series": "a", "coin": "BTC", "span": 5, "sequence": 0, "value_usd": 1.0}
    table = table.with_columns(pl.lit(value).alias(name) for name, value in scope.items())
    return conform(table, KINDS["liquidations"]).sort(KINDS["liquidations"].key)


def test_a_revision_of_either_side_is_looked_at_as_it_stood_before() -> None:
    first = [(10, "long", 11), (10, "short", 11), (20, "long", 21), (20, "short", 21)]
    assert _moments({"liquidations": rows(first)}) == [None]
    assert _moments({"liquidations": rows([*first, (10, "long", 50)])}) == [49, None]
    assert _moments({"liquidations": rows([*first, (10, "long", 50), (10, "short", 50), (20, "short", 60)])}) == [
        49, 59, None]  # fmt: skip
