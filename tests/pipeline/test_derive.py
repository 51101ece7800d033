"""Derived state: incremental equals full, changed history is derived anew, revisions keep what stood before."""

from pathlib import Path

import polars as pl
import pytest

from indicators.markets import DAY, STEP, bars, interest, liquidations
from runout.lake import Lake
from runout.pipeline.derive import compute
from runout.records import KINDS, Series, conform

DERIVED = ("indicators", "flushes")


def series(kind: str, coin: str, venues: tuple[str, ...], **scope: object) -> Series:
    return Series(
        series=f"test/{kind}/{coin}/{'+'.join(venues)}/4h", kind=kind, provider="test", coin=coin, venues=venues,
        instruments="perpetual", market="perpetual" if kind == "bars" else "all-derivatives", step=STEP, **scope,
    )  # fmt: skip


PRICE = series("bars", "BTC", ("binance",))
INTEREST = series("open_interest", "BTC", ("all",))
FORCED = {coin: series("liquidations", coin, ("binance",), capture="capped") for coin in ("BTC", "ETH")}


def market(days: int, seed: int = 1) -> dict[str, pl.DataFrame]:
    forced = liquidations(days, seed).with_columns(
        series=pl.col("coin").replace_strict({c: s.series for c, s in FORCED.items()})
    )
    stood = (
        interest(days, seed).drop("price").with_columns(series=pl.lit(INTEREST.series), coin=pl.lit("BTC"), span=STEP)
    )
    price = bars(days, seed).with_columns(series=pl.lit(PRICE.series), coin=pl.lit("BTC"))
    tables = {"liquidations": forced, "open_interest": stood, "bars": price}
    return {kind: conform(rows, KINDS[kind]) for kind, rows in tables.items()}


def write(lake: Lake, tables: dict[str, pl.DataFrame], condition: pl.Expr | None = None) -> None:
    lake.register([PRICE, INTEREST, *FORCED.values()])
    for kind, rows in tables.items():
        lake.append(kind, rows if condition is None else rows.filter(condition))


def derived(lake: Lake) -> dict[str, str]:
    return {kind: text for kind, text in lake.fingerprint().items() if kind in DERIVED}


@pytest.fixture
def whole(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "whole")
    write(lake, market(480))
    compute(lake)
    return lake


def test_a_second_run_without_new_data_writes_nothing(whole: Lake) -> None:
    before = whole.fingerprint()
    assert compute(whole) == 0
    assert whole.fingerprint() == before


def test_computing_day_by_day_equals_computing_at_once(whole: Lake, tmp_path: Path) -> None:
    lake, tables = Lake(tmp_path / "steps"), market(480)
    for until in (200, 440, 460, 461, 480):
        write(lake, tables, pl.col("event_time") <= until * DAY)
        compute(lake)
    assert derived(lake) == derived(whole)


def test_history_imported_late_is_derived_anew(whole: Lake, tmp_path: Path) -> None:
    lake, tables = Lake(tmp_path / "late"), market(480)
    write(lake, tables, pl.col("event_time") > 100 * DAY)
    compute(lake)
    write(lake, tables, pl.col("event_time") <= 100 * DAY)
    compute(lake)
    assert derived(lake) == derived(whole)


def test_a_revision_adds_what_is_known_from_then_on_and_keeps_what_stood_before(tmp_path: Path) -> None:
    lake, tables = Lake(tmp_path / "revised"), market(200)
    write(lake, tables)
    compute(lake)
    before = lake.as_of("indicators")
    moment, revised_at = 150 * DAY, 180 * DAY
    row = tables["open_interest"].filter(pl.col("event_time") == moment)
    lake.append("open_interest", row.with_columns(pl.col("open_interest_usd") * 1.5, known_time=pl.lit(revised_at)))
    compute(lake)
    assert lake.as_of("indicators", at=revised_at - 1).equals(before.filter(pl.col("known_time") <= revised_at - 1))
    changed = lake.as_of("indicators").filter(
        pl.col("event_time") == moment, pl.col("indicator") == "open_interest.24h.change_usd"
    )
    assert changed["known_time"].to_list() == [revised_at]


def test_a_lake_cut_by_known_time_derives_what_the_full_lake_held_then(whole: Lake, tmp_path: Path) -> None:
    for number, moment in enumerate((120 * DAY + 5, 301 * DAY, 479 * DAY + STEP)):
        cut = whole.copy_as_of(moment, tmp_path / f"cut{number}")
        compute(cut)
        for kind in DERIVED:
            assert cut.as_of(kind, at=moment).equals(whole.as_of(kind, at=moment))
