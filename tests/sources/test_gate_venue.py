"""Gate over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, follow, frame, page_of
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.sources import gate
from runout.sources.venue import Call, Instrument, Rows

VENUE = gate.venue()
HOUR, SECOND = NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
LINEAR = Instrument(
    venue="gate", symbol="BTC_USDT", coin="BTC", quote="USDT", market="perpetual", margin="stablecoin",
    contract_base=0.0001, funding_hours=8.0,
)  # fmt: skip
INVERSE = Instrument(
    venue="gate", symbol="BTC_USD", coin="BTC", quote="USD", market="perpetual", margin="coin", contract_usd=1.0,
    funding_hours=8.0,
)  # fmt: skip
ALL = (LINEAR, INVERSE)


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def message(channel: str, result: object, **changes) -> dict:
    return {"time": NOW // SECOND, "time_ms": NOW // MS, "channel": f"futures.{channel}", "event": "update",
            "result": result} | changes  # fmt: skip


def liquidated(contract="BTC_USDT", **changes) -> dict:
    order = {"contract": contract, "size": 5000, "price": 90000, "time": NOW // SECOND, "time_ms": NOW // MS - 700}
    return message("public_liquidates", [order | changes])


def ticker(contract="BTC_USDT", **changes) -> dict:
    return {"contract": contract, "total_size": "2000000", "mark_price": "100100", "index_price": "100000",
            "funding_rate": "0.0001", "last": "100090", "quanto_base_rate": ""} | changes  # fmt: skip


@pytest.mark.parametrize(("size", "closed"), [(5000, "long"), ("-5000", "short")])
def test_the_sign_of_a_liquidation_is_the_positions_and_sizes_are_contracts(size, closed):
    rows = read(liquidated(size=size))
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 0.5, 45_000.0)
    assert (row["event_time"], row["known_time"]) == (NOW - 700 * MS, NOW)
    assert rows.series[0].capture == "complete"


def test_inverse_contracts_are_one_dollar_each():
    row = read(liquidated("BTC_USD", size=900)).tables["liquidations"].row(0, named=True)
    assert (row["quantity_base"], row["value_usd"]) == (0.01, 900.0)


def test_several_orders_of_one_message_are_rows_of_their_own_and_the_same_over_two_connections_is_one():
    both = message("public_liquidates", liquidated()["result"] + liquidated(size=-7)["result"])
    assert read(both, both).tables["liquidations"].height == 2


@pytest.mark.parametrize("result", [ticker(), [ticker()], [[ticker()]]])
def test_a_ticker_alone_in_a_list_or_in_a_list_within_a_list_gives_the_state(result):
    tables = read(message("tickers", result)).tables
    assert tables["open_interest"].select("open_interest_base", "open_interest_usd").row(0) == (
        200.0, pytest.approx(200.0 * 100_100.0),
    )  # fmt: skip
    assert tables["premium"]["rate"][0] == pytest.approx(0.001)
    assert tables["funding"].select("rate", "interval_hours").row(0) == (0.0001, 8.0)
    assert tables["open_interest"]["event_time"][0] == NOW


def test_the_sign_of_a_trade_is_the_takers_and_stamps_may_be_in_seconds_or_milliseconds():
    old = {"contract": "BTC_USDT", "size": -22, "id": 1, "create_time": NOW // SECOND - 1, "price": "100"}
    new = old | {"size": 10, "id": 2, "create_time_ms": NOW // MS - 5}
    trades = read(message("trades", [old, new])).tables["trades"]
    assert trades["taker_buys"].to_list() == [False, True]
    assert trades["quantity_base"].to_list() == pytest.approx([0.0022, 0.001])
    assert trades["event_time"].to_list() == [NOW - SECOND, NOW - 5 * MS]


def test_new_fields_channels_and_symbols_are_counted_a_size_of_nothing_is_refused_and_so_is_a_cut_frame():
    cut = frame(liquidated())[:-9]
    books = message("order_book", [])
    rows = read(liquidated(zz=1), liquidated("NEW_USDT"), liquidated(size=0), books, cut)
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {"channel order_book": 1, "field result[].zz": 1, "symbol NEW_USDT": 1}
    assert rows.refused["row"].to_list() == [3, 5]


def test_frames_are_classified():
    subscribed = {"time": 1, "channel": "futures.trades", "event": "subscribe", "result": {"status": "success"}}
    assert VENUE.classify(frame(subscribed)).kind == "acknowledged"
    refused = VENUE.classify(frame(subscribed | {"error": {"code": 2, "message": "unknown contract"}}))
    assert (refused.kind, "unknown contract" in refused.words) == ("refused", True)
    assert VENUE.classify(frame({"time": 1, "channel": "futures.pong", "event": "", "result": None})).kind == "alive"
    assert VENUE.classify(frame(liquidated())).streams == ("public_liquidates:!all",)
    assert VENUE.classify(frame(message("tickers", [ticker()]))).streams == ("tickers:BTC_USDT",)


def test_one_subscription_a_margin_coin_carries_all_liquidations_beside_a_ticker_that_speaks():
    connections = VENUE.connections(ALL, ("liquidations",))
    assert [(c.host, c.copies) for c in connections] == [("stream", 2), ("stream-btc", 2)]
    assert json.loads(connections[0].opening[0])["payload"] == ["!all"]
    assert [s.name for s in connections[1].streams] == ["public_liquidates:!all", "tickers:BTC_USD"]


def asked(call: Call) -> tuple[int, int]:
    parameters = dict(call.parameters)
    return int(parameters["from"]) * SECOND, int(parameters.get("to", 0)) * SECOND


def test_bars_are_paged_forward_and_the_running_one_is_left_out():
    since = NOW - 2500 * STEP

    def serve(call: Call) -> list:
        begin, end = asked(call)
        opened = [t for t in range(since, NOW + 1, STEP) if begin <= t <= end][:1000]
        bar = {"v": 50_000, "o": "100", "h": "110", "l": "90", "c": "105", "sum": "500"}
        return [bar | {"t": t // SECOND} for t in opened]

    rows, calls = follow(VENUE, LINEAR, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("volume_base", "volume_usd").row(0) == (5.0, 500.0)
    assert len(calls) == 3


def test_one_call_of_statistics_gives_half_of_open_interest_ratios_and_liquidations_of_both_sides():
    since = NOW - 700 * STEP

    def serve(call: Call) -> list:
        begin, number = asked(call)[0], int(dict(call.parameters)["limit"])
        stamps = [t for t in range(since, NOW + 1, STEP) if t >= begin][:number]
        return [
            {"time": t // SECOND, "open_interest": 2_000_000, "open_interest_usd": "20000000.5", "mark_price": 100_000,
             "lsr_account": 1.5, "top_lsr_account": "2", "top_lsr_size": 0.5, "long_liq_usd": 1000.5,
             "short_liq_usd": "0", "long_liq_amount": 0.01, "short_liq_amount": 0, "long_liq_size": 100,
             "short_liq_size": 0, "lsr_taker": 0.9}
            for t in stamps
        ]  # fmt: skip

    calls, call = [], VENUE.first_call(VENUE.histories(LINEAR)[1], LINEAR, since, NOW)
    pages = []
    while call is not None:
        calls.append(call)
        pages.append(VENUE.read_page(call, answer(serve(call)), ALL))
        call = pages[-1].next
    assert len(calls) == 2
    first = pages[0].rows.tables
    assert first["open_interest"].select("event_time", "known_time", "open_interest_base", "open_interest_usd").row(
        0
    ) == (since, since + STEP, pytest.approx(100.0), 10_000_000.25)
    totals = first["liquidations"].filter(first["liquidations"]["event_time"] == since + STEP).sort("liquidated_side")
    assert totals.select("liquidated_side", "value_usd", "quantity_base", "span", "sequence").rows() == [
        ("long", 1000.5, 0.01, STEP, 0), ("short", 0.0, 0.0, STEP, 0),
    ]  # fmt: skip
    assert {s.measure for s in pages[0].rows.series if s.kind == "positioning"} == {
        "global-accounts", "top-accounts", "top-positions",
    }  # fmt: skip
    # The row of the running period says no totals yet, and which case of the unsettled stamp was met.
    last = pages[1].rows.tables
    assert last["liquidations"]["event_time"].max() == NOW
    assert sum(pages[1].rows.cases.values()) == 1
    assert not pages[0].rows.cases


@pytest.mark.parametrize(
    ("age", "words"), [(-STEP, "end their period"), (0, "within one step"), (STEP, "stamps begin their period")]
)
def test_the_newest_stamp_of_the_statistics_says_which_case_was_met(age, words):
    row = {"time": (NOW - age) // SECOND, "open_interest": 1, "mark_price": 100}
    page = page_of(VENUE, LINEAR, "statistics", [row], NOW - 3 * STEP)
    assert [words in case for case in page.rows.cases] == [True]


def test_bars_older_than_what_the_venue_keeps_are_said_to_be_beyond_its_horizon():
    refusal = {"label": "INVALID_PARAM_VALUE", "message": "Candlestick too long ago. Maximum 10000 points ago"}
    assert VENUE.judge(VENUE.instrument_calls()[0], answer(refusal, 400)).kind == "ok"
    page = page_of(VENUE, LINEAR, "bars", refusal, NOW - 1500 * STEP)
    assert page.horizon
    assert page.next is not None


def test_funding_reads_the_interval_off_the_settlement_before():
    stamps = [NOW - h * HOUR for h in (0, 4, 8, 16, 24, 32)]

    def serve(call: Call) -> list:
        begin, end = asked(call)
        return [{"t": t // SECOND, "r": "0.0001"} for t in stamps if begin <= t <= end][:3]

    rows, _ = follow(VENUE, LINEAR, "funding", serve, NOW - 24 * HOUR)
    assert rows["event_time"].to_list() == sorted(stamps[:-1])
    assert rows["interval_hours"].to_list() == [8.0, 8.0, 8.0, 4.0, 4.0]


def test_the_state_of_all_contracts_is_of_the_time_of_the_answer():
    (usdt, btc) = (poll.call for poll in reversed(VENUE.polls(ALL)) if poll.call.purpose == "tickers")
    assert (usdt.path, btc.path) == ("/futures/usdt/tickers", "/futures/btc/tickers")
    page = VENUE.read_page(usdt, answer([ticker(), ticker("NEW_USDT")]), ALL)
    assert page.rows.tables["open_interest"].select("event_time", "known_time").rows() == [(NOW, NOW)]
    assert page.next is None


def test_the_listing_gives_contract_sizes_and_leaves_out_what_is_no_crypto_or_paid_in_another_coin():
    linear = {"name": "ETH_USDT", "type": "direct", "quanto_multiplier": "0.01", "order_price_round": "0.05",
              "funding_interval": 14400, "launch_time": 1_700_000_000}  # fmt: skip
    usdt = [linear, linear | {"name": "TSLAX_USDT", "contract_type": "stocks"}, linear | {"name": "1000PEPE_USDT"}]
    btc = [linear | {"name": "BTC_USD", "type": "inverse", "quanto_multiplier": "0"}, linear | {"name": "ETH_USD"}]
    calls = VENUE.instrument_calls()
    listed = VENUE.read_instruments([(calls[0], frame(usdt)), (calls[1], frame(btc))])
    assert [(i.symbol, i.coin, i.contract_base, i.contract_usd, i.priced_coins, i.funding_hours) for i in listed] == [
        ("ETH_USDT", "ETH", 0.01, None, 1.0, 4.0),
        ("1000PEPE_USDT", "PEPE", 10.0, None, 1000.0, 4.0),
        ("BTC_USD", "BTC", None, 1.0, 1.0, 4.0),
    ]
    assert listed[0].listed == 1_700_000_000 * SECOND


def test_a_limit_is_read_off_the_headers_and_obeyed():
    call = VENUE.instrument_calls()[0]
    headers = {"x-gate-ratelimit-limit": "200", "x-gate-ratelimit-requests-remain": "150"}
    assert VENUE.judge(call, answer([], **headers)).used == 50
    slow = VENUE.judge(call, answer({"label": "TOO_MANY_REQUESTS", "message": "slow"}, 429))
    assert (slow.kind, slow.words) == ("slow-down", "TOO_MANY_REQUESTS: slow")
    assert VENUE.judge(call, answer({"label": "CONTRACT_NOT_FOUND"}, 404)).kind == "gone"
    assert VENUE.judge(call, answer(b"<html>")).kind == "broken"
