"""Bitfinex over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, call_of, follow, frame, page_of
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from runout.sources import bitfinex
from runout.sources.venue import Call, Instrument, Rows

VENUE = bitfinex.venue()
DAY, MINUTE = NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE


def contract(coin: str) -> Instrument:
    return Instrument(
        venue="bitfinex", symbol=f"t{coin}F0:USTF0", coin=coin, quote="USDT", market="perpetual", margin="stablecoin",
        contract_base=1.0, funding_hours=8.0,
    )  # fmt: skip


BTC = contract("BTC")


def read(*messages: object) -> Rows:
    return read_frames(VENUE, (BTC,), *messages)


def position(amount: float = 0.5, is_match: int = 0, price: float | None = 9000.0, **changes) -> list:
    values = {"id": 143683674, "stamp": NOW // MS - 40, "symbol": "tBTCF0:USTF0"} | changes
    return [
        "pos",
        values["id"],
        values["stamp"],
        None,
        values["symbol"],
        amount,
        10_000.0,
        None,
        is_match,
        1,
        None,
        price,
    ]


@pytest.mark.parametrize(("amount", "closed"), [(0.5, "long"), (-0.5, "short")])
def test_the_sign_of_the_amount_is_the_positions_and_executions_do_not_count_again(amount, closed):
    rows = read([386841, [position(amount), position(amount, 1)], 7, 1593566593351], [386841, "hb", 8, 1593566593352])
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert rows.tables["liquidations"].height == 1
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 0.5, 4500.0)
    assert (row["event_time"], row["sequence"]) == (NOW - 40 * MS, 143683674)


def test_a_liquidation_without_a_price_is_counted_at_that_of_entry_and_said():
    rows = read([1, [position(price=None)]])
    assert rows.tables["liquidations"]["value_usd"].to_list() == [5000.0]
    assert rows.cases == {"liquidation without a price: counted at the price of entry": 1}


def test_new_elements_values_streams_and_symbols_are_counted_and_what_is_cut_or_has_no_size_is_refused():
    rows = read(
        [1, [[*position(), "new"]]], [1, [position(is_match=2, id=8)]], [1, [position(symbol="tBTCUSD")]],
        [1, [position(0.0, id=9)]], [1, [9163.7, 0, 1]], {"event": "info", "version": 2},
        frame([1, [position()], 7, 1])[:-9],
    )  # fmt: skip
    assert rows.tables["liquidations"].height == 2
    assert rows.unknown == {
        "channel of another stream": 1, "element 13": 1, "symbol tBTCUSD": 1, "value is_match '2'": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [4, 7]


def test_frames_are_classified_by_their_content():
    assert VENUE.classify(frame([1, "hb"])).kind == "alive"
    assert VENUE.classify(frame([1, [position()]])).streams == ("liquidations",)
    assert VENUE.classify(frame([1, [NOW // MS, None, 100.0, 101.0]])).streams == ("state",)
    assert VENUE.classify(frame({"event": "subscribed", "chanId": 1, "key": "liq:global"})).kind == "acknowledged"
    refused = VENUE.classify(frame({"event": "error", "msg": "subscribe: invalid", "code": 10300}))
    assert (refused.kind, refused.words) == ("refused", "10300: subscribe: invalid")
    assert VENUE.classify(frame({"event": "info", "code": 20051, "msg": "reconnect"})).kind == "leave"


def test_all_liquidations_come_over_one_connection_beside_a_state_that_speaks():
    (connection,) = VENUE.connections((BTC,), ("liquidations", "bars"))
    assert [json.loads(text)["key"] for text in connection.opening] == ["liq:global", "deriv:tBTCF0:USTF0"]
    assert (connection.copies, connection.streams[-1].canary) == (2, True)


def asked(call: Call) -> tuple[int, int]:
    parameters = dict(call.parameters)
    return int(parameters["start"]) * MS, int(parameters["end"]) * MS


def test_bars_have_their_last_price_second():
    since = NOW - 300 * STEP
    serve = lambda call: [  # noqa: E731 - a page
        [t // MS, 100, 105, 110, 90, 5] for t in range(since, NOW + 1, STEP) if asked(call)[0] <= t <= asked(call)[1]
    ]
    rows, _ = follow(VENUE, BTC, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("close", "high", "low", "volume_base").row(0) == (105.0, 110.0, 90.0, 5.0)


def state(stamp: int, interest: float) -> list:
    return [stamp // MS, None, 100.0, 99.0, None, 1.0, None, 1, 0, 0, None, 0.0001, None, None, 101.0, None, None,
            interest, None, None, None, -0.005, 0.0025]  # fmt: skip


@pytest.mark.parametrize("page_rows", [5000, 700, 333])
def test_open_interest_is_the_last_state_of_each_five_minutes_however_pages_break(page_rows):
    since = NOW - 400 * STEP
    every = range(since, NOW, 47 * 1000 * MS)

    def serve(call: Call) -> list:
        begin, end = asked(call)
        return [state(t, t // MS) for t in every if begin <= t <= end][:page_rows]

    rows, _ = follow(VENUE, BTC, "open-interest", serve, since)
    rows = rows.unique()
    assert rows.height == rows["event_time"].n_unique() == 400
    for end, interest in rows.sort("event_time").select("event_time", "open_interest_base").rows():
        assert interest == max(t for t in every if t < end) // MS


def test_liquidations_of_one_contract_are_taken_from_pages_of_all():
    every = [NOW - n * DAY // 50 for n in range(1000)]

    def serve(call: Call) -> list:
        begin, end = asked(call)
        stamps = sorted(t for t in every if begin <= t <= end)[:500]
        return [
            [position(stamp=t // MS, id=t // MS, symbol="tETHF0:USTF0" if t % 2 else "tBTCF0:USTF0")] for t in stamps
        ]

    rows, calls = follow(VENUE, BTC, "liquidations", serve, NOW - 10 * DAY)
    assert rows.height >= 500
    assert {call.pool for call in calls} == {"liquidations"}


def test_after_liquidations_that_begin_late_in_a_window_only_later_ones_are_asked_for():
    every = [NOW - DAY + n * DAY // 50 for n in range(51)]

    def serve(call: Call) -> list:
        begin, end = asked(call)
        return [[position(stamp=t // MS, id=t // MS)] for t in every if begin <= t <= end]

    rows, calls = follow(VENUE, BTC, "liquidations", serve, NOW - 4 * DAY)
    assert rows["event_time"].to_list() == every
    assert [asked(call)[0] for call in calls] == [NOW - 4 * DAY]


def test_a_row_before_the_window_ends_no_interval_of_open_interest():
    call = call_of(VENUE, BTC, "open-interest", NOW - 10 * MINUTE)
    begin = asked(call)[0]
    rows = [state((begin + n * MINUTE), 5.0 + n) for n in range(-1, 5)]
    page = VENUE.read_page(call, answer(rows), (BTC,))
    assert page.rows.tables["open_interest"]["open_interest_base"].to_list() == [9.0]


def test_the_state_of_all_contracts_has_its_key_first():
    rows = [["tBTCF0:USTF0", *state(NOW, 3005.25)], ["tETHF0:USTF0", *state(NOW, 1.0)]]
    page = VENUE.read_page(VENUE.polls((BTC,))[0].call, answer(rows), (BTC,))
    assert page.rows.tables["open_interest"].select("open_interest_base", "price").rows() == [(3005.25, 101.0)]
    assert page.rows.tables["funding"].select("rate", "interval_hours").rows() == [(0.0001, 8.0)]
    assert page.rows.tables["premium"]["rate"][0] == pytest.approx(101 / 99 - 1)


def test_the_listing_leaves_out_indices_metals_currencies_and_tests():
    names = ["BTCF0:USTF0", "GERMANY40IXF0:USTF0", "EURF0:USTF0", "ETHF0:BTCF0", "TESTBTCF0:TESTUSTF0"]
    listed = VENUE.read_instruments([(VENUE.instrument_calls()[0], frame([names]))])
    assert [(i.symbol, i.coin) for i in listed] == [("tBTCF0:USTF0", "BTC")]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer([]), "ok"),
        (answer([[1, 2, 3]]), "ok"),
        (answer(["error", 11010, "ratelimit: error"], 429), "slow-down"),
        (answer(["error", 10020, "symbol: invalid"], 500), "gone"),
        (answer(["error", 10001, "unknown error"], 500), "broken"),
        (answer(b"<html>"), "broken"),
    ],
)
def test_an_error_is_an_array(given, kind):
    assert VENUE.judge(VENUE.instrument_calls()[0], given).kind == kind


def test_a_row_of_another_form_is_refused_by_itself():
    page = page_of(VENUE, BTC, "liquidations", [[position()], [["pos", "x"]]], NOW - DAY)
    assert page.rows.tables["liquidations"].height == 1
    assert page.rows.refused.height == 1
