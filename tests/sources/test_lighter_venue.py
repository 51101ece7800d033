"""Lighter over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, answer, follow, frame
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
from runout.sources import lighter
from runout.sources.venue import Call, Instrument, Rows

VENUE = lighter.venue()
HOUR = NANOSECONDS_PER_HOUR
BTC = Instrument(
    venue="lighter", symbol="1-BTC", coin="BTC", quote="USD", market="perpetual", margin="stablecoin",
    contract_base=1.0, funding_hours=1.0,
)  # fmt: skip


def read(*messages: object) -> Rows:
    return read_frames(VENUE, (BTC,), *messages)


def traded(market=1, kind="update", **changes) -> dict:
    trade = {"trade_id": 7, "type": "liquidation", "market_id": market, "size": "0.5", "price": "60000",
             "usd_amount": "30000", "is_maker_ask": False, "timestamp": NOW // MS - 40,
             "taker_position_size_before": "0.5"} | changes  # fmt: skip
    is_forced = trade["type"] != "trade"
    return {"type": f"{kind}/trade", "channel": f"trade:{market}", "nonce": 1, "trades": [] if is_forced else [trade],
            "liquidation_trades": [trade] if is_forced else []}  # fmt: skip


@pytest.mark.parametrize(("is_maker_ask", "closed"), [(False, "long"), (True, "short")])
def test_the_taker_of_a_forced_trade_is_the_one_liquidated(is_maker_ask, closed):
    rows = read(traded(is_maker_ask=is_maker_ask))
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"], row["sequence"]) == (
        closed, 0.5, 30_000.0, 7,
    )  # fmt: skip
    assert row["event_time"] == NOW - 40 * MS
    assert rows.tables["trades"]["taker_buys"].to_list() == [is_maker_ask]


def test_deleveraging_and_settlement_are_no_liquidations_and_the_snapshot_repeats_old_ones():
    rows = read(
        traded(kind="subscribed"), traded(), traded(type="deleverage", trade_id=8),
        traded(type="market-settlement", trade_id=9), traded(type="trade", trade_id=10),
    )  # fmt: skip
    assert rows.tables["liquidations"]["sequence"].to_list() == [7]
    assert rows.tables["trades"]["sequence"].n_unique() == 4


def test_open_interest_is_in_dollars_and_the_rate_in_percent_an_hour():
    state = {"symbol": "BTC", "market_id": 1, "index_price": "50000", "mark_price": "50050",
             "open_interest": "100100000", "current_funding_rate": "0.0012", "daily_price_change": -0.7}  # fmt: skip
    message = {"type": "update/market_stats", "channel": "market_stats:all", "timestamp": NOW // MS,
               "market_stats": {"1": state, "9": state | {"market_id": 9}}}  # fmt: skip
    rows = read(message)
    assert rows.tables["open_interest"].select("open_interest_base", "open_interest_usd").rows() == [
        (2000.0, 100_100_000.0)
    ]
    assert rows.tables["funding"].select("rate", "interval_hours").rows() == [(pytest.approx(0.000012), 1.0)]
    assert rows.tables["premium"]["difference_usd"].to_list() == [50.0]
    assert rows.unknown == {"symbol 9": 3}


def test_new_fields_types_and_channels_are_counted_and_a_cut_frame_is_refused():
    book = {"type": "update/order_book", "channel": "order_book:1"}
    rows = read(traded(zz=1), traded(type="gift", trade_id=8), book, {"type": "connected"}, frame(traded())[:-9])
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {
        "channel order_book": 1, "field liquidation_trades[].zz": 1, "value type 'gift'": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [5]


def test_frames_are_classified_and_a_ping_is_answered():
    ping = VENUE.classify(b'{"type":"ping"}')
    assert (ping.kind, ping.reply) == ("alive", b'{"type":"pong"}')
    assert VENUE.classify(frame(traded(kind="subscribed"))).kind == "acknowledged"
    data = VENUE.classify(frame(traded()))
    assert (data.kind, data.streams) == ("data", ("trade:1",))
    assert VENUE.classify(frame({"error": {"code": 30005, "message": "Invalid channel"}})).kind == "refused"


def test_liquidations_come_over_trades_by_number_beside_the_state_of_all():
    (connection,) = VENUE.connections((BTC,), ("liquidations",))
    assert [json.loads(text)["channel"] for text in connection.opening] == ["trade/1", "market_stats/all"]
    assert (connection.copies, connection.streams[-1].canary) == (2, True)


def test_funding_has_its_sign_from_its_direction():
    def serve(call: Call) -> dict:
        parameters = dict(call.parameters)
        assert parameters["market_id"] == "1"
        begin, end = int(parameters["start_timestamp"]) * MS, int(parameters["end_timestamp"]) * MS
        stamps = [t for t in range(NOW - 800 * HOUR, NOW + 1, HOUR) if begin <= t <= end]
        rows = [{"timestamp": t // NANOSECONDS_PER_SECOND, "value": "1", "rate": "0.0012",
                 "direction": "long" if t % (2 * HOUR) == 0 else "short"} for t in stamps]  # fmt: skip
        return {"code": 200, "resolution": "1h", "fundings": rows}

    rows, calls = follow(VENUE, BTC, "funding", serve, NOW - 800 * HOUR)
    assert (rows.height, len(calls)) == (801, 2)
    assert rows.tail(2)["rate"].to_list() == pytest.approx([-0.000012, 0.000012])


def test_the_listing_leaves_out_spot_and_what_does_not_trade():
    rows = [
        {"symbol": "BTC", "market_id": 1},
        {"symbol": "1000PEPE", "market_id": 4},
        {"symbol": "X", "market_id": 2, "status": "inactive"},
        {"symbol": "Y", "market_id": 3, "market_type": "spot"},
    ]
    listed = VENUE.read_instruments([(VENUE.instrument_calls()[0], frame({"code": 200, "order_book_details": rows}))])
    assert [(i.symbol, i.coin, i.priced_coins) for i in listed] == [
        ("1-BTC", "BTC", 1.0),
        ("4-1000PEPE", "PEPE", 1000.0),
    ]
    call = VENUE.instrument_calls()[0]
    assert VENUE.judge(call, answer({"code": 200})).kind == "ok"
    assert VENUE.judge(call, answer({"code": 23000, "message": "Too Many Requests!"}, 429)).kind == "slow-down"
    assert VENUE.judge(call, answer({"code": 21000, "message": "x"})).kind == "broken"
    assert VENUE.judge(call, answer({"code": 20001, "message": "invalid param"}, 400)).kind == "gone"
