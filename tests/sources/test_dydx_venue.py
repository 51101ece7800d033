"""dYdX over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json
from datetime import UTC, datetime

import pytest
from venue_calls import MS, NOW, STEP, answer, follow, frame
from venue_calls import read as read_frames

from runout.clock import NANOSECONDS_PER_HOUR, parse_time
from runout.sources import dydx
from runout.sources.venue import Call, Instrument, Rows

VENUE = dydx.venue()
HOUR = NANOSECONDS_PER_HOUR
BTC = Instrument(
    venue="dydx", symbol="BTC-USD", coin="BTC", quote="USD", market="perpetual", margin="stablecoin",
    contract_base=1.0, funding_hours=1.0,
)  # fmt: skip


def read(*messages: object) -> Rows:
    return read_frames(VENUE, (BTC,), *messages)


def iso(moment: int) -> str:
    text = datetime.fromtimestamp(moment / 1e9, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def traded(market="BTC-USD", kind="channel_data", **changes) -> dict:
    trade = {"id": "0165e5e40000000200000002", "side": "SELL", "size": "0.5", "price": "60000", "type": "LIQUIDATED",
             "createdAt": iso(NOW - 40 * MS)} | changes  # fmt: skip
    return {"type": kind, "connection_id": "c", "message_id": 3, "id": market, "channel": "v4_trades",
            "version": "2.1.0", "contents": {"trades": [trade]}}  # fmt: skip


@pytest.mark.parametrize(("side", "closed"), [("SELL", "long"), ("BUY", "short")])
def test_the_takers_side_of_a_liquidation_is_the_closing_order(side, closed):
    rows = read(traded(side=side))
    assert not rows.unknown
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 0.5, 30_000.0)
    assert row["event_time"] == NOW - 40 * MS
    assert rows.tables["trades"].height == 1


def test_deleveraging_and_ordinary_trades_are_no_liquidations_and_the_old_ones_of_a_snapshot_count_once():
    rows = read(
        traded(kind="subscribed"), traded(), traded(type="DELEVERAGED"), traded(type="LIMIT"),
        traded(id="0165e5e40000000200000003"), traded(id="0165e5e40000000300000002"),
    )  # fmt: skip
    assert rows.tables["liquidations"]["sequence"].n_unique() == rows.tables["liquidations"].height == 3


def test_markets_give_open_interest_and_the_hourly_rate_as_of_when_they_came_and_changes_may_hold_one_of_them():
    whole = {"openInterest": "648.2", "nextFundingRate": "0.0000135", "oraclePrice": "60387", "status": "ACTIVE"}
    message = {"type": "subscribed", "channel": "v4_markets", "contents": {"markets": {"BTC-USD": whole}}}
    change = {
        "type": "channel_data",
        "channel": "v4_markets",
        "contents": {"trading": {"BTC-USD": {"openInterest": 7}}},
    }
    prices = {"type": "channel_data", "channel": "v4_markets", "contents": {"oraclePrices": {"BTC-USD": {}}}}
    tables = read(message, prices).tables
    assert tables["open_interest"].select("open_interest_base", "event_time").rows() == [(648.2, NOW)]
    assert tables["funding"].select("rate", "interval_hours").rows() == [(0.0000135, 1.0)]
    tables = read(change).tables
    assert tables["open_interest"].select("open_interest_base", "open_interest_usd").rows() == [(7.0, None)]
    assert "funding" not in tables


def test_new_fields_types_channels_and_markets_are_counted_and_an_unknown_side_and_a_cut_frame_are_refused():
    book = {"type": "channel_data", "channel": "v4_orderbook", "id": "BTC-USD", "contents": {}}
    rows = read(traded(zz=1), traded("NEW-USD"), traded(type="GIFT"), traded(side="BOTH"), book, frame(traded())[:-9])
    assert rows.tables["liquidations"].height == 1
    assert rows.unknown == {
        "channel v4_orderbook": 1, "field contents.trades[].zz": 1, "symbol NEW-USD": 2, "value side 'BOTH'": 1,
        "value type 'GIFT'": 1,
    }  # fmt: skip
    assert rows.refused["row"].to_list() == [4, 6]


def test_frames_are_classified_and_numbered_by_connection():
    assert VENUE.classify(frame({"type": "connected", "connection_id": "c", "message_id": 0})).kind == "alive"
    assert VENUE.classify(frame({"type": "error", "message": "too many", "message_id": 1})).words == "too many"
    subscribed = VENUE.classify(frame(traded(kind="subscribed")))
    assert (subscribed.kind, subscribed.streams) == ("acknowledged", ("v4_trades:BTC-USD",))
    data = VENUE.classify(frame(traded()))
    assert (data.kind, data.sequence) == ("data", (("connection", 3),))


def test_no_connection_has_more_of_a_channel_than_the_venue_keeps_and_subscriptions_are_slow():
    instruments = [Instrument(venue="dydx", symbol=f"C{n}-USD", coin=f"C{n}", market="perpetual", margin="stablecoin")
                   for n in range(40)]  # fmt: skip
    connections = VENUE.connections(instruments, ("liquidations",))
    assert [len(c.opening) for c in connections] == [33, 9]
    assert json.loads(connections[0].opening[-1]) == {"type": "subscribe", "channel": "v4_markets"}
    assert connections[0].opening_pause >= 0.5


def test_bars_carry_the_open_interest_of_their_beginning():
    since = NOW - 1500 * STEP

    def serve(call: Call) -> dict:
        parameters = dict(call.parameters)
        begin, end = parse_time(parameters["fromISO"]), parse_time(parameters["toISO"])
        bar = {"ticker": "BTC-USD", "resolution": "5MINS", "open": "100", "high": "110", "low": "90", "close": "105",
               "baseTokenVolume": "5", "usdVolume": "500", "trades": 49, "startingOpenInterest": "381.7"}  # fmt: skip
        opened = [t for t in range(since, NOW + 1, STEP) if begin <= t <= end][::-1][:1000]
        return {"candles": [bar | {"startedAt": iso(t)} for t in opened]}

    call = VENUE.first_call(VENUE.histories(BTC)[0], BTC, since, NOW)
    page = VENUE.read_page(call, answer(serve(call)), (BTC,))
    interest = page.rows.tables["open_interest"].sort("event_time").tail(1)
    # The bar that began at the end of the stretch is running; what it says of its beginning is known when it ends.
    assert (interest["known_time"] - interest["event_time"]).to_list() == [STEP]
    assert interest["open_interest_base"][0] == 381.7
    bars: set[int] = set()
    calls = 0
    while call is not None:
        page, calls = VENUE.read_page(call, answer(serve(call)), (BTC,)), calls + 1
        bars |= set(page.rows.tables["bars"]["event_time"])
        call = page.next
    assert sorted(bars) == list(range(since + STEP, NOW + 1, STEP))
    assert calls == 2


def test_funding_is_paged_back_by_the_time_of_the_oldest_and_comes_on_the_hour():
    stamps = [NOW - h * HOUR + 219 * MS for h in range(2500)]

    def serve(call: Call) -> dict:
        before = parse_time(dict(call.parameters)["effectiveBeforeOrAt"])
        chosen = [t for t in stamps if t <= before][:1000]
        return {"historicalFunding": [{"ticker": "BTC-USD", "rate": "0.000002", "effectiveAt": iso(t)} for t in chosen]}

    rows, calls = follow(VENUE, BTC, "funding", serve, NOW - 1500 * HOUR)
    assert rows["event_time"].unique().sort().to_list() == [NOW - h * HOUR for h in range(1500, 0, -1)]
    assert set(rows["interval_hours"]) == {1.0}
    assert len(calls) == 2


def test_the_listing_and_the_state_of_all_markets_are_one_answer():
    row = {"ticker": "BTC-USD", "status": "ACTIVE", "tickSize": "1", "openInterest": "5", "oraclePrice": "100"}
    markets = {"BTC-USD": row, "X-USD": row | {"ticker": "X-USD", "status": "FINAL_SETTLEMENT"},
               "Y,RAYDIUM-USD": row | {"ticker": "Y,RAYDIUM-USD"}, "revision": "of something new"}  # fmt: skip
    listed = VENUE.read_instruments([(VENUE.instrument_calls()[0], frame({"markets": markets}))])
    assert [(i.symbol, i.coin, i.tick) for i in listed] == [("BTC-USD", "BTC", 1.0)]
    page = VENUE.read_page(VENUE.polls(listed)[0].call, answer({"markets": markets}), listed)
    assert page.rows.tables["open_interest"]["open_interest_usd"].to_list() == [500.0]
    assert VENUE.judge(VENUE.instrument_calls()[0], answer({"errors": []}, 429)).kind == "slow-down"
    assert VENUE.judge(VENUE.instrument_calls()[0], answer({"errors": []}, 403)).kind == "blocked"
