"""Deribit over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, follow, frame
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources import deribit
from runout.sources.venue import Call, Instrument, Rows

VENUE = deribit.venue()
HOUR = NANOSECONDS_PER_HOUR
INVERSE = Instrument(
    venue="deribit", symbol="BTC-PERPETUAL", coin="BTC", quote="USD", market="perpetual", margin="coin",
    contract_usd=1.0, funding_hours=1.0,
)  # fmt: skip
LINEAR = Instrument(
    venue="deribit", symbol="ETH_USDC-PERPETUAL", coin="ETH", quote="USDC", market="perpetual", margin="stablecoin",
    contract_base=1.0, funding_hours=1.0,
)  # fmt: skip
DATED = Instrument(
    venue="deribit", symbol="BTC-25DEC26", coin="BTC", quote="USD", market="futures", margin="coin", contract_usd=1.0
)
ALL = (INVERSE, LINEAR, DATED)


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def notification(channel: str, data: object) -> dict:
    return {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}


def traded(symbol="BTC-PERPETUAL", **changes) -> dict:
    trade = {"trade_seq": 7, "trade_id": "9", "timestamp": NOW // MS - 40, "tick_direction": 3, "price": 50_000.0,
             "instrument_name": symbol, "index_price": 1, "direction": "sell", "amount": 1000.0} | changes  # fmt: skip
    return notification(f"trades.{symbol}.100ms", [trade])


@pytest.mark.parametrize(
    ("flag", "direction", "closed"),
    [
        ("T", "sell", ["long"]),
        ("T", "buy", ["short"]),
        ("M", "buy", ["long"]),
        ("M", "sell", ["short"]),
        ("MT", "sell", ["long", "short"]),
    ],
)
def test_a_flag_says_whether_taker_maker_or_both_were_liquidated(flag, direction, closed):
    rows = read(traded(liquidation=flag, direction=direction))
    liquidations = rows.tables["liquidations"].sort("liquidated_side")
    assert liquidations["liquidated_side"].to_list() == closed
    assert liquidations.select("quantity_base", "value_usd", "sequence", "event_time").row(0) == (
        0.02, 1000.0, 7, NOW - 40 * MS,
    )  # fmt: skip
    assert rows.tables["trades"].height == 1
    assert not rows.unknown


def test_linear_contracts_are_coins_and_a_trade_without_a_flag_is_no_liquidation():
    rows = read(traded("ETH_USDC-PERPETUAL", amount="2", liquidation="T"), traded(trade_seq=8))
    assert rows.tables["liquidations"].select("quantity_base", "value_usd").rows() == [(2.0, 100_000.0)]
    assert rows.tables["trades"].height == 2


def test_a_ticker_gives_dollars_of_inverse_contracts_and_a_rate_for_8_hours_and_a_dated_future_has_no_rate():
    ticker = {
        "instrument_name": "BTC-PERPETUAL",
        "timestamp": NOW // MS,
        "open_interest": 1_000_000,
        "mark_price": 50_000,
        "index_price": 49_950,
        "current_funding": 0.0001,
        "funding_8h": 0.0002,
        "state": "open",
    }
    dated = ticker | {"instrument_name": "BTC-25DEC26"}
    tables = read(notification("ticker.x.100ms", ticker), notification("ticker.y.100ms", dated)).tables
    assert tables["open_interest"].select("open_interest_base", "open_interest_usd").row(0) == (20.0, 1_000_000.0)
    assert tables["funding"].select("rate", "interval_hours").rows() == [(0.0001, 8.0)]
    assert tables["premium"].height == 2


def test_new_fields_flags_channels_and_symbols_are_counted_and_what_has_no_side_is_refused():
    rows = read(
        traded(zz=1, liquidation="T"), traded("NEW-PERPETUAL"), traded(liquidation="X", trade_seq=8),
        traded(liquidation="M", direction="up", trade_seq=9), notification("book.x", {}), frame(traded())[:-9],
    )  # fmt: skip
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {
        "channel book": 1, "field params.data[].zz": 1, "symbol NEW-PERPETUAL": 1, "value direction 'up'": 1,
        "value liquidation 'X'": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [3, 4, 6]


def test_frames_are_classified_a_test_is_answered_and_trades_are_numbered():
    test = VENUE.classify(frame({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}))
    assert (test.kind, json.loads(test.reply or b"")["method"]) == ("alive", "public/test")
    assert VENUE.classify(frame({"jsonrpc": "2.0", "id": 2, "result": {"version": "1"}})).kind == "alive"
    assert VENUE.classify(frame({"jsonrpc": "2.0", "id": 3, "result": ["x"]})).kind == "acknowledged"
    refused = VENUE.classify(frame({"jsonrpc": "2.0", "id": 3, "error": {"code": 13778, "message": "raw"}}))
    assert (refused.kind, "13778" in refused.words) == ("refused", True)
    data = VENUE.classify(frame(traded()))
    name = "trades.BTC-PERPETUAL.100ms"
    assert (data.kind, data.streams, data.sequence) == ("data", (name,), ((name, 7),))


def test_liquidations_come_over_trades_beside_a_ticker_that_speaks():
    (connection,) = VENUE.connections(ALL, ("liquidations",))
    assert connection.copies == 2
    channels = json.loads(connection.opening[1])["params"]["channels"]
    assert channels == [stream.name for stream in connection.streams]
    assert [s.name for s in connection.streams if s.canary] == ["ticker.BTC-PERPETUAL.100ms"]


def asked(call: Call) -> tuple[int, int]:
    parameters = dict(call.parameters)
    return int(parameters["start_timestamp"]) * MS, int(parameters["end_timestamp"]) * MS


def test_bars_are_columns_with_volume_in_coins_and_cost_in_dollars():
    since = NOW - 2500 * STEP

    def serve(call: Call) -> dict:
        begin, end = asked(call)
        ticks = [t // MS for t in range(since, NOW + 1, STEP) if begin <= t <= end]
        prices = {"open": 100.0, "high": 110.0, "low": 90.0, "close": 105.0, "volume": 5.0, "cost": 500.0}
        chart = {"status": "ok", "ticks": ticks, **{name: [value] * len(ticks) for name, value in prices.items()}}
        return {"jsonrpc": "2.0", "result": chart, "usIn": 1, "usOut": 2, "usDiff": 1, "testnet": False}

    rows, calls = follow(VENUE, INVERSE, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("volume_base", "volume_usd").row(0) == (5.0, 500.0)
    assert len(calls) == 2


def test_funding_is_asked_for_in_less_than_a_month_a_call_and_is_hourly():
    def serve(call: Call) -> dict:
        begin, end = asked(call)
        assert end - begin < 30 * 24 * HOUR
        stamps = [t for t in range(NOW - 1000 * HOUR, NOW + 1, HOUR) if begin <= t <= end]
        return {"result": [{"timestamp": t // MS, "interest_1h": "0.00001", "interest_8h": 1.0} for t in stamps]}

    rows, calls = follow(VENUE, INVERSE, "funding", serve, NOW - 1000 * HOUR)
    assert (rows.height, len(calls)) == (1001, 2)
    assert set(rows["interval_hours"]) == {1.0}


def test_the_state_of_a_currency_is_asked_for_in_one_call():
    polls = VENUE.polls(ALL)
    assert [dict(poll.call.parameters)["currency"] for poll in polls] == ["BTC", "USDC"]
    row = {"instrument_name": "BTC-PERPETUAL", "open_interest": 1000.0, "mark_price": 100.0,
           "creation_timestamp": NOW // MS, "estimated_delivery_price": 99.0}  # fmt: skip
    page = VENUE.read_page(polls[0].call, answer({"result": [row, row | {"instrument_name": "NEW"}]}), ALL)
    assert page.rows.tables["open_interest"]["open_interest_base"].to_list() == [10.0]


def test_the_listing_tells_inverse_from_linear_and_leaves_out_what_is_no_future():
    row = {"kind": "future", "base_currency": "BTC", "quote_currency": "USD", "instrument_type": "reversed",
           "tick_size": 0.5, "creation_timestamp": 1534167754000, "expiration_timestamp": 32503708800000}  # fmt: skip
    rows = [
        row | {"instrument_name": "BTC-PERPETUAL", "settlement_period": "perpetual"},
        row | {"instrument_name": "BTC-25DEC26", "settlement_period": "month", "expiration_timestamp": 1},
        row | {"instrument_name": "SOL_USDC-PERPETUAL", "settlement_period": "perpetual", "base_currency": "SOL",
               "quote_currency": "USDC", "instrument_type": "linear"},
        row | {"instrument_name": "BTC-25DEC26-1-C", "kind": "option"},
    ]  # fmt: skip
    listed = VENUE.read_instruments([(VENUE.instrument_calls()[0], frame({"result": rows}))])
    assert [(i.symbol, i.market, i.margin, i.contract_base, i.contract_usd, i.delisted) for i in listed] == [
        ("BTC-PERPETUAL", "perpetual", "coin", None, 1.0, None),
        ("BTC-25DEC26", "futures", "coin", None, 1.0, MS),
        ("SOL_USDC-PERPETUAL", "perpetual", "stablecoin", 1.0, None, None),
    ]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer({"result": []}), "ok"),
        (answer({"error": {"code": 10028, "message": "too_many_requests"}}, 429), "slow-down"),
        (answer({"error": {"code": 13020, "message": "not_found"}}, 400), "gone"),
        (answer({"error": {"code": 11094, "message": "internal"}}, 500), "broken"),
        (answer(b"<html>"), "broken"),
    ],
)
def test_the_code_of_an_error_says_what_it_is(given, kind):
    assert VENUE.judge(VENUE.instrument_calls()[0], given).kind == kind
