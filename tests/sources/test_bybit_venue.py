"""Bybit over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, bars_of, follow, page_of
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.sources import bybit
from runout.sources.venue import Call, Instrument, Rows, Venue

VENUE = bybit.venue()


def contract(symbol: str, coin: str = "BTC", **changes) -> Instrument:
    values = {"market": "perpetual", "margin": "stablecoin", "contract_base": 1.0, "funding_hours": 8.0} | changes
    return Instrument(venue="bybit", symbol=symbol, coin=coin, **values)


LINEAR = contract("BTCUSDT")
INVERSE = contract("BTCUSD", margin="coin", contract_base=None, contract_usd=1.0)
DATED = contract("BTCUSDZ26", market="futures", margin="coin", contract_base=None, contract_usd=1.0, funding_hours=None)
ALL = (LINEAR, INVERSE, DATED)


def liquidated(symbol="BTCUSDT", **changes) -> dict:
    row = {"T": NOW // MS - 300, "s": symbol, "S": "Buy", "v": "0.5", "p": "90000"} | changes
    return {"topic": f"allLiquidation.{symbol}", "type": "snapshot", "ts": NOW // MS - 100, "data": [row]}


def ticker(symbol="BTCUSDT", **fields) -> dict:
    return {
        "topic": f"tickers.{symbol}",
        "type": "delta",
        "data": {"symbol": symbol} | fields,
        "cs": 1,
        "ts": NOW // MS,
    }


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def envelope(rows: list, symbol: str = "BTCUSDT", **more) -> dict:
    result = {"category": "linear", "symbol": symbol, "list": rows, "nextPageCursor": ""}
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": NOW // MS} | more


@pytest.mark.parametrize(("side", "closed"), [("Buy", "long"), ("Sell", "short")])
def test_the_side_of_a_liquidation_is_that_of_the_position(side, closed):
    rows = read(liquidated(S=side)).tables["liquidations"]
    assert rows["liquidated_side"].to_list() == [closed]
    assert rows.select("value_usd", "quantity_base", "event_time").row(0) == (45_000.0, 0.5, NOW - 300 * MS)


def test_inverse_liquidations_are_sized_in_dollars():
    rows = read(liquidated("BTCUSD", v="4500", p="90000")).tables["liquidations"]
    assert rows.select("value_usd", "quantity_base").row(0) == (4500.0, 0.05)


@pytest.mark.parametrize(
    "data",
    [
        {"updatedTime": NOW // MS - 5, "symbol": "BTCUSDT", "side": "Sell", "size": "2", "price": "100"},
        {"symbol": "BTCUSDT", "side": "Sell", "price": "100", "qty": "2", "time": NOW // MS - 5},
        [{"id": 5, "qty": 2, "side": "Sell", "time": NOW // MS - 5, "symbol": "BTCUSDT", "price": 100}],
    ],
)
def test_the_topic_that_ended_on_2025_02_20_is_read_in_all_its_forms(data):
    rows = read({"topic": "liquidation.BTCUSDT", "data": data})
    assert not rows.unknown
    assert rows.tables["liquidations"].select("liquidated_side", "value_usd", "event_time").row(0) == (
        "short", 200.0, NOW - 5 * MS,
    )  # fmt: skip


def test_before_2026_06_11_open_interest_counts_both_sides_and_since_then_the_single_sided_field_is_taken():
    before = read(ticker(openInterest="1000", markPrice="100")).tables["open_interest"]
    after = read(ticker(openInterest="1000", singleOpenInterest="499", markPrice="100")).tables["open_interest"]
    assert before.select("open_interest_base", "open_interest_usd").row(0) == (500.0, 50_000.0)
    assert after.select("open_interest_base", "open_interest_usd").row(0) == (499.0, 49_900.0)


def test_a_change_of_a_ticker_says_only_what_is_in_it():
    assert read(ticker(bid1Price="99")).tables == {}
    rows = read(ticker(fundingRate="0.0002", fundingIntervalHour="4"))
    assert list(rows.tables) == ["funding"]
    assert rows.tables["funding"].select("rate", "interval_hours").row(0) == (0.0002, 4.0)
    assert list(read(ticker("BTCUSDZ26", fundingRate="", markPrice="101", indexPrice="100")).tables) == ["premium"]


def test_open_interest_of_inverse_contracts_is_dollars_and_coins_by_the_mark_price():
    rows = read(ticker("BTCUSD", openInterest="2000", markPrice="50000")).tables["open_interest"]
    assert rows.select("open_interest_base", "open_interest_usd").row(0) == (0.02, 1000.0)


def test_trades_make_bars_with_the_split_by_taker():
    def trade(number: int, price: str, side: str) -> dict:
        return {"T": NOW // MS - 9, "s": "BTCUSDT", "S": side, "v": "2", "p": price, "L": "PlusTick",
                "i": f"9dc75fca-4bdd-4773-9f78-6f5d7ab2a11{number}"[::-1], "BT": False}  # fmt: skip

    message = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": NOW // MS,
               "data": [trade(1, "100", "Buy"), trade(2, "110", "Sell")]}  # fmt: skip
    bar = bars_of(read(message, message).tables["trades"])
    assert bar.select("volume_base", "taker_buy_base", "volume_usd", "trades").row(0) == (4.0, 2.0, 420.0, 2)


def test_new_fields_values_topics_and_symbols_are_counted_and_a_broken_frame_is_refused():
    odd = liquidated(zz=1)
    cut = json.dumps(liquidated()).encode()[:-9]
    rows = read(odd, liquidated("NEWUSDT"), liquidated(S="Hold"), {"topic": "orderbook.1.BTCUSDT", "data": {}}, cut)
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {"channel orderbook": 1, "field data[].zz": 1, "symbol NEWUSDT": 1, "value S 'Hold'": 1}
    assert rows.refused["row"].to_list() == [3, 5]


def test_numbers_as_numbers_give_the_same_rows():
    assert read(liquidated()).tables["liquidations"].equals(read(liquidated(v=0.5, p=90000)).tables["liquidations"])


def test_frames_are_classified():
    assert VENUE.classify(b'{"success":true,"ret_msg":"","op":"subscribe","conn_id":"x"}').kind == "acknowledged"
    assert VENUE.classify(b'{"success":false,"ret_msg":"error: handler not found","op":"subscribe"}').kind == "refused"
    assert VENUE.classify(b'{"success":true,"ret_msg":"pong","op":"ping"}').kind == "alive"
    assert VENUE.classify(b'{"req_id":"","op":"pong","args":["1"]}').kind == "alive"
    assert VENUE.classify(json.dumps(liquidated(), separators=(",", ":")).encode()).streams == (
        "allLiquidation.BTCUSDT",
    )
    assert not read(b'{"success":true,"ret_msg":"","op":"subscribe"}').refused.height


def test_every_symbol_has_its_liquidation_topic_and_every_connection_a_stream_that_speaks():
    many = [contract(f"C{n}USDT", f"C{n}") for n in range(805)]
    connections = VENUE.connections(many, ("liquidations",))
    names = [s.name for c in connections for s in c.streams if s.kind == "liquidations"]
    assert sorted(names) == sorted(f"allLiquidation.C{n}USDT" for n in range(805))
    assert all(c.copies == 2 and any(s.canary for s in c.streams) for c in connections)
    assert all(sum(map(len, c.opening)) < 21_000 for c in connections)
    asked = [a for c in connections for m in c.opening for a in json.loads(m)["args"]]
    assert len(asked) == sum(len(c.streams) for c in connections)


def asked(call: Call, since: str, until: str) -> tuple[int, int]:
    parameters = dict(call.parameters)
    return int(parameters[since]) * MS, int(parameters[until]) * MS


@pytest.mark.parametrize("page_rows", [200, 150])
@pytest.mark.parametrize("odd", [0, 1, 123_456_789])
def test_open_interest_is_paged_back_to_the_beginning_and_known_a_step_late(page_rows, odd):
    since = NOW - 700 * STEP

    def serve(call: Call) -> dict:
        begin, end = asked(call, "startTime", "endTime")
        stamps = [t for t in range(since - 99 * STEP, NOW + 1, STEP) if begin <= t <= end][::-1][:page_rows]
        return envelope([{"openInterest": "8", "singleOpenInterest": "4", "timestamp": str(t // MS)} for t in stamps])

    rows, calls = follow(VENUE, LINEAR, "open-interest", serve, since - odd)
    assert rows["event_time"].to_list() == list(range(since, NOW + 1, STEP))
    assert set(rows["open_interest_base"]) == {4.0}
    assert (rows["known_time"] - rows["event_time"]).unique().to_list() == [STEP]
    assert len(calls) <= 12


def test_open_interest_before_2026_06_11_is_halved():
    row = {"openInterest": "8", "timestamp": str((NOW - STEP) // MS)}
    page = page_of(VENUE, LINEAR, "open-interest", envelope([row]), NOW - STEP)
    assert page.rows.tables["open_interest"]["open_interest_base"].to_list() == [4.0]


@pytest.mark.parametrize(("instrument", "coins", "usd"), [(LINEAR, 10.0, 1000.0), (INVERSE, 1000.0, 10.0)])
def test_bars_have_volume_in_coins_and_turnover_in_dollars_and_inverse_ones_the_other_way_round(instrument, coins, usd):
    row = [str((NOW - STEP) // MS), "100", "110", "90", "105", "10", "1000"]
    running = [str(NOW // MS), "100", "110", "90", "105", "1", "100"]
    page = page_of(VENUE, instrument, "bars", envelope([running, row], instrument.symbol), NOW - STEP)
    bars = page.rows.tables["bars"]
    assert bars.select("event_time", "volume_base", "volume_usd").rows() == [(NOW, coins, usd)]
    assert bars["taker_buy_base"].to_list() == [None]


def test_funding_pages_overlap_by_a_row_so_that_every_interval_is_read_off():
    stamps = [NOW - h * NANOSECONDS_PER_HOUR for h in range(0, 1600, 4)]

    def serve(call: Call) -> dict:
        begin, end = asked(call, "startTime", "endTime")
        inside = [t for t in stamps if begin <= t <= end][:200]
        return envelope(
            [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingRateTimestamp": str(t // MS)} for t in inside]
        )

    since = NOW - 60 * NANOSECONDS_PER_DAY
    rows, calls = follow(VENUE, LINEAR, "funding", serve, since)
    assert rows["event_time"].to_list() == sorted(t for t in stamps if t >= since)
    assert set(rows["interval_hours"]) == {4.0}
    assert len(calls) == 2


def test_the_ratio_takes_the_share_of_holders_that_are_long():
    row = {"symbol": "BTCUSDT", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": str((NOW - STEP) // MS)}
    rows = page_of(VENUE, LINEAR, "global-accounts", envelope([row]), NOW - STEP).rows.tables["positioning"]
    assert rows.select("long_share", "long_short_ratio").row(0) == (0.6, pytest.approx(1.5))


def test_all_tickers_in_one_call_are_read_as_of_the_answer():
    (poll, *_) = VENUE.polls(ALL)
    body = envelope([{"symbol": "BTCUSDT", "openInterest": "8", "singleOpenInterest": "4", "markPrice": "10",
                      "indexPrice": "10", "fundingRate": "0.0001"}])  # fmt: skip
    rows = VENUE.read_page(poll.call, answer(body), ALL).rows
    assert set(rows.tables) == {"open_interest", "premium", "funding"}
    assert rows.tables["open_interest"].select("event_time", "known_time").row(0) == (NOW, NOW)


@pytest.mark.parametrize(
    ("given", "kind", "wait"),
    [
        (answer(envelope([])), "ok", 0),
        (answer(b"access too frequent", 403), "banned", 600),
        (answer(b"block access from your country", 403), "blocked", 0),
        (answer({"retCode": 10006, "retMsg": "Too many visits!"}), "slow-down", 5),
        (answer({"retCode": 10018, "retMsg": "ip rate limit"}), "banned", 600),
        (answer({"retCode": 10001, "retMsg": "params error: symbol invalid"}), "gone", 0),
        (answer({"retCode": 10016, "retMsg": "server error"}), "broken", 0),
        (answer(b"<html>"), "broken", 0),
        (answer(b"[]"), "broken", 0),
    ],
)
def test_what_an_answer_is_follows_from_its_status_and_code(given, kind, wait):
    verdict = VENUE.judge(VENUE.instrument_calls()[0], given)
    assert (verdict.kind, verdict.wait) == (kind, wait)


def test_the_listing_leaves_out_shares_and_tells_quarterlies_apart():
    row = {"contractType": "LinearPerpetual", "baseCoin": "BTC", "quoteCoin": "USDT", "launchTime": "1600000000000",
           "deliveryTime": "0", "fundingInterval": 480, "priceFilter": {"tickSize": "0.1"}}  # fmt: skip
    rows = [
        row | {"symbol": "BTCUSDT"},
        row | {"symbol": "1000PEPEUSDT", "baseCoin": "1000PEPE", "fundingInterval": 240, "symbolType": "innovation"},
        row | {"symbol": "TSLAUSDT", "baseCoin": "TSLA", "symbolType": "stock"},
        row | {"symbol": "BTC-25DEC26", "contractType": "LinearFutures", "deliveryTime": "1798000000000"},
    ]
    linear, inverse = VENUE.instrument_calls()
    coin = [row | {"symbol": "BTCUSD", "quoteCoin": "USD", "contractType": "InversePerpetual"}]
    bodies = [(linear, json.dumps(envelope(rows)).encode()), (inverse, json.dumps(envelope(coin)).encode())]
    found = VENUE.read_instruments(bodies)
    assert [(i.symbol, i.market, i.margin, i.funding_hours) for i in found] == [
        ("BTCUSDT", "perpetual", "stablecoin", 8.0), ("1000PEPEUSDT", "perpetual", "stablecoin", 4.0),
        ("BTC-25DEC26", "futures", "stablecoin", None), ("BTCUSD", "perpetual", "coin", 8.0),
    ]  # fmt: skip
    assert (found[1].coin, found[1].contract_base, found[3].contract_usd) == ("PEPE", 1000.0, 1.0)
    assert isinstance(VENUE, Venue)


def test_equal_liquidations_are_as_many_as_one_message_lists_and_no_more_over_several():
    row = '{"T":1739502302929,"s":"BTCUSDT","S":"Sell","v":"0.003","p":"43511.70"}'

    def message(count: int) -> bytes:
        rows = ",".join([row] * count)
        return f'{{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":1739502303204,"data":[{rows}]}}'.encode()

    instrument = Instrument(
        venue="bybit", symbol="BTCUSDT", coin="BTC", quote="USDT", market="perpetual", margin="stablecoin",
        contract_base=1.0, funding_hours=8.0,
    )  # fmt: skip
    messages = [message(2), message(1), message(2)]
    table = bybit.venue().normalise(messages, [1739502304 * 10**9] * 3, [instrument]).tables["liquidations"]
    assert table.height == table["sequence"].n_unique() == 2


def test_the_list_is_read_page_by_page():
    (linear, _) = VENUE.instrument_calls()
    page = {"retCode": 0, "result": {"category": "linear", "list": [], "nextPageCursor": "first%3DA"}}
    following = VENUE.next_listing(linear, json.dumps(page).encode())
    assert following is not None
    assert following.parameters == (*linear.parameters, ("cursor", "first%3DA"))
    page["result"]["nextPageCursor"] = ""
    assert VENUE.next_listing(following, json.dumps(page).encode()) is None
