"""OKX over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, follow, page_of
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.sources import okx
from runout.sources.venue import Call, Instrument, Rows, Venue

VENUE = okx.venue()
HOUR = NANOSECONDS_PER_HOUR


def contract(symbol: str, coin: str = "BTC", **changes) -> Instrument:
    values = {"market": "perpetual", "margin": "stablecoin", "contract_base": 0.01, "funding_hours": 8.0} | changes
    return Instrument(venue="okx", symbol=symbol, coin=coin, **values)


LINEAR = contract("BTC-USDT-SWAP")
INVERSE = contract("BTC-USD-SWAP", margin="coin", contract_base=None, contract_usd=100.0)
DATED = contract("BTC-USDT-261225", market="futures", funding_hours=None)
ALL = (LINEAR, INVERSE, DATED)


def liquidated(symbol="BTC-USDT-SWAP", **changes) -> dict:
    detail = {
        "side": "sell",
        "posSide": "long",
        "bkPx": "90000",
        "sz": "50",
        "bkLoss": "0",
        "ccy": "",
        "ts": str(NOW // MS - 700),
    } | changes
    return {
        "arg": {"channel": "liquidation-orders", "instType": "SWAP"},
        "data": [
            {"details": [detail], "instFamily": "BTC-USDT", "instId": symbol, "instType": "SWAP", "uly": "BTC-USDT"}
        ],
    }


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def envelope(rows: list) -> dict:
    return {"code": "0", "msg": "", "data": rows}


@pytest.mark.parametrize(("side", "position", "closed"), [("sell", "long", "long"), ("buy", "net", "short")])
def test_the_side_of_a_liquidation_is_that_of_the_closing_order_and_sizes_are_contracts(side, position, closed):
    rows = read(liquidated(side=side, posSide=position))
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 0.5, 45_000.0)
    assert row["event_time"] == NOW - 700 * MS


def test_inverse_contracts_are_sized_in_dollars():
    row = read(liquidated("BTC-USD-SWAP", sz="9")).tables["liquidations"].row(0, named=True)
    assert (row["quantity_base"], row["value_usd"]) == (0.01, 900.0)


def test_an_old_order_repeated_after_subscribing_is_the_same_row():
    assert read(liquidated(), liquidated()).tables["liquidations"].height == 1


def test_open_interest_is_taken_in_coins_and_dollars_where_they_are_given():
    def frame(**fields: str) -> dict:
        point = {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "oi": "300", "ts": str(NOW // MS)} | fields
        return {"arg": {"channel": "open-interest", "instId": "BTC-USDT-SWAP"}, "data": [point]}

    whole = read(frame(oiCcy="3", oiUsd="270000")).tables["open_interest"]
    assert whole.select("open_interest_base", "open_interest_usd").row(0) == (3.0, 270_000.0)
    bare = read(frame()).tables["open_interest"]
    assert bare.select("open_interest_base", "open_interest_usd").row(0) == (3.0, None)


def test_the_rate_to_come_is_quoted_for_the_hours_between_the_two_settlements_it_names():
    point = {
        "instId": "BTC-USDT-SWAP",
        "fundingRate": "0.0001",
        "nextFundingRate": "",
        "fundingTime": str(NOW // MS),
        "nextFundingTime": str((NOW + 4 * HOUR) // MS),
        "ts": str(NOW // MS),
    }
    row = read({"arg": {"channel": "funding-rate", "instId": "BTC-USDT-SWAP"}, "data": [point]}).tables["funding"]
    assert row.select("rate", "interval_hours").row(0) == (0.0001, 4.0)


def test_trades_are_sized_in_contracts():
    trade = {
        "instId": "BTC-USDT-SWAP",
        "tradeId": "9",
        "px": "100",
        "sz": "200",
        "side": "buy",
        "ts": str(NOW // MS),
        "count": "3",
    }
    row = read({"arg": {"channel": "trades", "instId": "BTC-USDT-SWAP"}, "data": [trade]}).tables["trades"]
    assert row.select("quantity_base", "value_usd", "taker_buys", "sequence").row(0) == (2.0, 200.0, True, 9)


def test_new_fields_values_channels_and_symbols_are_counted_and_a_broken_frame_is_refused():
    cut = json.dumps(liquidated(), separators=(",", ":")).encode()[:-9]
    books = {"arg": {"channel": "books5", "instId": "BTC-USDT-SWAP"}, "data": []}
    rows = read(liquidated(zz=1), liquidated("NEW-USDT-SWAP"), liquidated(posSide="both", sz="7"), books, cut, b"pong")
    assert rows.tables["liquidations"].height == 2
    assert rows.unknown == {
        "channel books5": 1,
        "field data[].details[].zz": 1,
        "symbol NEW-USDT-SWAP": 1,
        "value posSide 'both'": 1,
    }
    assert rows.refused["row"].to_list() == [5]


def test_frames_are_classified():
    assert VENUE.classify(b"pong").kind == "alive"
    assert (
        VENUE.classify(b'{"event":"subscribe","arg":{"channel":"trades","instId":"X"},"connId":"a"}').kind
        == "acknowledged"
    )
    refused = VENUE.classify(b'{"event":"error","code":"60012","msg":"Invalid request","connId":"a"}')
    assert (refused.kind, refused.words) == ("refused", "60012: Invalid request")
    assert VENUE.classify(b'{"event":"notice","code":"64008","msg":"upgrade soon"}').kind == "leave"
    data = VENUE.classify(json.dumps(liquidated(), separators=(",", ":")).encode())
    assert (data.kind, data.streams) == ("data", ("liquidation-orders:SWAP",))


def test_one_topic_carries_the_liquidations_of_all_swaps_beside_a_stream_that_speaks():
    (connection,) = VENUE.connections(ALL, ("liquidations",))
    assert connection.copies == 2
    arguments = json.loads(connection.opening[0])["args"]
    assert {"channel": "liquidation-orders", "instType": "SWAP"} in arguments
    assert len(arguments) == len(connection.streams) == 3
    assert connection.streams[-1].canary


def asked(call: Call, since: str, until: str) -> tuple[int, int]:
    parameters = dict(call.parameters)
    return int(parameters[since]) * MS, int(parameters[until]) * MS


def test_bars_are_paged_back_with_bounds_that_are_left_out_themselves():
    since = NOW - 250 * STEP

    def serve(call: Call) -> dict:
        before, after = asked(call, "before", "after")
        opened = [t for t in range(since - 99 * STEP, NOW + 1, STEP) if before < t < after][::-1][:100]
        rows = [[str(t // MS), "100", "110", "90", "105", "500", "5", "500", "0" if t == NOW else "1"] for t in opened]
        return envelope(rows)

    rows, calls = follow(VENUE, LINEAR, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("volume_base", "volume_usd").row(0) == (5.0, 500.0)
    assert len(calls) == 3


def test_open_interest_rows_outside_the_asked_window_are_left_out_and_the_horizon_is_said():
    stamp = NOW - 60 * NANOSECONDS_PER_DAY
    page = page_of(VENUE, LINEAR, "open-interest", envelope([[str(stamp // MS), "300", "3", "270000"]]), NOW - 3 * HOUR)
    assert page.horizon
    assert not page.rows.tables
    inside = envelope([[str((NOW - HOUR) // MS), "300", "3", "270000"]])
    page = page_of(VENUE, LINEAR, "open-interest", inside, NOW - 3 * HOUR)
    rows = page.rows.tables["open_interest"]
    assert rows.select("open_interest_base", "open_interest_usd", "event_time").row(0) == (3.0, 270_000.0, NOW - HOUR)
    assert not page.horizon


def test_taker_volume_has_its_sell_column_first():
    page = page_of(VENUE, LINEAR, "taker-volume", envelope([[str((NOW - HOUR) // MS), "100", "900"]]), NOW - 3 * HOUR)
    assert page.rows.tables["taker_flow"].select("buy_usd", "sell_usd", "event_time").row(0) == (900.0, 100.0, NOW)


@pytest.mark.parametrize("measure", ["global-accounts", "top-accounts", "top-positions"])
def test_a_ratio_gives_the_share_of_longs(measure):
    page = page_of(VENUE, LINEAR, measure, envelope([[str((NOW - HOUR) // MS), "1.5"]]), NOW - 3 * HOUR)
    assert page.rows.tables["positioning"].select("long_share", "long_short_ratio").row(0) == (0.6, 1.5)
    assert page.rows.series[0].measure == measure


def test_funding_takes_the_realised_rate_and_reads_the_interval_off_the_settlement_before():
    stamps = [NOW - h * HOUR for h in (0, 2, 4, 8, 16, 24, 32)]

    def serve(call: Call) -> dict:
        before, after = asked(call, "before", "after")
        inside = [t for t in stamps if before < t < after][:3]
        return envelope(
            [
                {
                    "instType": "SWAP",
                    "instId": "BTC-USDT-SWAP",
                    "fundingRate": "0.0002",
                    "realizedRate": "0.0001",
                    "fundingTime": str(t // MS),
                }
                for t in inside
            ]
        )

    rows, _ = follow(VENUE, LINEAR, "funding", serve, NOW - 24 * HOUR)
    assert rows["event_time"].to_list() == sorted(stamps[:-1])
    assert rows["interval_hours"].to_list() == [8.0, 8.0, 8.0, 4.0, 2.0, 2.0]
    assert set(rows["rate"]) == {0.0001}


@pytest.mark.parametrize(
    ("given", "kind", "wait"),
    [
        (answer(envelope([])), "ok", 0),
        (answer({"code": "50011", "msg": "Too Many Requests", "data": []}), "slow-down", 2),
        (answer({"code": "50011", "msg": "Too Many Requests", "data": []}, 429), "slow-down", 2),
        (answer({"code": "51001", "msg": "Instrument ID does not exist", "data": []}), "gone", 0),
        (answer({"code": "50013", "msg": "System is busy", "data": []}), "broken", 0),
        (answer(b"forbidden", 403), "blocked", 0),
        (answer(b"<html>"), "broken", 0),
        (answer(b"null"), "broken", 0),
    ],
)
def test_what_an_answer_is_follows_from_its_code_even_inside_a_200(given, kind, wait):
    verdict = VENUE.judge(VENUE.instrument_calls()[0], given)
    assert (verdict.kind, verdict.wait) == (kind, wait)


def test_the_listing_gives_contract_sizes():
    row = {
        "instType": "SWAP",
        "ctType": "linear",
        "ctVal": "0.1",
        "ctMult": "1",
        "tickSz": "0.01",
        "listTime": "1600000000000",
        "expTime": "",
    }
    rows = [
        row | {"instId": "ETH-USDT-SWAP", "uly": "ETH-USDT"},
        row | {"instId": "BTC-USD-SWAP", "uly": "BTC-USD", "ctType": "inverse", "ctVal": "100"},
        row | {"instId": "TSLA-USDT-SWAP", "uly": "TSLA-USDT", "instCategory": "3"},
        row | {"instId": "ETH-BTC-SWAP", "uly": "ETH-BTC"},
    ]
    found = VENUE.read_instruments([(VENUE.instrument_calls()[0], json.dumps(envelope(rows)).encode())])
    assert [(i.symbol, i.coin, i.margin, i.contract_base, i.contract_usd) for i in found] == [
        ("ETH-USDT-SWAP", "ETH", "stablecoin", 0.1, None),
        ("BTC-USD-SWAP", "BTC", "coin", None, 100.0),
    ]
    assert isinstance(VENUE, Venue)
