"""Providers over the wire: payloads written by us in the documented shapes, each to the rows it must become."""

import pytest
from venue_calls import MS, NOW, answer, call_of, follow, frame, page_of

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.errors import SchemaError
from runout.sources import coinalyze, coingecko, defillama
from runout.sources.venue import EVERY_COIN, Call, Instrument

DAY, HOUR, SECOND = NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
GECKO, LLAMA, COINALYZE = coingecko.venue(), defillama.venue(), coinalyze.venue()


# -- CoinGecko ---------------------------------------------------------------------------------------------------------


def test_the_state_of_the_market_gives_its_capitalisation_and_shares_as_fractions():
    state = {"total_market_cap": {"usd": 4e12, "eur": 3e12}, "market_cap_percentage": {"btc": 57.5, "eth": "12.5"},
             "updated_at": NOW // SECOND - 60, "markets": 1}  # fmt: skip
    instruments = (
        Instrument(venue="coingecko", symbol="bitcoin", coin="BTC", market="spot-market-cap", margin="none"),
    )
    (poll,) = GECKO.polls(instruments)
    rows = GECKO.read_page(poll.call, answer({"data": state}), instruments).rows
    table = rows.tables["market_caps"].sort("coin")
    assert table.select("coin", "market_cap_usd", "dominance").rows() == [
        ("BTC", pytest.approx(2.3e12), 0.575), ("ETH", pytest.approx(5e11), 0.125), (EVERY_COIN, 4e12, None),
    ]  # fmt: skip
    assert set(table["event_time"]) == {NOW - 60 * SECOND}
    assert {series.market for series in rows.series} == {"spot-market-cap"}


def test_the_history_of_a_coin_is_whole_days_and_not_the_present():
    bitcoin = Instrument(venue="coingecko", symbol="bitcoin", coin="BTC", market="spot-market-cap", margin="none")
    caps = [[(NOW - n * DAY) // MS, 2e12 + n] for n in range(3, -1, -1)] + [[NOW // MS + 1, 1.0], [NOW // MS, None]]
    body = {"prices": [], "market_caps": caps, "total_volumes": []}
    page = page_of(GECKO, bitcoin, "market-caps", body, NOW - 2 * DAY)
    rows = page.rows.tables["market_caps"]
    assert rows.select("event_time", "market_cap_usd").rows() == [(NOW - n * DAY, 2e12 + n) for n in (2, 1, 0)]
    assert (rows["known_time"] - rows["event_time"]).unique().to_list() == [HOUR]
    assert page.next is None
    assert call_of(GECKO, bitcoin, "market-caps", NOW - DAY).path == "/api/v3/coins/bitcoin/market_chart"


def test_of_several_coins_with_one_ticker_the_largest_is_meant():
    rows = [{"id": "bitcoin", "symbol": "btc", "market_cap": 2e12}, {"id": "fake", "symbol": "btc", "market_cap": None}]
    listed = GECKO.read_instruments([(GECKO.instrument_calls()[0], frame(rows))])
    assert [(i.symbol, i.coin) for i in listed] == [("bitcoin", "BTC")]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer({"data": {}}), "ok"),
        (answer({"status": {"error_code": 429, "error_message": "throttled"}}, 429), "slow-down"),
        (answer({"status": {"error_code": 429}}), "slow-down"),
        (answer({"status": {"error_code": 10012, "error_message": "365 days"}}, 401), "gone"),
        (answer(b"<html>", 403), "blocked"),
    ],
)
def test_refusals_of_coingecko_are_seen_inside_a_200_too(given, kind):
    assert GECKO.judge(GECKO.instrument_calls()[0], given).kind == kind


# -- DefiLlama ---------------------------------------------------------------------------------------------------------


def test_one_answer_gives_the_coins_of_an_exchange_by_day():
    binance = next(i for i in LLAMA.read_instruments([]) if i.traded_at == "binance")
    assert [h.purpose for h in LLAMA.histories(binance)] == ["reserves"]
    days = [
        {"date": (NOW - n * DAY) // SECOND, "tokens": {"BTC": 600_000 + n, "WBTC": 5, "USDT": 3e10}} for n in (2, 1)
    ]
    body = {
        "name": "Binance CEX",
        "tokens": [*days, {"date": NOW // SECOND - 7, "tokens": {"BTC": 1}}],
        "chainTvls": {},
    }
    page = page_of(LLAMA, binance, "reserves", body, NOW - 3 * DAY)
    table = page.rows.tables["reserves"].sort("coin", "event_time")
    assert table.select("coin", "reserve_base").rows() == [
        ("BTC", 600_002.0), ("BTC", 600_001.0), ("USDT", 3e10), ("USDT", 3e10),
    ]  # fmt: skip
    assert {series.venues for series in page.rows.series} == {("binance",)}


def test_an_exchange_without_wallets_gives_nothing():
    instrument = LLAMA.read_instruments([])[0]
    assert not page_of(LLAMA, instrument, "reserves", {"name": "x", "tokens": None}, NOW - DAY).rows.tables


def test_the_supply_of_stablecoins_is_in_dollars_by_day():
    stablecoins = LLAMA.read_instruments([])[-1]
    body = [{"date": str((NOW - DAY) // SECOND), "totalCirculating": {}, "totalCirculatingUSD": {"peggedUSD": 3e11}}]
    page = page_of(LLAMA, stablecoins, "supply", body, NOW - 2 * DAY)
    assert page.rows.tables["market_caps"].select("coin", "market_cap_usd").rows() == [("STABLECOINS", 3e11)]
    call = call_of(LLAMA, stablecoins, "supply", NOW - DAY)
    assert (call.host, call.path) == ("stablecoins", "/stablecoincharts/all")


# -- Coinalyze ---------------------------------------------------------------------------------------------------------

LINEAR = Instrument(
    venue="coinalyze", symbol="BTCUSDT_PERP.A", coin="BTC", quote="USDT", market="perpetual", margin="stablecoin",
    contract_base=1.0, funding_hours=8.0, traded_at="binance",
)  # fmt: skip


def test_days_of_liquidations_are_both_sides_known_at_the_end_of_the_day_and_of_the_venue_they_arose_at():
    since = NOW - 1600 * DAY

    def serve(call: Call) -> list:
        parameters = dict(call.parameters)
        begin, end = int(parameters["from"]) * SECOND, int(parameters["to"]) * SECOND
        assert parameters["convert_to_usd"] == "true"
        starts = [t for t in range(since, NOW + 1, DAY) if begin <= t <= end]
        return [{"symbol": "BTCUSDT_PERP.A", "history": [{"t": t // SECOND, "l": 10.5, "s": 0} for t in starts]}]

    rows, calls = follow(COINALYZE, LINEAR, "liquidations", serve, since)
    assert (rows.height, len(calls)) == (3200, 2)
    last = rows.sort("event_time", "liquidated_side").tail(2)
    assert last.select("liquidated_side", "value_usd", "span", "event_time", "known_time").rows() == [
        ("long", 10.5, DAY, NOW, NOW), ("short", 0.0, DAY, NOW, NOW),
    ]  # fmt: skip
    page = page_of(COINALYZE, LINEAR, "liquidations", serve(calls[1]), NOW - 3 * DAY)
    (series,) = page.rows.series
    assert (series.provider, series.venues, series.capture) == ("coinalyze", ("binance",), "capped")


def test_open_interest_is_the_last_of_its_day_in_dollars_and_funding_is_percent():
    candle = {"t": (NOW - DAY) // SECOND, "o": 1, "h": 9, "l": 1, "c": "5"}
    body = [{"symbol": "BTCUSDT_PERP.A", "history": [candle]}]
    interest = page_of(COINALYZE, LINEAR, "open-interest", body, NOW - 2 * DAY).rows.tables["open_interest"]
    assert interest.select("event_time", "open_interest_usd", "open_interest_base").row(0) == (NOW, 5.0, None)
    funding = page_of(COINALYZE, LINEAR, "funding", body, NOW - 2 * DAY).rows.tables["funding"]
    assert funding.select("rate", "interval_hours").row(0) == (0.05, 8.0)
    ratio = [{"symbol": "BTCUSDT_PERP.A", "history": [{"t": (NOW - DAY) // SECOND, "r": 1.5, "l": 60, "s": 40}]}]
    share = page_of(COINALYZE, LINEAR, "ratios", ratio, NOW - 2 * DAY).rows.tables["positioning"]
    assert share.select("long_share", "long_short_ratio").row(0) == (0.6, 1.5)


def test_hours_are_asked_for_as_far_back_as_they_are_kept():
    history = next(h for h in COINALYZE.histories(LINEAR) if h.purpose == "liquidations-hourly")
    assert (history.step, history.keeps) == (HOUR, 1500 * HOUR)
    row = {"t": (NOW - 2 * HOUR) // SECOND, "l": 1, "s": 2, "zz": 3}
    page = page_of(COINALYZE, LINEAR, history.purpose, [{"symbol": "x", "history": [row]}], NOW - DAY)
    assert page.rows.tables["liquidations"]["span"].unique().to_list() == [HOUR]
    assert page.rows.unknown == {"field [].history[].zz": 1}


def test_contracts_are_of_the_venue_behind_their_code_and_the_key_is_said_but_not_held():
    market = {"symbol": "BTCUSD_PERP.4", "exchange": "4", "base_asset": "BTC", "quote_asset": "USD", "margined": "COIN"}
    calls = COINALYZE.instrument_calls()
    bodies = ([{"code": "4", "name": "Huobi"}], [market, market | {"is_perpetual": False}])
    listed = COINALYZE.read_instruments([(call, frame(body)) for call, body in zip(calls, bodies, strict=True)])
    assert [(i.traded_at, i.coin, i.margin) for i in listed] == [("htx", "BTC", "coin")]
    assert COINALYZE.facts.key is not None
    assert COINALYZE.facts.key.variable == "RUNOUT_COINALYZE_KEY"
    denied = COINALYZE.judge(calls[0], answer({"message": "Invalid/Missing API key"}, 401))
    assert (denied.kind, denied.words) == ("blocked", "Invalid/Missing API key")


def test_an_answer_of_another_form_is_refused_as_a_whole():
    with pytest.raises(SchemaError):
        page_of(COINALYZE, LINEAR, "liquidations", {"message": "x"}, NOW - DAY)
    with pytest.raises(SchemaError):
        page_of(LLAMA, LLAMA.read_instruments([])[0], "reserves", ["x"], NOW - DAY)
