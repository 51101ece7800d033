"""Hyperliquid over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import pytest
from venue_calls import MS, NOW, STEP, answer, follow
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR
from runout.sources import hyperliquid
from runout.sources.venue import Call, Instrument, Rows, Venue

VENUE = hyperliquid.venue()


def contract(symbol: str, coin: str, coins: float = 1.0) -> Instrument:
    return Instrument(
        venue="hyperliquid", symbol=symbol, coin=coin, market="perpetual", margin="stablecoin", contract_base=coins,
        priced_coins=coins, funding_hours=1.0,
    )  # fmt: skip


BTC = contract("BTC", "BTC")
BUNDLE = contract("kPEPE", "PEPE", 1000.0)
ALL = (BTC, BUNDLE)


def read(*messages: object) -> Rows:
    return read_frames(VENUE, ALL, *messages)


def context(coin="BTC", **fields) -> dict:
    usual = {"funding": "0.0000125", "openInterest": "20", "oraclePx": "100", "markPx": "101", "premium": "0.01"}
    return {"channel": "activeAssetCtx", "data": {"coin": coin, "ctx": usual | fields}}


def fill(side: str, user: str, **changes) -> dict:
    row = {"coin": "BTC", "px": "100", "sz": "2", "side": side, "time": NOW // MS - 5, "tid": 7, "dir": "Close Long",
           "liquidation": {"liquidatedUser": "0xAA", "markPx": "99", "method": "market"}} | changes  # fmt: skip
    return {"channel": "userFills", "data": {"user": user, "fills": [row]}}


def test_a_context_gives_open_interest_of_one_side_the_hourly_rate_and_the_premium_as_of_its_arrival():
    rows = read(context()).tables
    assert rows["open_interest"].select("open_interest_base", "open_interest_usd", "event_time").row(0) == (
        10,
        1010,
        NOW,
    )
    assert rows["funding"].select("rate", "interval_hours").row(0) == (0.0000125, 1.0)
    assert rows["premium"]["rate"][0] == pytest.approx(0.01)


def test_a_bundle_of_coins_is_counted_in_coins():
    row = read(context("kPEPE", openInterest="4", markPx="0.02")).tables["open_interest"]
    assert row.select("open_interest_base", "open_interest_usd").row(0) == (2000.0, pytest.approx(0.04))


@pytest.mark.parametrize(
    ("side", "user", "closed"),
    [("A", "0xaa", "long"), ("B", "0xaa", "short"), ("B", "0xbb", "long"), ("A", "0xbb", "short")],
)
def test_a_fill_of_the_liquidated_user_and_one_of_his_counterparty_say_the_opposite(side, user, closed):
    rows = read(fill(side, user)).tables["liquidations"]
    assert rows.select("liquidated_side", "value_usd", "sequence").row(0) == (closed, 200.0, 7)


def test_the_fills_of_both_users_of_a_trade_are_one_liquidation_and_other_fills_are_none():
    rows = read(fill("A", "0xaa"), fill("B", "0xbb"), fill("A", "0xcc", liquidation=None)).tables["liquidations"]
    assert rows.height == 1


def test_trades_say_who_took():
    def trade(side: str, number: int) -> dict:
        return {"coin": "BTC", "side": side, "px": "100", "sz": "1", "time": NOW // MS, "hash": "0x0", "tid": number,
                "users": ["0xa", "0xb"]}  # fmt: skip

    rows = read({"channel": "trades", "data": [trade("B", 1), trade("A", 2)]}).tables["trades"]
    assert rows["taker_buys"].to_list() == [True, False]


def test_new_fields_channels_and_symbols_are_counted_and_a_broken_frame_is_refused():
    book = {"channel": "l2Book", "data": {"coin": "BTC"}}
    pong = b'{"channel":"pong"}'
    rows = read(context(zz=1), context("NEW"), book, json.dumps(context(), separators=(",", ":")).encode()[:-5], pong)
    assert rows.tables["open_interest"].height == 1
    assert rows.unknown["field data.ctx.zz"] == 1
    assert rows.unknown["channel l2Book"] == 1
    assert rows.unknown["symbol NEW"] == 3
    assert rows.refused["row"].to_list() == [4]


def test_frames_are_classified():
    assert VENUE.classify(b'{"channel":"pong"}').kind == "alive"
    assert VENUE.classify(b'{"channel":"subscriptionResponse","data":{"method":"subscribe"}}').kind == "acknowledged"
    assert VENUE.classify(b'{"channel":"error","data":"Invalid subscription"}').kind == "refused"
    frame = json.dumps(context(), separators=(",", ":")).encode()
    assert VENUE.classify(frame).streams == ("activeAssetCtx:BTC",)


def test_contexts_and_trades_share_few_connections_each_with_a_stream_that_speaks():
    connections = VENUE.connections(ALL, ("bars", "funding", "liquidations"))
    assert [c.name for c in connections] == ["trades-1", "activeAssetCtx-1"]
    assert all(any(s.canary for s in c.streams) and len(c.opening) == len(c.streams) for c in connections)


def test_bars_are_asked_for_in_the_body_and_paged_forward():
    since = NOW - 1200 * STEP

    def serve(call: Call) -> list:
        asked = json.loads(call.body)["req"]
        opened = [t for t in range(since, NOW + 1, STEP) if asked["startTime"] <= t // MS <= asked["endTime"]][:500]
        return [
            {
                "t": t // MS,
                "T": t // MS + 1,
                "s": "BTC",
                "i": "5m",
                "o": "9",
                "h": "12",
                "l": "6",
                "c": "9",
                "v": "2",
                "n": 3,
            }
            for t in opened
        ]

    rows, calls = follow(VENUE, BTC, "bars", serve, since)
    assert rows["event_time"].to_list() == list(range(since + STEP, NOW + 1, STEP))
    assert rows.select("open", "high", "low", "volume_base", "volume_usd", "trades").row(0) == (9, 12, 6, 2, 18, 3)
    assert len(calls) == 3
    assert {call.weight for call in calls} == {29}


def test_funding_is_hourly():
    since = NOW - 700 * NANOSECONDS_PER_HOUR

    def serve(call: Call) -> list:
        asked = json.loads(call.body)
        stamps = [
            t
            for t in range(since, NOW + 1, NANOSECONDS_PER_HOUR)
            if asked["startTime"] <= t // MS + 40 <= asked["endTime"] + 60
        ]
        return [
            {"coin": "BTC", "fundingRate": "0.0000125", "premium": "0.0", "time": t // MS + 40} for t in stamps[:500]
        ]

    rows, _ = follow(VENUE, BTC, "funding", serve, since)
    assert rows["event_time"].to_list() == list(range(since, NOW + 1, NANOSECONDS_PER_HOUR))


def test_the_state_of_all_contracts_is_read_by_the_order_of_its_own_listing():
    contexts = [{"openInterest": "2", "markPx": "5", "oraclePx": "5", "funding": "0"}] * 3
    state = [
        {"universe": [{"name": "OLD", "szDecimals": 1, "isDelisted": True}, {"name": "kPEPE"}, {"name": "BTC"}]},
        contexts,
    ]
    rows = VENUE.read_page(VENUE.polls(ALL)[0].call, answer(state), ALL).rows.tables["open_interest"]
    assert dict(rows.select("coin", "open_interest_base").iter_rows()) == {"PEPE": 1000.0, "BTC": 1.0}


@pytest.mark.parametrize(
    ("given", "kind", "wait"),
    [
        (answer([]), "ok", 0),
        (answer(b"null"), "slow-down", 10),
        (answer(b"null", 429), "slow-down", 10),
        (answer(b"<html>429</html>", 429), "slow-down", 30),
        (answer(b"<html>"), "broken", 0),
        (answer(b"Failed to deserialize", 422), "gone", 0),
    ],
)
def test_two_kinds_of_429_are_told_apart(given, kind, wait):
    verdict = VENUE.judge(VENUE.instrument_calls()[0], given)
    assert (verdict.kind, verdict.wait) == (kind, wait)


def test_the_listing_leaves_out_what_no_longer_trades_and_contracts_of_third_parties():
    body = {
        "universe": [
            {"name": "BTC", "szDecimals": 5},
            {"name": "kPEPE", "szDecimals": 0},
            {"name": "OLD", "isDelisted": True},
            {"name": "xyz:TSLA"},
        ]
    }
    found = VENUE.read_instruments([(VENUE.instrument_calls()[0], json.dumps(body).encode())])
    assert [(i.symbol, i.coin, i.contract_base) for i in found] == [("BTC", "BTC", 1.0), ("kPEPE", "PEPE", 1000.0)]
    assert isinstance(VENUE, Venue)
