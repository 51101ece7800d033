"""HTX over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import gzip
import json

import msgspec
import pytest
from venue_calls import MS, NOW, STEP, answer, follow, frame, page_of
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND, parse_time
from runout.sources import htx
from runout.sources.venue import Call, Instrument, Rows

VENUE = htx.venue()
HOUR, SECOND = NANOSECONDS_PER_HOUR, NANOSECONDS_PER_SECOND
BTC = Instrument(
    venue="htx", symbol="BTC-USDT", coin="BTC", quote="USDT", market="perpetual", margin="stablecoin",
    contract_base=0.001, funding_hours=8.0,
)  # fmt: skip


def read(*messages: object) -> Rows:
    return read_frames(VENUE, (BTC,), *messages)


def notice(topic: str, *rows: dict) -> dict:
    return {"op": "notify", "topic": topic, "ts": NOW // MS, "data": list(rows)}


def liquidated(contract="BTC-USDT", **changes) -> dict:
    row = {"symbol": "BTC", "contract_code": contract, "direction": "sell", "offset": "close", "volume": 227,
           "price": 20_000.0, "created_at": NOW // MS - 60, "amount": 0.227, "trade_turnover": 4540.0}  # fmt: skip
    return notice(f"public.{contract}.liquidation_orders", row | changes)


@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize(("direction", "closed"), [("sell", "long"), ("buy", "short")])
def test_the_direction_is_the_closing_orders_and_frames_are_gzip_or_not(direction, closed, is_packed):
    payload = frame(liquidated(direction=direction))
    rows = read(gzip.compress(payload) if is_packed else payload)
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 0.227, 4540.0)
    assert row["event_time"] == NOW - 60 * MS


def test_the_wildcard_subscription_carries_rates_that_prove_life():
    row = {"contract_code": "BTC-USDT", "funding_time": "1606780800000", "funding_rate": "0.0001", "fee_asset": "USDT"}
    rows = read(notice("public.BTC-USDT.funding_rate", row, row | {"contract_code": "NEW-USDT"}))
    assert rows.tables["funding"].select("rate", "interval_hours", "event_time").rows() == [(0.0001, 8.0, NOW)]
    (connection,) = VENUE.connections((BTC,), ("liquidations",))
    assert [json.loads(text)["topic"] for text in connection.opening] == [stream.name for stream in connection.streams]
    assert VENUE.classify(gzip.compress(frame(liquidated()))).streams == (connection.streams[0].name,)


def test_new_fields_values_and_symbols_are_counted_and_what_is_cut_is_refused():
    packed = gzip.compress(frame(liquidated()))
    market = {"ch": "market.BTC-USDT.bbo", "ts": 1, "tick": {}}
    rows = read(
        liquidated(zz=1), liquidated("NEW-USDT"), liquidated(direction=""), market, packed[:-12],
        frame(liquidated())[:-9], liquidated(amount=None, volume=5),
    )  # fmt: skip
    assert rows.tables["liquidations"]["quantity_base"].to_list() == [0.227, 0.005]
    assert rows.unknown == {
        "channel market": 1, "field data[].zz": 1, "symbol NEW-USDT": 1, "value direction ''": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [3, 5, 6]


@pytest.mark.parametrize(
    ("ping", "pong"),
    [({"op": "ping", "ts": "1492420473058"}, {"op": "pong", "ts": "1492420473058"}), ({"ping": 5}, {"pong": 5})],
)
def test_a_ping_is_answered_with_its_own_time(ping, pong):
    got = VENUE.classify(gzip.compress(frame(ping)))
    assert (got.kind, json.loads(got.reply or b"")) == ("alive", pong)


def test_subscriptions_are_acknowledged_or_refused():
    assert VENUE.classify(frame({"op": "sub", "cid": "1", "topic": "x", "ts": 1, "err-code": 0})).kind == "acknowledged"
    refused = VENUE.classify(frame({"op": "sub", "err-code": 2014, "err-msg": "invalid topic"}))
    assert (refused.kind, refused.words) == ("refused", "invalid topic")
    assert VENUE.classify(frame({"op": "close", "ts": 1})).kind == "leave"


def test_open_interest_counts_both_sides_and_is_halved_now_and_by_the_hour():
    row = {"volume": 3000, "amount": 3.0, "symbol": "BTC", "value": 60_000.0, "contract_code": "BTC-USDT"}
    body = {"status": "ok", "data": [row, row | {"contract_code": "NEW-USDT"}], "ts": NOW // MS}
    now = VENUE.read_page(VENUE.polls((BTC,))[0].call, answer(body), (BTC,)).rows.tables["open_interest"]
    assert now.select("open_interest_base", "open_interest_usd", "event_time").rows() == [(1.5, 30_000.0, NOW)]
    ticks = [{"volume": 3000 + h, "amount_type": 1, "ts": (NOW - h * HOUR) // MS, "value": 1} for h in range(3)]
    body = {"status": "ok", "data": {"symbol": "BTC", "contract_code": "BTC-USDT", "tick": ticks}, "ts": 1}
    page = page_of(VENUE, BTC, "open-interest", body, NOW - HOUR)
    table = page.rows.tables["open_interest"].sort("event_time")
    assert table.select("event_time", "open_interest_base").rows() == [(NOW - HOUR, 1.5005), (NOW, 1.5)]
    assert (table["known_time"] - table["event_time"]).unique().to_list() == [HOUR]
    assert page.next is None


def test_volumes_of_bars_count_both_sides_and_are_halved():
    since = NOW - 100 * STEP

    def serve(call: Call) -> dict:
        parameters = dict(call.parameters)
        begin, end = int(parameters["from"]) * SECOND, int(parameters["to"]) * SECOND
        bar = {"open": 100, "high": 110, "low": 90, "close": 105, "amount": 10.0, "vol": 10_000, "count": 3,
               "trade_turnover": 1000.0}  # fmt: skip
        opened = [t for t in range(since, NOW + 1, STEP) if begin <= t <= end]
        return {"ch": "x", "status": "ok", "ts": 1, "data": [bar | {"id": t // SECOND} for t in opened]}

    rows, _ = follow(VENUE, BTC, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("volume_base", "volume_usd").row(0) == (5.0, 500.0)


def test_funding_is_paged_by_number():
    stamps = [NOW - 8 * h * HOUR for h in range(200)]

    def serve(call: Call) -> dict:
        number = int(dict(call.parameters)["page_index"])
        rows = [
            {"funding_rate": "0.0001", "funding_time": str(t // MS)} for t in stamps[(number - 1) * 50 : number * 50]
        ]
        return {"status": "ok", "data": {"total_page": 4, "total_size": 200, "data": rows}, "ts": 1}

    rows, calls = follow(VENUE, BTC, "funding", serve, NOW - 70 * 8 * HOUR)
    assert (rows.height, len(calls)) == (71, 2)


def settlements(call: Call, page_rows: int, whole: int) -> dict:
    first = (int(dict(call.parameters)["page_index"]) - 1) * page_rows
    stamps = [NOW - 8 * h * HOUR for h in range(whole)][first : first + page_rows]
    rows = [{"funding_rate": "0.0001", "funding_time": str(t // MS)} for t in stamps]
    return {"status": "ok", "data": {"total_page": -(-whole // page_rows), "total_size": whole, "data": rows}, "ts": 1}


def test_pages_shorter_than_asked_do_not_end_a_series_before_all_rows_that_the_venue_has_came():
    for whole, asked, expected in ((200, 100, (101, 4)), (200, 300, (200, 7))):
        rows, calls = follow(
            VENUE, BTC, "funding", lambda call, n=whole: settlements(call, 33, n), NOW - asked * 8 * HOUR
        )
        assert (rows.height, len(calls)) == expected


def test_a_page_of_another_size_than_asked_is_denied_by_what_it_says_of_all_pages():
    def read(number: int, page_rows: int):
        call = VENUE.first_call(
            next(h for h in VENUE.histories(BTC) if h.purpose == "funding"), BTC, NOW - 271 * 8 * HOUR, NOW
        )
        call = msgspec.structs.replace(call, parameters=(*call.parameters[:-1], ("page_index", str(number))))
        return VENUE.read_page(call, answer(settlements(call, page_rows, 271)), (BTC,))

    # The last of six pages has 21 rows; of pages of 33 the sixth has them all, from another row on.
    assert [(read(n, rows).bare, read(n, rows).denied) for n, rows in ((5, 50), (6, 50), (5, 33), (6, 33))] == [
        (False, False), (False, False), (True, True), (True, True)]  # fmt: skip


def test_a_page_that_holds_all_that_the_venue_has_is_the_last_and_one_that_lacks_some_is_asked_for_again():
    rows, calls = follow(VENUE, BTC, "funding", lambda call: settlements(call, 50, 30), NOW - 100 * 8 * HOUR)
    assert (rows.height, len(calls)) == (30, 1)
    whole, short = (VENUE.read_page(calls[0], answer(settlements(calls[0], n, 30)), (BTC,)) for n in (50, 20))
    assert (whole.bare, short.bare) == (False, True)


def test_the_listing_gives_contract_sizes_and_dates():
    row = {"symbol": "BTC", "contract_code": "BTC-USDT", "contract_size": 0.001, "price_tick": 0.1,
           "create_date": "20201021", "business_type": "swap"}  # fmt: skip
    rows = [row, row | {"contract_code": "BTC-USDT-261225", "business_type": "futures"}]
    (listed,) = VENUE.read_instruments([(VENUE.instrument_calls()[0], frame({"status": "ok", "data": rows}))])
    assert (listed.symbol, listed.contract_base, listed.listed) == ("BTC-USDT", 0.001, parse_time("2020-10-21"))


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer({"status": "ok", "data": []}), "ok"),
        (answer({"status": "error", "err_code": 1032, "err_msg": "too many"}), "slow-down"),
        (answer({"status": "error", "err_code": 1332, "err_msg": "no contract"}), "gone"),
        (answer({"status": "error", "err_code": 1000, "err_msg": "system"}), "broken"),
        (answer(b"<html>"), "broken"),
    ],
)
def test_errors_inside_a_200_are_seen(given, kind):
    assert VENUE.judge(VENUE.instrument_calls()[0], given).kind == kind
