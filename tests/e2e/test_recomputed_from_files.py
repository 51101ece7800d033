"""Figures of the JSON bulletin against the raw files, in plain loops that share no code with the product."""

import csv
import json
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import NormalDist, fmean

import polars as pl
import pytest

from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue
from runout.render.encoding import encode

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

Quantities = dict[tuple[str, str], dict[str, float]]
NOON, NIGHT = datetime(2025, 8, 18, 12, tzinfo=UTC), datetime(2025, 8, 19, 1, tzinfo=UTC)
DAY, BAR = timedelta(days=1), timedelta(hours=4)
FOUR_HOURLY, DAILY, DOMINANCE = "coinglass-4h-felipe", "coinglass-daily-le1ma1", "daily-dominance-reserves-sharafa32"


def quantities(lake: Lake, at: datetime) -> Quantities:
    text = json.loads(encode(issue(lake, "BTC", parse_time(at.isoformat()))))
    findings = [finding for section in text["sections"] for finding in section["findings"]]
    return {(one["name"], q["name"]): q for one in findings for q in one["evidence"]["quantities"]}


@pytest.fixture(scope="module")
def noon(real_lake: Lake) -> Quantities:
    return quantities(real_lake, NOON)


@pytest.fixture(scope="module")
def night(real_lake: Lake) -> Quantities:
    return quantities(real_lake, NIGHT)


# -- the files, as anybody would read them ----------------------------------------------------------------------------


def of_days(path: Path, column: str, **wanted: str) -> dict[datetime, float]:
    """Return a column by the *end* of its UTC day; what is empty or padded with zero is absent."""
    found: dict[datetime, float] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            stamp = row.get("ts_utc") or row["date"]
            if all(row[name] == value for name, value in wanted.items()) and float(row[column] or 0) > 0:
                found[datetime.fromisoformat(stamp[:10]).replace(tzinfo=UTC) + DAY] = float(row[column])
    return found


def of_bars(path: Path, column: str = "close") -> dict[datetime, float]:
    """Return a column by the end of its 4 h bar."""
    rows = pl.read_parquet(path).select("ts_ms", column)
    return {datetime.fromtimestamp(ms / 1000, UTC) + BAR: float(value) for ms, value in rows.iter_rows()}


def forced_by_day(real_data: Path) -> dict[datetime, float]:
    """Return what was liquidated by the end of its day: seven coins, both sides."""
    total: dict[datetime, float] = {}
    with (real_data / DAILY / "liquidation_agg_1d.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            end = datetime.fromisoformat(row["ts_utc"][:10]).replace(tzinfo=UTC) + DAY
            sides = float(row["liq_long_usd"] or 0) + float(row["liq_short_usd"] or 0)
            total[end] = total.get(end, 0.0) + sides
    return {end: usd for end, usd in total.items() if usd > 0}


def forced_by_bar(real_data: Path) -> dict[datetime, float]:
    """Return what was liquidated by the end of its 4 h bar: four coins on Binance, both sides."""
    total: dict[datetime, float] = {}
    for coin in ("BTC", "ETH", "SOL", "XRP"):
        path = real_data / FOUR_HOURLY / f"futures_liquidation_aggregated_coin_history_{coin}__4h.parquet"
        for side in ("long", "short"):
            for end, usd in of_bars(path, f"aggregated_{side}_liquidation_usd").items():
                total[end] = total.get(end, 0.0) + usd
    return total


def mid_rank(values: Iterable[float], value: float) -> float:
    held = list(values)
    return 100 * (sum(v < value for v in held) + 0.5 * sum(v == value for v in held)) / len(held)


def within(series: dict[datetime, float], end: datetime, window: timedelta) -> list[float]:
    return [value for time, value in series.items() if end - window < time <= end]


# -- leverage ---------------------------------------------------------------------------------------------------------


def test_the_leverage_ratio_its_percentile_and_its_directions(noon: Quantities, real_data: Path) -> None:
    reserve = of_days(real_data / DOMINANCE / "exchange_reserves.csv", "exchange_reserves")
    interest = of_days(real_data / DAILY / "futures_oi_agg_1d.csv", "oi_total_close", symbol="BTC")
    price = of_days(real_data / DAILY / "futures_ohlcv_1d.csv", "close", symbol="BTCUSDT")
    ratio = {end: interest[end] / reserve[end] / price[end] for end in set(reserve) & set(interest) & set(price)}
    end = datetime(2025, 8, 18, tzinfo=UTC)
    expected = {
        "ratio": ratio[end],
        "ratio_percentile": mid_rank(within(ratio, end, 365 * DAY), ratio[end]),
        "ratio_change_7d": ratio[end] / ratio[end - 7 * DAY] - 1,
        "ratio_change_30d": ratio[end] / ratio[end - 30 * DAY] - 1,
    }
    for name, value in expected.items():
        assert noon["leverage.ratio", name]["value"] == pytest.approx(value, rel=1e-4), name


def test_funding_and_its_percentile(noon: Quantities, real_data: Path) -> None:
    rate = of_bars(real_data / FOUR_HOURLY / "futures_fundingRate_oi_weight_ohlc_history_BTC__4h.parquet")
    assert noon["leverage.funding", "rate"]["value"] == pytest.approx(rate[NOON] / 100)  # percent per 8 h
    assert noon["leverage.funding", "yearly"]["value"] == pytest.approx(rate[NOON] / 100 * 3 * 365)
    rank = mid_rank(within(rate, NOON, 365 * DAY), rate[NOON])
    assert noon["leverage.funding", "yearly_percentile"]["value"] == pytest.approx(rank, abs=1e-3)


@pytest.mark.parametrize(("label", "days"), [("1d", 1), ("7d", 7), ("30d", 30)])
def test_price_and_coins_over_a_day_a_week_and_a_month(
    noon: Quantities, real_data: Path, label: str, days: int
) -> None:
    price = of_bars(real_data / FOUR_HOURLY / "price_ohlc_history__4h.parquet")
    interest = of_bars(real_data / FOUR_HOURLY / "futures_openInterest_ohlc_aggregated_history_BTC__4h.parquet")
    before = NOON - days * DAY
    moved = price[NOON] / price[before] - 1
    coins = interest[NOON] / price[NOON] / (interest[before] / price[before]) - 1
    assert noon["cycles.divergence", f"price_change_{label}"]["value"] == pytest.approx(moved, abs=1e-7)
    assert noon["cycles.divergence", f"coin_change_{label}"]["value"] == pytest.approx(coins, abs=1e-7)


def test_the_peak_of_may_and_the_lowest_open_interest_within_two_days(noon: Quantities, real_data: Path) -> None:
    price = of_bars(real_data / FOUR_HOURLY / "price_ohlc_history__4h.parquet")
    interest = of_bars(real_data / FOUR_HOURLY / "futures_openInterest_ohlc_aggregated_history_BTC__4h.parquet")
    may = [end for end in price if datetime(2025, 4, 22, tzinfo=UTC) < end < datetime(2025, 6, 20, tzinfo=UTC)]
    top = max(may, key=lambda end: price[end])
    assert top == datetime(2025, 5, 22, 4, tzinfo=UTC)
    low = min((end for end in interest if top < end <= top + 2 * DAY), key=lambda end: interest[end])
    expected = {
        "price": price[top],
        "interest_usd": interest[top],
        "low_2d_usd": interest[low],
        "low_2d_price": price[low],
    }
    for name, value in expected.items():
        assert noon["cycles.peak.2025-05-22", name]["value"] == pytest.approx(value), name


# -- liquidations, headline, danger -----------------------------------------------------------------------------------


def test_the_trailing_day_in_the_wide_scope(noon: Quantities, real_data: Path) -> None:
    wide, fine = forced_by_day(real_data), forced_by_bar(real_data)
    midnight = datetime(2025, 8, 18, tzinfo=UTC)
    yesterday = [fine[midnight - hours * BAR] for hours in range(6)]
    afternoon = wide[midnight] * sum(yesterday[:3]) / sum(yesterday)  # 12:00 to 24:00 of the 17th
    days = [midnight - back * DAY for back in range(60)]
    logs = [math.log(wide[end] / sum(fine[end - n * BAR] for n in range(6))) for end in days]
    morning = math.exp(fmean(logs)) * sum(fine[NOON - n * BAR] for n in range(3))
    measured = noon["liquidations.headline.24h", "measured_usd"]["value"]
    assert measured == pytest.approx(afternoon + morning, rel=0.03)  # a prior on the bridge moves it a little


def test_the_fourteenth_measured_its_sides_and_its_rank(noon: Quantities, real_data: Path) -> None:
    wide, end = forced_by_day(real_data), datetime(2025, 8, 15, tzinfo=UTC)
    assert noon["liquidations.headline.worst-day", "measured_usd"]["value"] == pytest.approx(wide[end])
    rank = mid_rank(within(wide, end, 365 * DAY), wide[end])
    assert noon["liquidations.worst-day", "total_percentile"]["value"] == pytest.approx(rank, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "of", "interval", "said"),
    [
        ("liquidations.headline.24h", "total_usd", (268.3e6, 419.9e6, 657.2e6), 563e6),
        ("liquidations.headline.24h", "long_usd", (220.4e6, 344.8e6, 539.7e6), 485e6),
        ("liquidations.headline.worst-day", "total_usd", (0.842e9, 1.265e9, 1.902e9), 961e6),
        ("liquidations.headline.worst-day", "long_usd", (0.685e9, 1.030e9, 1.548e9), 821e6),
    ],
)
def test_the_headline_estimates_and_the_articles_figures_inside_them(
    noon: Quantities, name: str, of: str, interval: tuple[float, float, float], said: float
) -> None:
    found = noon[name, of]
    assert [found["low"], found["value"], found["high"]] == pytest.approx(list(interval), rel=2e-3)
    assert found["low"] < said < found["high"]


def test_an_estimate_is_what_is_measured_times_the_ratio(noon: Quantities) -> None:
    for name in ("liquidations.headline.24h", "liquidations.headline.worst-day"):
        ratio, measured = noon[name, "ratio"], noon[name, "measured_usd"]["value"]
        assert noon[name, "total_usd"]["value"] == pytest.approx(measured * ratio["value"], rel=1e-6)
        # Ratios read by hand off published figures: 1.84 on the 14th; 1.65 to 3.08 over 2023 to 2025.
        assert 1.5 < ratio["low"] < 1.84 < ratio["value"] < 2.6 < ratio["high"] < 3.5


def survival(ratio: dict[str, float]) -> Callable[[float], float]:
    """Return P(measured · ratio ≥ $1B), the ratio taken as lognormal with the bounds that the bulletin prints."""
    scale = math.log(ratio["high"] / ratio["low"]) / 2 / NormalDist().inv_cdf(0.9)
    return lambda usd: NormalDist(-math.log(ratio["value"]), scale).cdf(math.log(usd / 1e9))


def test_the_base_rate_is_the_share_of_the_past_years_days(noon: Quantities, real_data: Path) -> None:
    past = within(forced_by_day(real_data), datetime(2025, 8, 18, tzinfo=UTC), 365 * DAY)
    reached = survival(noon["liquidations.headline.worst-day", "ratio"])
    assert noon["danger.level", "base_rate"]["value"] == pytest.approx(0.0543, abs=5e-4)
    assert noon["danger.level", "base_rate"]["value"] == pytest.approx(fmean(map(reached, past)), abs=0.01)


def test_level_and_chances_at_noon_and_an_hour_into_the_next_day(noon: Quantities, night: Quantities) -> None:
    assert noon["danger.level", "danger_level"]["value"] == 4
    chance = noon["danger.level", "probability_1b"]
    assert [chance["low"], chance["value"], chance["high"]] == pytest.approx([0.027, 0.111, 0.258], abs=1e-3)
    assert night["danger.level", "danger_level"]["value"] == 3
    assert night["danger.level", "probability_1b"]["value"] == pytest.approx(0.0925, abs=1e-3)
    for found in (noon, night):
        chances = [found["danger.level", f"probability_{b}b"]["value"] for b in ("0.25", "0.5", "1", "2", "5")]
        assert chances == sorted(chances, reverse=True)


# -- rotation, flows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("night_too", "day", "share", "total2"), [(False, 17, 58.62, 0.0102), (True, 18, 58.98, -0.0246)]
)
def test_dominance_its_change_and_what_follows_for_the_rest(
    noon: Quantities, night: Quantities, real_data: Path, *, night_too: bool, day: int, share: float, total2: float
) -> None:
    percent = of_days(real_data / DOMINANCE / "btc_dominance.csv", "btc_dominance")
    price = of_days(real_data / DAILY / "futures_ohlcv_1d.csv", "close", symbol="BTCUSDT")
    end, found = datetime(2025, 8, day, tzinfo=UTC) + DAY, night if night_too else noon
    now, before = percent[end] / 100, percent[end - DAY] / 100
    rest = price[end] * (1 / now - 1) / (price[end - DAY] * (1 / before - 1)) - 1
    assert now == pytest.approx(share / 100)
    assert found["rotation.dominance", "dominance"]["value"] == pytest.approx(now)
    assert found["rotation.dominance", "dominance_change"]["value"] == pytest.approx(now - before)
    assert found["rotation.dominance", "dominance_growth"]["value"] == pytest.approx(now / before - 1, rel=1e-6)
    assert found["rotation.total2", "total2_return"]["value"] == pytest.approx(rest, abs=1e-8)
    assert rest == pytest.approx(total2, abs=5e-5)


def test_leverages_share_of_the_turnover_and_the_basis(noon: Quantities, real_data: Path) -> None:
    traded, last = {}, {}
    for market in ("perp", "spot"):
        bars = pl.read_parquet(real_data / f"klines-5m-2025/{market}_BTCUSDT_5m_2025.parquet")
        opened = pl.col(bars.columns[0]).cast(pl.Int64)
        digits = len(str(bars.select(opened.max()).item()))
        end = int(NOON.timestamp()) * 10 ** (digits - 10)
        day = bars.filter((opened >= end - 86_400 * 10 ** (digits - 10)) & (opened < end)).sort(opened)
        traded[market], last[market] = day["quote_volume"].sum(), day["close"][-1]
    share = traded["perp"] / (traded["perp"] + traded["spot"])
    assert noon["flows.leverage-share", "leverage_share"]["value"] == pytest.approx(share, rel=1e-6)
    assert noon["flows.leverage-share", "turnover_usd"]["value"] == pytest.approx(sum(traded.values()), rel=1e-6)
    assert noon["flows.basis", "rate"]["value"] == pytest.approx(last["perp"] / last["spot"] - 1, abs=1e-8)
