"""Bitget over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, follow, frame
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.sources import bitget
from runout.sources.venue import Call, Instrument, Rows

VENUE = bitget.venue()
HOUR, MINUTE = NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE


def contract(symbol: str, coin: str = "BTC", **changes) -> Instrument:
    values = {
        "market": "perpetual",
        "margin": "stablecoin",
        "quote": "USDT",
        "contract_base": 1.0,
        "funding_hours": 8.0,
    }
    return Instrument(venue="bitget", symbol=symbol, coin=coin, **(values | changes))


LINEAR = contract("BTCUSDT")
BUNDLE = contract("1000BONKUSDT", "BONK", contract_base=1000.0, priced_coins=1000.0)
INVERSE = contract("BTCUSD", margin="coin", quote="USD")
ALL = (LINEAR, BUNDLE, INVERSE)


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def message(topic: str, data: list, symbol: str = "", product: str = "usdt-futures") -> dict:
    argument = {"instType": product, "topic": topic} | ({"symbol": symbol} if symbol else {})
    return {"action": "update", "arg": argument, "data": data, "ts": NOW // MS}


def liquidated(symbol="BTCUSDT", **changes) -> dict:
    row = {"symbol": symbol, "side": "buy", "price": "90000.280739469", "amount": "0.5", "ts": str(NOW // MS - 20_000)}
    return message("liquidation", [row | changes])


@pytest.mark.parametrize(("side", "closed"), [("buy", "long"), ("sell", "short")])
def test_the_side_of_a_liquidation_is_the_positions(side, closed):
    rows = read(liquidated(side=side, amount=0.5))
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 0.5, 0.5 * 90000.280739469)
    assert (row["event_time"], row["known_time"]) == (NOW - 20_000 * MS, NOW)
    assert rows.series[0].capture == "capped"


def test_sizes_are_coins_on_coin_margined_contracts_too_and_bundles_are_unpacked():
    rows = read(liquidated("BTCUSD", price=100), liquidated("1000BONKUSDT", price="0.02", amount=10))
    table = rows.tables["liquidations"].sort("coin")
    assert table["quantity_base"].to_list() == [10_000.0, 0.5]
    assert table["value_usd"].to_list() == pytest.approx([0.2, 50.0])


def test_a_ticker_gives_open_interest_in_coins_at_the_time_of_its_frame():
    ticker = {"openInterest": "29539.38", "markPrice": "100", "indexPrice": "99", "fundingRate": "-0.00003",
              "deliveryTime": "", "lastPrice": "1"}  # fmt: skip
    tables = read(message("ticker", [ticker], "BTCUSDT")).tables
    assert tables["open_interest"].select("open_interest_base", "event_time").row(0) == (29539.38, NOW)
    assert tables["funding"].select("rate", "interval_hours").row(0) == (-0.00003, 8.0)
    assert tables["premium"]["difference_usd"].to_list() == [1.0]


def test_trades_have_the_takers_side_and_their_number():
    trade = {
        "i": "1432912492051054592",
        "p": "100",
        "v": "2",
        "S": "buy",
        "T": str(NOW // MS - 1),
        "L": "2",
        "isRPI": "no",
    }
    row = read(message("publicTrade", [trade], "BTCUSDT")).tables["trades"]
    assert row.select("quantity_base", "value_usd", "taker_buys", "sequence").row(0) == (
        2.0, 200.0, True, 1432912492051054592,
    )  # fmt: skip


def test_new_fields_topics_and_symbols_are_counted_an_unknown_side_and_a_cut_frame_are_refused():
    rows = read(
        liquidated(zz=1), liquidated("NEWUSDT"), liquidated(side="both"), message("books", [], "BTCUSDT"), b"pong",
        frame(liquidated())[:-9],
    )  # fmt: skip
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {
        "channel books": 1, "field data[].zz": 1, "symbol NEWUSDT": 1, "value side 'both'": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [3, 6]


def test_frames_are_classified():
    assert VENUE.classify(b"pong").kind == "alive"
    subscribed = {"event": "subscribe", "arg": {"instType": "usdt-futures", "topic": "liquidation"}}
    assert VENUE.classify(frame(subscribed)).kind == "acknowledged"
    refused = VENUE.classify(frame(subscribed | {"event": "error", "code": 30016, "msg": "Param error"}))
    assert (refused.kind, refused.words) == ("refused", "30016: Param error")
    assert VENUE.classify(frame(liquidated())).streams == ("liquidation:usdt-futures:",)


def test_one_topic_a_kind_of_contract_carries_all_liquidations_beside_a_ticker_that_speaks():
    (connection,) = VENUE.connections(ALL, ("liquidations",))
    arguments = json.loads(connection.opening[0])["args"]
    assert {"instType": "coin-futures", "topic": "liquidation"} in arguments
    assert {"instType": "usdt-futures", "topic": "ticker", "symbol": "BTCUSDT"} in arguments
    assert (connection.copies, connection.streams[-1].canary) == (2, True)
    many = VENUE.connections([contract(f"C{n}USDT") for n in range(12)], ("open_interest", "funding"))
    assert [len(json.loads(text)["args"]) for text in many[0].opening] == [5, 5, 3]


def test_bars_are_paged_forward():
    since = NOW - 350 * STEP

    def serve(call: Call) -> dict:
        parameters = dict(call.parameters)
        assert parameters["productType"] == "usdt-futures"
        begin, end = int(parameters["startTime"]) * MS, int(parameters["endTime"]) * MS
        opened = [t for t in range(since, NOW + 1, STEP) if begin <= t <= end]
        return {"code": "00000", "msg": "success", "requestTime": 1, "data": [
            [str(t // MS), "100", "110", "90", "105", "5", "500"] for t in opened]}  # fmt: skip

    rows, calls = follow(VENUE, LINEAR, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("volume_base", "volume_usd").row(0) == (5.0, 500.0)
    assert len(calls) == 2


def test_funding_is_paged_by_number_until_a_page_reaches_back_beyond_the_stretch():
    stamps = [NOW - 8 * h * HOUR + 3 * MS for h in range(500)]

    def serve(call: Call) -> dict:
        number = int(dict(call.parameters)["pageNo"])
        chosen = stamps[(number - 1) * 100 : number * 100]
        rows = [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(t // MS)} for t in chosen]
        return {"code": "00000", "data": rows}

    rows, calls = follow(VENUE, LINEAR, "funding", serve, NOW - 150 * 8 * HOUR)
    assert (rows.height, len(calls)) == (151, 2)
    assert rows["event_time"].to_list()[-1] == NOW
    assert set(rows["interval_hours"]) == {8.0}


def test_numbered_pages_shorter_than_asked_are_asked_for_again_and_do_not_end_a_series():
    stamps = [NOW - 8 * h * HOUR for h in range(500)]

    def serve(call: Call) -> dict:
        number = int(dict(call.parameters)["pageNo"])
        chosen = stamps[(number - 1) * 20 : number * 20]
        rows = [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(t // MS)} for t in chosen]
        return {"code": "00000", "data": rows}

    rows, calls = follow(VENUE, LINEAR, "funding", serve, NOW - 150 * 8 * HOUR)
    assert (rows.height, len(calls)) == (151, 8)
    pages = [VENUE.read_page(call, answer(serve(call)), ALL) for call in calls]
    assert [page.bare for page in pages] == [True] * 7 + [False]
    stamps = stamps[:30]
    rows, calls = follow(VENUE, LINEAR, "funding", serve, NOW - 150 * 8 * HOUR)
    assert (rows.height, len(calls)) == (30, 3)  # the last of them is empty


def serve_liquidations(call: Call, cursors: dict[str, str]) -> dict:
    cursor = dict(call.parameters).get("cursor", "")
    page = int(cursor or 0)
    rows = [{"side": "sell", "price": "100", "amount": "1", "ts": str((NOW - (10 * page + n) * MINUTE) // MS)}
            for n in range(10)]  # fmt: skip
    return {"code": "00000", "data": {"list": rows, "cursor": cursors.get(cursor, str(page + 1))}}


def test_liquidations_of_the_last_days_are_paged_by_cursor_to_the_beginning_of_the_stretch():
    rows, calls = follow(VENUE, LINEAR, "liquidations", lambda c: serve_liquidations(c, {}), NOW - 35 * MINUTE)
    assert (rows["event_time"].n_unique(), len(calls)) == (36, 4)
    streamed = read(liquidated(side="sell", price="100", amount="1", ts=str(NOW // MS))).tables["liquidations"]
    assert rows.tail(1).select("series", "sequence").equals(streamed.select("series", "sequence"))


def test_liquidations_alike_are_counted_apart_though_a_page_ends_between_them():
    def serve(size: int, alike: int):
        stamps = [
            *(NOW - n * MINUTE for n in range(5)),
            *[NOW - 5 * MINUTE] * alike,
            NOW - 6 * MINUTE,
            NOW - 9 * MINUTE,
        ]

        def answered(call: Call) -> dict:
            begin = int(dict(call.parameters).get("cursor", 0))
            page = [{"side": "buy", "price": "100", "amount": "1", "ts": str(t // MS)} for t in stamps[begin:][:size]]
            following = str(begin + size) if begin + size < len(stamps) else ""
            return {"code": "00000", "data": {"list": page, "cursor": following}}

        return answered

    for alike in (2, 3, 9):
        whole, _ = follow(VENUE, LINEAR, "liquidations", serve(100, alike), NOW - 30 * MINUTE)
        assert whole.height == alike + 7
        columns = [name for name in whole.columns if name != "known_time"]
        for size in range(1, 12):
            cut, _ = follow(VENUE, LINEAR, "liquidations", serve(size, alike), NOW - 30 * MINUTE)
            assert cut.select(columns).sort(columns).equals(whole.select(columns).sort(columns)), (alike, size)


def test_pages_younger_than_the_stretch_lead_to_it():
    call = VENUE.first_call(VENUE.histories(LINEAR)[2], LINEAR, NOW - 80 * MINUTE, NOW - 35 * MINUTE)
    times, calls = list[int](), 0
    while call is not None:
        page = VENUE.read_page(call, answer(serve_liquidations(call, {})), ALL)
        assert not page.bare
        times += page.rows.tables["liquidations"]["event_time"].to_list() if page.rows.tables else []
        call, calls = page.next, calls + 1
    assert (sorted(times), calls) == ([NOW - n * MINUTE for n in range(80, 34, -1)], 9)


def test_the_page_before_is_no_answer_and_none_of_its_rows_is_counted_again():
    first = VENUE.first_call(VENUE.histories(LINEAR)[2], LINEAR, NOW - 1000 * MINUTE, NOW + MINUTE)
    pages = [answer(serve_liquidations(first, {}))]
    call = VENUE.read_page(first, pages[0], ALL).next
    pages.append(answer(serve_liquidations(call, {})))
    call = VENUE.read_page(call, pages[1], ALL).next
    for earlier in pages:
        page = VENUE.read_page(call, earlier, ALL)
        assert (page.bare, page.next, page.rows.tables) == (True, None, {})


@pytest.mark.parametrize("cursors", [{"1": "0"}, {"1": "1"}, {"1": ""}])
def test_a_cursor_that_loops_ends_the_walk(cursors):
    calls, call = 0, VENUE.first_call(VENUE.histories(LINEAR)[2], LINEAR, NOW - 1000 * MINUTE, NOW + MINUTE)
    while call is not None:
        calls += 1
        call = VENUE.read_page(call, answer(serve_liquidations(call, cursors)), ALL).next
    assert calls <= 3


def test_the_state_of_a_kind_of_contract_is_asked_for_in_one_call():
    polls = VENUE.polls(ALL)
    assert [dict(poll.call.parameters)["productType"] for poll in polls] == ["coin-futures", "usdt-futures"]
    row = {"symbol": "BTCUSDT", "ts": str(NOW // MS), "holdingAmount": "57.7", "markPrice": "100", "fundingRate": ""}
    page = VENUE.read_page(polls[1].call, answer({"code": "00000", "data": [row, row | {"symbol": "NEW"}]}), ALL)
    assert page.rows.tables["open_interest"]["open_interest_base"].to_list() == [57.7]
    assert "funding" not in page.rows.tables


def test_the_listing_unpacks_bundles_and_leaves_out_things_of_the_real_world():
    row = {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "symbolType": "perpetual", "fundInterval": "4",
           "launchTime": "1700000000000", "deliveryTime": "", "isRwa": "NO"}  # fmt: skip
    rows = [
        row, row | {"symbol": "TSLAUSDT", "isRwa": "YES"}, row | {"symbol": "1000BONKUSDT", "baseCoin": "1000BONK"},
        row | {"symbol": "BTCUSDZ26", "symbolType": "delivery", "deliveryTime": "1800000000000"},
    ]  # fmt: skip
    call = VENUE.instrument_calls()[0]
    listed = VENUE.read_instruments([(call, frame({"code": "00000", "data": rows}))])
    assert [(i.symbol, i.coin, i.market, i.contract_base, i.funding_hours) for i in listed] == [
        ("BTCUSDT", "BTC", "perpetual", 1.0, 4.0), ("1000BONKUSDT", "BONK", "perpetual", 1000.0, 4.0),
        ("BTCUSDZ26", "BTC", "futures", 1.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer({"code": "00000", "msg": "success"}), "ok"),
        (answer({"code": "429", "msg": "Too Many Requests"}, 429), "slow-down"),
        (answer({"code": "40034", "msg": "Parameter does not exist"}, 400), "gone"),
        (answer({"code": "40725", "msg": "service error"}), "broken"),
        (answer(b"<html>"), "broken"),
    ],
)
def test_the_code_of_an_answer_says_what_it_is(given, kind):
    assert VENUE.judge(VENUE.instrument_calls()[0], given).kind == kind
