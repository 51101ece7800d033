"""The traps in the developers' CoinGlass data, each on the data themselves, and the figures that were checked."""

from pathlib import Path

import polars as pl
import pytest

from runout.clock import NANOSECONDS_PER_HOUR, parse_time
from runout.lake import Lake
from runout.pipeline.file_import import Imported, import_files
from runout.sources import Document
from runout.sources.coinglass import source

pytestmark = pytest.mark.real
HOUR = NANOSECONDS_PER_HOUR
NOON = parse_time("2025-08-18T12:00Z")
EXPORTS, DAILY = "coinglass-4h-felipe", "coinglass-daily-le1ma1"


@pytest.fixture(scope="module")
def folders(real_data: Path) -> list[Path]:
    return [real_data / EXPORTS, real_data / DAILY]


@pytest.fixture(scope="module")
def imported(folders: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, list[Imported]]:
    lake = Lake(tmp_path_factory.mktemp("coinglass"))
    return lake, import_files(lake, source(), folders)


@pytest.fixture(scope="module")
def lake(imported: tuple[Lake, list[Imported]]) -> Lake:
    return imported[0]


def rows(lake: Lake, series: str, *, at: int | None = None) -> pl.DataFrame:
    return lake.as_of(series.split("/")[1], series=[f"coinglass/{series.split('/', 1)[1]}"], at=at)


def value(lake: Lake, series: str, column: str, event_time: int, *, at: int | None = None) -> float:
    found = rows(lake, series, at=at).filter(pl.col("event_time") == event_time)[column]
    assert len(found) == 1
    return found[0]


def change(lake: Lake, series: str, hours: int) -> float:
    return value(lake, series, "open_interest_usd", NOON) - value(
        lake, series, "open_interest_usd", NOON - hours * HOUR
    )


def export(folders: list[Path], name: str) -> pl.DataFrame:
    return pl.read_parquet(folders[0] / name)


def correlation(frame: pl.DataFrame, first: str, second: str) -> float:
    return frame.drop_nulls().select(pl.corr(first, second)).item()


def test_nothing_is_quarantined_but_an_old_edition_that_was_revised_since(imported: tuple[Lake, list[Imported]]):
    quarantined = {one.name: one.rows_quarantined for one in imported[1] if one.rows_quarantined}
    assert set(quarantined) <= {"spot_aggregated_taker_buy_sell_volume_history__4h.parquet"}
    assert sum(quarantined.values()) <= 13
    assert {one.name for one in imported[1] if one.status == "ignored"} == {"SOURCE.txt"}


def test_a_second_import_adds_nothing(lake: Lake, folders: list[Path]):
    assert {one.status for one in import_files(lake, source(), folders)} <= {"known", "ignored", "quarantined"}


def test_the_open_interest_of_the_article_and_its_changes(lake: Lake):
    series = "coinglass/open_interest/BTC/all/4h"
    assert value(lake, series, "open_interest_usd", NOON, at=NOON) == 82_909_990_915
    assert round(change(lake, series, 48)) == 661_699_804
    assert round(change(lake, series, 24)) == -123_849_007


@pytest.mark.parametrize(("venue", "millions"), [("gate", 1186), ("mexc", 436), ("bingx", 145)])
def test_the_venues_the_change_hangs_on(lake: Lake, venue: str, millions: int):
    assert round(change(lake, f"coinglass/open_interest/BTC/{venue}/4h", 48) / 1e6) == millions


def test_the_long_share_of_the_article(lake: Lake):
    series = "coinglass/positioning/BTC/binance-global-accounts/4h"
    assert value(lake, series, "long_share", NOON, at=NOON) == pytest.approx(0.6181)
    assert value(lake, series, "long_share", NOON - 4 * HOUR, at=NOON) == pytest.approx(0.6087)


def test_the_extremes_of_the_14th(lake: Lake):
    day = rows(lake, "coinglass/bars/BTC/binance-perpetual/4h").filter(
        pl.col("event_time").is_between(parse_time("2025-08-14T04:00Z"), parse_time("2025-08-15T00:00Z"))
    )
    assert (day["high"].max(), day["low"].min()) == (124_545.6, 117_004.0)


def test_aggregated_liquidations_are_a_third_of_those_of_three_venues(lake: Lake):
    def by_day(series: str) -> pl.DataFrame:
        day = pl.col("event_time") - 1 - (pl.col("event_time") - 1) % (24 * HOUR)
        return rows(lake, series).group_by(day=day).agg(pl.col("value_usd").sum(), pl.len())

    binance = by_day("coinglass/liquidations/BTC/binance/4h").filter(pl.col("len") == 12)
    three = by_day("coinglass/liquidations/BTC/binance+okx+bybit/1d")
    joined = binance.join(three, on="day", suffix="_three")
    share = (joined["value_usd"] / joined["value_usd_three"]).median()
    assert joined.height > 250
    assert share == pytest.approx(0.35, abs=0.02)


@pytest.mark.parametrize("scope", ["binance-stablecoin-margin/4h", "binance+okx+bybit-stablecoin-margin/1d"])
def test_stablecoin_open_interest_is_in_coins(lake: Lake, scope: str):
    found = rows(lake, f"coinglass/open_interest/BTC/{scope}")
    assert found["open_interest_usd"].null_count() == found.height
    recent = found.filter(pl.col("event_time") > parse_time("2025-01-01"))["open_interest_base"]
    assert recent.is_between(50_000, 300_000).all(), "coins: dollars would be some 10¹⁰"


def test_the_columns_of_pairs_markets_are_swapped_and_put_right(lake: Lake, folders: list[Path]):
    names = [one.series for one in lake.series("liquidations", "BTC") if one.feed == "futures_pairs_markets"]
    binance = [name for name in names if "/binance-" in name]
    lists = (
        lake.as_of("liquidations", series=binance).group_by("event_time", "liquidated_side").agg(pl.sum("value_usd"))
    )
    wide = lists.pivot("liquidated_side", index="event_time", values="value_usd").sort("event_time")
    history = rows(lake, "coinglass/liquidations/BTC/binance/4h").pivot(
        "liquidated_side", index="event_time", values="value_usd"
    )
    trailing = history.sort("event_time").with_columns(pl.col("long", "short").rolling_sum(6).name.suffix("_24h"))
    joined = wide.join_asof(trailing.select("event_time", "long_24h", "short_24h"), on="event_time")
    assert joined.height > 80
    assert correlation(joined, "long", "long_24h") > 0.9
    assert correlation(joined, "short", "short_24h") > 0.9
    assert abs(correlation(joined, "long", "short_24h")) < 0.3
    raw = export(folders, "snap_futures_pairs_markets_BTC.parquet").filter(exchange_name="Binance")
    assert raw["short_liquidation_usd_24h"].sum() == pytest.approx(wide["long"].sum())


def test_daily_padding_is_skipped(lake: Lake, folders: list[Path]):
    raw = pl.read_csv(folders[1] / "futures_oi_agg_1d.csv")
    padding = raw.filter(pl.col("oi_coinm_close") == 0.0).height
    kept = [
        one.series for one in lake.series("open_interest") if one.series.endswith("binance+okx+bybit-coin-margin/1d")
    ]
    found = lake.as_of("open_interest", series=kept)
    assert padding == 744
    assert found.height == raw.height - padding - raw["oi_coinm_close"].null_count()
    assert (found["open_interest_usd"] > 0).all()


def test_a_zero_inside_history_is_a_value(lake: Lake):
    day = parse_time("2022-12-25")
    found = rows(lake, "coinglass/liquidations/ADA/binance+okx+bybit/1d").filter(pl.col("event_time") == day)
    assert dict(found.select("liquidated_side", "value_usd").iter_rows()) == {"long": 1881.4548, "short": 0.0}


def test_the_sum_of_venues_at_a_stamp_is_the_close_of_the_bar_before(lake: Lake):
    venues = [
        one.series for one in lake.series("open_interest", "BTC")
        if one.feed == "futures_openInterest_exchange_history_chart"
    ]  # fmt: skip
    sums = lake.as_of("open_interest", series=venues).group_by("event_time").agg(pl.sum("open_interest_usd"))
    joined = sums.join(rows(lake, "coinglass/open_interest/BTC/all/4h"), on="event_time")
    difference = (joined["open_interest_usd"] / joined["open_interest_usd_right"] - 1).abs()
    assert joined.height > 600
    assert difference.median() < 2e-4


def test_one_venue_that_was_renamed_is_one_series(lake: Lake):
    gate = rows(lake, "coinglass/open_interest/BTC/gate/4h")
    assert (gate["event_time"].diff().drop_nulls() == 4 * HOUR).all(), "no gap where the name changed"
    assert not [one.series for one in lake.series() if "gate.io" in one.series]


def test_the_daily_ratio_is_that_of_its_midnight(lake: Lake):
    every_4h = rows(lake, "coinglass/positioning/BTC/binance-global-accounts/4h")
    by_day = rows(lake, "coinglass/positioning/BTC/binance-global-accounts/1d")
    joined = by_day.join(every_4h, on="event_time", suffix="_4h")
    difference = (joined["long_short_ratio"] - joined["long_short_ratio_4h"]).abs()
    assert joined.height > 280
    assert difference.mean() < 0.002
    assert (by_day["known_time"] - by_day["event_time"] == 24 * HOUR).all()


def test_depth_is_a_sample_at_its_stamp(lake: Lake):
    depth = rows(lake, "coinglass/depth/BTC/binance-perpetual/4h").with_columns(
        implied=(pl.col("bid_usd") / pl.col("bid_base") + pl.col("ask_usd") / pl.col("ask_base")) / 2
    )
    price = rows(lake, "coinglass/bars/BTC/binance-perpetual/4h").select("event_time", "open", "close")
    at_stamp = depth.join(price, on="event_time")
    an_end = depth.with_columns(pl.col("event_time") + 4 * HOUR).join(price, on="event_time")
    assert (at_stamp["implied"] / at_stamp["close"] - 1).abs().median() < 4e-4
    assert (an_end["implied"] / an_end["close"] - 1).abs().median() > 30e-4


def test_the_published_basis_is_no_basis_and_stays_out(lake: Lake, folders: list[Path]):
    published = export(folders, "futures_basis_history__4h.parquet")["close_basis"]
    assert published.std() > 3, "percent; the basis of a perpetual moves by hundredths"
    assert not [one for one in lake.series("premium") if one.measure == "basis"]


def test_hourly_funding_is_told_from_eight_hourly(lake: Lake):
    found = rows(lake, "coinglass/funding/BTC/hyperliquid/8h")
    assert found["interval_hours"].unique().to_list() == [1.0]
    assert found["rate"].median() * 8 == pytest.approx(1e-4)


def test_the_incomplete_last_bar_of_a_snapshot_stays_out(lake: Lake, folders: list[Path]):
    name = "futures_fundingRate_oi_weight_ohlc_history__1d.parquet"
    last = export(folders, name).row(-1, named=True)
    end = parse_time("2025-05-13")
    found = value(lake, "coinglass/funding/BTC/oi-weighted/1d", "rate", end)
    assert last["close"] == 0.005244
    assert found == pytest.approx(0.00008203), "as the later daily export has it, not as the snapshot of that day"


def test_more_price_bars_than_others_are_all_kept(lake: Lake, folders: list[Path]):
    raw = export(folders, "price_ohlc_history__4h.parquet")
    assert rows(lake, "coinglass/bars/BTC/binance-perpetual/4h").height == raw.height


def test_reserves_are_those_of_twenty_venues_when_the_list_was_taken(lake: Lake):
    names = [one.series for one in lake.series("reserves", "BTC")]
    found = lake.as_of("reserves", series=names).group_by("event_time").agg(pl.sum("reserve_base"), pl.len())
    assert found.filter(pl.col("len") >= 19)["reserve_base"].is_between(2.0e6, 2.3e6).all()
    assert found["event_time"].min() == parse_time("2025-05-16T00:02:02Z")


def test_nothing_is_known_before_it_ended(lake: Lake):
    for kind in ("bars", "liquidations", "open_interest", "funding", "positioning", "taker_flow", "depth", "premium"):
        early = lake.scan(kind).filter(pl.col("known_time") < pl.col("event_time")).collect()
        assert early.is_empty()


def test_a_file_cut_short_is_refused_whole(folders: list[Path]):
    path = folders[0] / "price_ohlc_history__4h.parquet"
    document = Document(name=path.name, data=path.read_bytes()[:30_000])
    with pytest.raises(ValueError, match="whole Parquet file"):
        source().normalise(document, now=NOON)
