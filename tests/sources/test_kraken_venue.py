"""Kraken Futures over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, follow, frame, page_of
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND, format_time
from runout.errors import SchemaError
from runout.sources import kraken
from runout.sources.venue import Call, Instrument, Rows

VENUE = kraken.venue()
HOUR, SECOND = NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND


def contract(symbol: str, **changes) -> Instrument:
    values = {"coin": "BTC", "market": "perpetual", "margin": "stablecoin", "contract_base": 1.0, "funding_hours": 1.0}
    return Instrument(venue="kraken", symbol=symbol, quote="USD", **(values | changes))


LINEAR = contract("PF_XBTUSD")
INVERSE = contract("PI_XBTUSD", margin="coin", contract_base=None, contract_usd=1.0)
ALL = (LINEAR, INVERSE)


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def trade(symbol="PF_XBTUSD", **changes) -> dict:
    return {"feed": "trade", "product_id": symbol, "uid": "a-b", "side": "sell", "type": "liquidation", "seq": 7,
            "time": NOW // MS - 40, "qty": 0.5, "price": 90000} | changes  # fmt: skip


@pytest.mark.parametrize(("side", "closed"), [("sell", "long"), ("buy", "short")])
@pytest.mark.parametrize("kind", ["liquidation", "PartialLiquidation"])
def test_the_takers_side_of_a_liquidation_is_the_closing_order(side, closed, kind):
    rows = read(trade(side=side, type=kind, qty="0.5"))
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"], row["sequence"]) == (
        closed, 0.5, 45_000.0, 7,
    )  # fmt: skip
    assert row["event_time"] == NOW - 40 * MS
    assert rows.tables["trades"].height == 1
    assert {s.kind: s.capture for s in rows.series}["liquidations"] == "complete"


def test_inverse_contracts_are_dollars_and_an_ordinary_trade_is_no_liquidation():
    rows = read(trade("PI_XBTUSD", qty=900), trade(type="fill", seq=8))
    assert rows.tables["liquidations"].select("quantity_base", "value_usd").rows() == [(0.01, 900.0)]
    assert rows.tables["trades"].height == 2


def test_a_trade_repeated_in_the_snapshot_after_a_reconnection_is_one_liquidation():
    snapshot = {"feed": "trade_snapshot", "product_id": "PF_XBTUSD", "trades": [trade(), trade(seq=6)]}
    assert read(trade(), snapshot).tables["liquidations"]["sequence"].sort().to_list() == [6, 7]


def test_a_ticker_gives_open_interest_in_the_contracts_unit_and_the_relative_rate():
    ticker = {"feed": "ticker", "product_id": "PI_XBTUSD", "time": NOW // MS, "openInterest": 30_000_000.0,
              "markPrice": 60_000.0, "index": 59_940.0, "funding_rate": -6e-11, "relative_funding_rate": -1.38e-6,
              "tag": "perpetual"}  # fmt: skip
    tables = read(ticker).tables
    assert tables["open_interest"].select("open_interest_base", "open_interest_usd").row(0) == (500.0, 30_000_000.0)
    assert tables["funding"].select("rate", "interval_hours").row(0) == (-1.38e-6, 1.0)
    assert tables["premium"]["rate"][0] == pytest.approx(60_000 / 59_940 - 1)


def test_new_fields_kinds_feeds_and_symbols_are_counted_an_unknown_side_and_a_cut_frame_are_refused():
    book = {"feed": "book", "product_id": "PF_XBTUSD", "seq": 1}
    rows = read(
        trade(zz=1), trade("PF_NEWUSD"), trade(type="gift", seq=8), trade(side="both"), book, frame(trade())[:-9]
    )
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {
        "channel book": 1, "field zz": 1, "symbol PF_NEWUSD": 2, "value side 'both'": 1, "value type 'gift'": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [4, 6]


def test_frames_are_classified_and_trades_are_numbered():
    assert VENUE.classify(frame({"event": "info", "version": 1})).kind == "unknown"
    assert VENUE.classify(frame({"event": "subscribed", "feed": "trade", "product_ids": ["X"]})).kind == "acknowledged"
    refused = VENUE.classify(frame({"event": "error", "message": "Invalid product id"}))
    assert (refused.kind, refused.words) == ("refused", "Invalid product id")
    assert VENUE.classify(frame({"feed": "heartbeat", "time": 1})).kind == "alive"
    data = VENUE.classify(frame(trade()))
    assert (data.kind, data.streams, data.sequence) == ("data", ("trade:PF_XBTUSD",), (("trade:PF_XBTUSD", 7),))


def test_liquidations_come_over_trades_beside_a_ticker_that_speaks():
    (connection,) = VENUE.connections(ALL, ("liquidations", "bars"))
    assert connection.copies == 2
    assert json.loads(connection.opening[0]) == {
        "event": "subscribe", "feed": "trade", "product_ids": ["PF_XBTUSD", "PI_XBTUSD"],
    }  # fmt: skip
    assert [s.name for s in connection.streams if s.canary] == ["ticker:PF_XBTUSD"]


def asked(call: Call, since: str = "from") -> tuple[int, int]:
    parameters = dict(call.parameters)
    return int(parameters[since]) * SECOND, int(parameters["to"]) * SECOND


def test_bars_are_paged_to_the_end_though_pages_are_smaller_than_asked():
    since = NOW - 1500 * STEP

    def serve(call: Call) -> dict:
        begin, end = asked(call)
        opened = [t for t in range(since, NOW + 1, STEP) if begin <= t <= end][:600]
        bar = {"open": "100", "high": "110", "low": "90", "close": "105", "volume": "5"}
        return {"candles": [bar | {"time": t // MS} for t in opened], "more_candles": True}

    rows, calls = follow(VENUE, LINEAR, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows["volume_base"][0] == 5.0
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([["1", "3", "1", "2"], ["2", "4", "2", "3"]], "rows of four"),
        ({"open": ["1", "2"], "close": ["2", "3"]}, "columns by name"),
        ([2, "3"], "single figures"),
    ],
)
@pytest.mark.parametrize("unit", [SECOND, MS])
def test_statistics_of_any_shape_and_unit_give_the_last_figure_and_which_case_was_met(data, words, unit):
    stamps = [(NOW - 2 * STEP) // unit, (NOW - STEP) // unit]
    body = {"result": {"timestamp": stamps, "data": data, "more": False}, "errors": []}
    page = page_of(VENUE, LINEAR, "open-interest", body, NOW - 3 * STEP)
    rows = page.rows.tables["open_interest"]
    assert rows.select("event_time", "open_interest_base").rows() == [(NOW - STEP, 2.0), (NOW, 3.0)]
    assert [words in case and ("milli" in case) is (unit == MS) for case in page.rows.cases] == [True]


@pytest.mark.parametrize("data", [{"value": [1]}, [1, 2], [[]], "xy", ["x"]])
def test_statistics_of_no_known_shape_are_refused(data):
    body = {"result": {"timestamp": [(NOW - 2 * STEP) // SECOND], "data": data}}
    with pytest.raises(SchemaError):
        page_of(VENUE, LINEAR, "open-interest", body, NOW - 3 * STEP)


def test_an_interval_without_a_figure_says_nothing():
    body = {"result": {"timestamp": [(NOW - 2 * STEP) // SECOND], "data": [None]}}
    page = page_of(VENUE, LINEAR, "open-interest", body, NOW - 3 * STEP)
    assert not page.rows.tables
    assert not page.rows.refused.height


def test_one_call_gives_all_funding_as_fractions_of_an_hour():
    rates = [
        {"timestamp": format_time(NOW - h * HOUR).replace("Z", ":00.000Z"), "fundingRate": 1.0,
         "relativeFundingRate": "0.00001"}
        for h in range(9)
    ]  # fmt: skip
    rows, calls = follow(VENUE, LINEAR, "funding", lambda _: {"result": "success", "rates": rates}, NOW - 5 * HOUR)
    assert rows["event_time"].to_list() == [NOW - h * HOUR for h in range(5, -1, -1)]
    assert set(rows["interval_hours"]) == {1.0}
    assert set(rows["rate"]) == {0.00001}
    assert len(calls) == 1


def test_the_state_of_all_contracts_is_of_the_servers_time():
    tickers = [{"symbol": "PF_XBTUSD", "openInterest": 5, "markPrice": 100, "indexPrice": 100}, {"symbol": "in_xbtusd"}]
    body = {"result": "success", "serverTime": "2026-10-31T23:59:59.000Z", "tickers": tickers}
    page = VENUE.read_page(VENUE.polls(ALL)[0].call, answer(body), ALL)
    assert page.rows.tables["open_interest"].select("event_time", "known_time", "open_interest_base").rows() == [
        (NOW - SECOND, NOW, 5.0)
    ]


def test_the_listing_renames_coins_and_leaves_out_tokens_of_shares():
    rows = [
        {"symbol": "PI_XBTUSD", "type": "futures_inverse", "contractSize": 1, "openingDate": "2018-08-31T00:00:00Z"},
        {"symbol": "PF_ETHUSD", "type": "flexible_futures", "base": "ETH", "tickSize": 0.1},
        {"symbol": "FI_ETHUSD_261225", "type": "futures_inverse", "base": "ETH",
         "lastTradingTime": "2026-12-25T08:00:00Z"},
        {"symbol": "PF_AAPLxUSD", "type": "flexible_futures", "base": "AAPLx"},
        {"symbol": "in_xbtusd", "type": "spot index"},
    ]  # fmt: skip
    listed = VENUE.read_instruments([(VENUE.instrument_calls()[0], frame({"instruments": rows}))])
    assert [(i.symbol, i.coin, i.market, i.margin, i.contract_base, i.contract_usd) for i in listed] == [
        ("PI_XBTUSD", "BTC", "perpetual", "coin", None, 1.0),
        ("PF_ETHUSD", "ETH", "perpetual", "stablecoin", 1.0, None),
        ("FI_ETHUSD_261225", "ETH", "futures", "coin", None, 1.0),
    ]
    assert listed[2].delisted is not None


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer({"result": "success"}), "ok"),
        (answer({"result": "error", "error": "apiLimitExceeded"}), "slow-down"),
        (answer({"result": "error", "error": "invalidArgument"}), "gone"),
        (answer({"result": "error", "error": "Server Error"}), "broken"),
        (answer(b"<html>"), "broken"),
        (answer(b"", 429), "slow-down"),
    ],
)
def test_errors_inside_a_200_are_seen(given, kind):
    assert VENUE.judge(VENUE.instrument_calls()[0], given).kind == kind
