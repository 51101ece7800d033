"""Binance over the wire: payloads written by us in the recorded shapes, each to the rows it must become."""

import json

import polars as pl
import pytest
from venue_calls import bars_of

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE, parse_time
from runout.errors import SchemaError
from runout.sources import binance
from runout.sources.venue import Answer, Call, Instrument, Rows, Venue

VENUE = binance.venue()
NOW = parse_time("2026-11-01")
MS = 1_000_000
STEP = 5 * NANOSECONDS_PER_MINUTE


def contract(symbol: str, coin: str = "BTC", **changes) -> Instrument:
    values = {"market": "perpetual", "margin": "stablecoin", "contract_base": 1.0, "funding_hours": 8.0} | changes
    return Instrument(venue="binance", symbol=symbol, coin=coin, **values)


LINEAR = contract("BTCUSDT")
BUNDLE = contract("1000PEPEUSDT", "PEPE", contract_base=1000.0, priced_coins=1000.0)
INVERSE = contract("BTCUSD_PERP", margin="coin", contract_base=None, contract_usd=100.0)
DATED = contract("BTCUSDT_261225", market="futures", funding_hours=None)
SPOT = contract("BTCUSDT", market="spot", margin="none", funding_hours=None)
ALL = (LINEAR, BUNDLE, INVERSE, DATED, SPOT)


def forced(symbol="BTCUSDT", side="SELL", **changes) -> dict:
    order = {"s": symbol, "ps": "BTCUSDT", "S": side, "o": "LIMIT", "f": "IOC", "q": "2", "p": "90000", "ap": "95000.5",
             "X": "FILLED", "l": "0.5", "z": "2", "T": NOW // MS - 40} | changes  # fmt: skip
    return {"stream": "!forceOrder@arr", "data": {"e": "forceOrder", "E": NOW // MS - 30, "o": order, "st": 1}}


def traded(symbol="BTCUSDT", number=7, taker_sold=False, **changes) -> dict:
    data = {"e": "aggTrade", "E": NOW // MS, "a": number, "s": symbol, "p": "100000.5", "q": "0.25", "f": 1, "l": 2,
            "T": NOW // MS - 5, "m": taker_sold} | changes  # fmt: skip
    return {"stream": f"{symbol.lower()}@aggTrade", "data": data}


def marked(symbol="BTCUSDT", **changes) -> dict:
    return {"e": "markPriceUpdate", "E": NOW // MS, "s": symbol, "p": "100100", "i": "100000", "P": "100000",
            "r": "0.0001", "T": NOW // MS + 1000, "st": 1} | changes  # fmt: skip


def read(*messages: object) -> Rows:
    payloads = [m if isinstance(m, bytes) else json.dumps(m, separators=(",", ":")).encode() for m in messages]
    return VENUE.normalise(payloads, [NOW] * len(payloads), ALL)


def test_binance_is_a_venue_and_its_facts_name_every_pool_and_host_that_its_calls_use():
    assert isinstance(VENUE, Venue)
    calls = list(VENUE.instrument_calls())
    for instrument in ALL:
        calls += [VENUE.first_call(h, instrument, NOW - NANOSECONDS_PER_DAY, NOW) for h in VENUE.histories(instrument)]
    calls += [poll.call for poll in VENUE.polls(ALL)]
    assert {call.host for call in calls} <= set(VENUE.facts.hosts)
    assert {call.pool for call in calls} <= set(VENUE.facts.pools)
    kinds = ("liquidations", "bars", "funding")
    assert {connection.host for connection in VENUE.connections(ALL, kinds)} <= set(VENUE.facts.hosts)


@pytest.mark.parametrize(("side", "closed"), [("SELL", "long"), ("BUY", "short")])
def test_the_side_of_a_forced_order_is_the_opposite_of_the_position_closed(side, closed):
    rows = read(forced(side=side)).tables["liquidations"]
    assert rows["liquidated_side"].to_list() == [closed]
    assert rows.select("value_usd", "quantity_base", "price").row(0) == (190_001.0, 2.0, 95_000.5)
    assert rows.select("event_time", "known_time").row(0) == (NOW - 40 * MS, NOW)


def test_coin_margined_contracts_of_the_merged_stream_are_dollars_not_coins():
    message = forced("BTCUSD_PERP", ap="50000", z="30")
    message["data"]["st"] = 2
    rows = read(message).tables["liquidations"]
    assert rows.select("value_usd", "quantity_base").row(0) == (3_000.0, 0.06)
    assert rows["series"][0] == "binance/liquidations/BTC/perpetual-BTCUSD_PERP/events"


def test_a_bundle_of_coins_is_counted_in_coins_at_a_price_per_coin():
    rows = read(forced("1000PEPEUSDT", ap="0.01", z="5000")).tables["liquidations"]
    assert rows.select("coin", "quantity_base").row(0) == ("PEPE", 5_000_000.0)
    assert rows["price"][0] == pytest.approx(1e-5)
    assert rows["value_usd"][0] == pytest.approx(50.0)


def test_two_events_of_one_instant_are_two_and_one_event_over_two_connections_is_one():
    rows = read(forced(z="1"), forced(z="2"), forced(z="1")).tables["liquidations"]
    assert rows.height == 2
    assert rows["sequence"].n_unique() == 2


def test_trades_of_spot_and_perpetual_with_one_symbol_are_told_apart_and_make_bars():
    perpetual = [traded(number=1, p="100"), traded(number=2, p="110", taker_sold=True), traded(number=1, p="100")]
    trades = read(*perpetual, traded(number=9, p="105", M=True)).tables["trades"]
    bars = bars_of(trades)
    assert bars["series"].to_list() == ["binance/bars/BTC/perpetual-BTCUSDT/5m", "binance/bars/BTC/spot-BTCUSDT/5m"]
    assert bars.select("open", "high", "low", "close", "trades").row(0) == (100.0, 110.0, 100.0, 110.0, 2)
    assert bars.select("volume_base", "taker_buy_base", "taker_buy_usd").row(0) == (0.5, 0.25, 25.0)


def test_mark_prices_give_the_premium_and_the_rate_to_come_and_a_dated_contract_has_no_rate():
    frame = {"stream": "!markPrice@arr@1s", "data": [marked(), marked("BTCUSDT_261225", r="", T=0)]}
    rows = read(frame)
    assert rows.tables["premium"]["rate"].to_list() == pytest.approx([0.001, 0.001])
    assert rows.tables["funding"].select("rate", "interval_hours").rows() == [(0.0001, 8.0)]
    assert rows.series[0].measure == "predicted"


def test_a_field_a_value_a_message_and_a_symbol_that_nobody_knows_are_counted_and_nothing_is_lost():
    odd = forced(z="3")
    odd["data"]["o"]["zz"] = 1
    odd["data"]["nn"] = {"a": 1}
    news = {"stream": "x", "data": {"e": "contractInfo", "s": "BTCUSDT"}}
    rows = read(odd, forced(X="PARTIALLY_FILLED", z="4"), forced("FOOUSDT"), news, traded())
    assert rows.tables["liquidations"]["quantity_base"].to_list() == [3.0, 4.0]
    assert rows.tables["trades"].height == 1
    assert rows.unknown == {
        "field data.nn": 1, "field data.o.zz": 1, "symbol FOOUSDT": 1, "value X 'PARTIALLY_FILLED'": 1,
        "value e 'contractInfo'": 1,
    }  # fmt: skip
    assert not rows.refused.height


def test_numbers_as_texts_and_as_numbers_give_the_same_rows():
    texts, numbers = read(forced()), read(forced(z=2, ap=95000.5, p=90000, q=2, l=0.5, T=str(NOW // MS - 40)))
    assert texts.tables["liquidations"].equals(numbers.tables["liquidations"])


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (json.dumps(forced()).encode()[:-30], "truncated"),
        (b'{"stream":"x","data":\xff\xfe}', "form"),
        (json.dumps({"stream": "s", "data": {"e": "forceOrder", "E": 1}}).encode(), "missing required field `o`"),
        (json.dumps(forced(side="HOLD")).encode(), "liquidated_side"),
        (json.dumps(forced(z="NaN")).encode(), "NaN"),
        (json.dumps(forced(T=NOW // MS + 60_000)).encode(), "future"),
    ],
)
def test_a_frame_of_no_form_is_refused_with_its_bytes_and_its_neighbours_are_kept(broken, fault):
    rows = read(forced(), broken, forced(z="9"))
    assert rows.tables["liquidations"].height == 2
    assert rows.refused["row"].to_list() == [2]
    assert fault in rows.refused["fault"][0]
    assert rows.refused["raw"][0] == broken


def test_acknowledgements_are_no_data_and_frames_are_classified_by_their_stream():
    assert not read(b'{"result":null,"id":1}').refused.height
    assert VENUE.classify(b'{"result":null,"id":1}').kind == "acknowledged"
    refused = VENUE.classify(b'{"error":{"code":2,"msg":"Invalid request"},"id":1}')
    assert (refused.kind, "Invalid request" in refused.words) == ("refused", True)
    assert VENUE.classify(b'{"e":"serverShutdown","E":1}').kind == "leave"
    data = VENUE.classify(json.dumps(traded(number=12), separators=(",", ":")).encode())
    assert (data.kind, data.streams, data.sequence) == ("data", ("btcusdt@aggTrade",), (("btcusdt@aggTrade", 12),))


def test_liquidations_are_held_by_two_connections_with_a_stream_that_always_speaks():
    (connection,) = VENUE.connections(ALL, ("liquidations",))
    assert connection.copies == 2
    assert connection.path == "/market/stream"
    assert [stream.canary for stream in connection.streams] == [False, True]
    assert json.loads(connection.opening[0])["params"] == [stream.name for stream in connection.streams]


def history(instrument: Instrument, purpose: str):
    return next(h for h in VENUE.histories(instrument) if h.purpose == purpose)


def answer(body: object, status: int = 200, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers=headers, body=data, received=NOW)


def kline(opened: int, volume: str = "2", quote: str = "200") -> list:
    return [
        opened // MS,
        "100",
        "110",
        "90",
        "105",
        volume,
        (opened + STEP) // MS - 1,
        quote,
        3,
        "1",
        str(float(quote) / 2),
        "0",
    ]


def call_of(instrument: Instrument, purpose: str, since: int, until: int) -> Call:
    return VENUE.first_call(history(instrument, purpose), instrument, since, until)


def follow(call: Call, serve, instruments=ALL) -> tuple[pl.DataFrame, list[Call]]:
    """Page to the end with a server of our own; return all rows and the calls made."""
    calls, tables = [], []
    while call is not None:
        assert call not in calls, "the same call was made twice"
        calls.append(call)
        page = VENUE.read_page(call, answer(serve(dict(call.parameters))), instruments)
        tables += page.rows.tables.values()
        call = page.next
    return pl.concat(tables), calls


@pytest.mark.parametrize("page_rows", [1000, 400])
def test_bars_are_paged_to_the_end_of_the_stretch_even_where_pages_are_smaller_than_asked(page_rows):
    until = NOW
    since = until - 2500 * STEP

    def serve(asked):
        start = -(-int(asked["startTime"]) * MS // STEP) * STEP
        opened = range(start, int(asked["endTime"]) * MS + 1, STEP)
        return [kline(t) for t in opened][: min(int(asked["limit"]), page_rows)]

    rows, calls = follow(call_of(LINEAR, "bars", since, until), serve)
    assert rows["event_time"].to_list() == list(range(since + STEP, until + 1, STEP))
    assert len(calls) <= 2500 // page_rows + 4


def test_a_bar_still_running_is_left_out():
    serve = lambda _: [kline(NOW - STEP), kline(NOW - STEP // 5)]  # noqa: E731
    call = call_of(LINEAR, "bars", NOW - NANOSECONDS_PER_HOUR, NOW + NANOSECONDS_PER_HOUR)
    page = VENUE.read_page(call, answer(serve(None)), ALL)
    assert page.rows.tables["bars"]["event_time"].to_list() == [NOW]


def test_volume_of_coin_margined_bars_is_in_contracts_with_coins_beside_it():
    page = VENUE.read_page(call_of(INVERSE, "bars", NOW - STEP, NOW), answer([kline(NOW - STEP, "30", "0.06")]), ALL)
    bars = page.rows.tables["bars"]
    assert bars.select("volume_base", "volume_usd", "taker_buy_usd").row(0) == (0.06, 3000.0, 100.0)


def test_open_interest_is_known_a_step_after_its_stamp_and_in_coins_on_both_margins():
    def point(size: str, value: str) -> list[dict]:
        return [{"symbol": "", "sumOpenInterest": size, "sumOpenInterestValue": value,
                 "CMCCirculatingSupply": "1", "timestamp": (NOW - STEP) // MS}]  # fmt: skip

    linear = VENUE.read_page(call_of(LINEAR, "open-interest", NOW - STEP, NOW), answer(point("5", "500000")), ALL)
    rows = linear.rows.tables["open_interest"]
    assert rows.select("open_interest_base", "open_interest_usd", "known_time").row(0) == (5.0, 500_000.0, NOW)
    inverse = VENUE.read_page(call_of(INVERSE, "open-interest", NOW - STEP, NOW), answer(point("1000", "1.0")), ALL)
    rows = inverse.rows.tables["open_interest"]
    assert rows.select("open_interest_base", "open_interest_usd").row(0) == (1.0, 100_000.0)


def test_funding_is_quoted_for_the_hours_since_the_settlement_before():
    hours = [0, 8, 16, 20, 24]
    start = NOW - NANOSECONDS_PER_DAY

    def serve(asked):
        stamps = [start + h * NANOSECONDS_PER_HOUR + 3 * MS for h in hours]
        inside = [t for t in stamps if int(asked["startTime"]) <= t // MS <= int(asked["endTime"])]
        return [{"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": t // MS, "markPrice": "",
                 "rateType": "Regular"} for t in inside]  # fmt: skip

    rows, _ = follow(call_of(LINEAR, "funding", start + NANOSECONDS_PER_HOUR, NOW), serve)
    assert rows["interval_hours"].to_list() == [8.0, 8.0, 4.0, 4.0]
    assert rows["event_time"].to_list() == [start + h * NANOSECONDS_PER_HOUR for h in hours[1:]]


def test_ratios_take_the_published_long_share():
    body = [{"symbol": "BTCUSDT", "longShortRatio": "1.5", "longAccount": "0.6", "shortAccount": "0.4",
             "timestamp": (NOW - STEP) // MS}]  # fmt: skip
    page = VENUE.read_page(call_of(LINEAR, "global-accounts", NOW - STEP, NOW), answer(body), ALL)
    assert page.rows.tables["positioning"].select("long_share", "long_short_ratio").row(0) == (0.6, 1.5)
    assert page.rows.series[0].measure == "global-accounts"


def test_beyond_thirty_days_the_horizon_is_said_and_paging_goes_on_within_it():
    call = call_of(LINEAR, "open-interest", NOW - 60 * NANOSECONDS_PER_DAY, NOW)
    refusal = answer({"code": -1130, "msg": "parameter 'startTime' is invalid."}, 400)
    assert VENUE.judge(call, refusal).kind == "ok"
    page = VENUE.read_page(call, refusal, ALL)
    assert page.horizon
    assert int(dict(page.next.parameters)["startTime"]) > int(dict(call.parameters)["startTime"])


@pytest.mark.parametrize(
    ("given", "kind", "wait"),
    [
        (answer([]), "ok", 0),
        (answer({"code": -1003, "msg": "Too many requests"}, 429, **{"retry-after": "7"}), "slow-down", 7),
        (answer({"code": -1003, "msg": "Too many requests"}, 418), "banned", 120),
        (answer(b"<html>WAF</html>", 403), "banned", 300),
        (answer(b"<html>Service unavailable from a restricted location</html>", 451), "blocked", 0),
        (answer({"code": -1121, "msg": "Invalid symbol."}, 400), "gone", 0),
        (answer(b"<html>", 200), "broken", 0),
        (answer(b"null", 200), "broken", 0),
        (answer(b"[[1,2", 200), "broken", 0),
        (answer(b"bad gateway", 502), "broken", 0),
    ],
)
def test_what_an_answer_is_follows_from_its_status_and_body(given, kind, wait):
    verdict = VENUE.judge(VENUE.instrument_calls()[0], given)
    assert (verdict.kind, verdict.wait) == (kind, wait)


def test_the_weight_used_is_read_off_the_header():
    assert VENUE.judge(VENUE.instrument_calls()[0], answer([], **{"x-mbx-used-weight-1m": "17"})).used == 17


def test_the_listing_gives_contract_sizes_margins_and_leaves_out_what_is_no_crypto():
    um, hours, cm, _, spot = VENUE.instrument_calls()
    symbol = {
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "contractType": "PERPETUAL",
        "underlyingType": "COIN",
        "onboardDate": 1_600_000_000_000,
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.1"}],
    }
    listing = {"symbols": [
        symbol | {"symbol": "BTCUSDT"},
        symbol | {"symbol": "1000PEPEUSDT", "baseAsset": "1000PEPE"},
        symbol | {"symbol": "TSLAUSDT", "baseAsset": "TSLA", "contractType": "TRADIFI_PERPETUAL"},
        symbol | {"symbol": "BTCDOMUSDT", "baseAsset": "BTCDOM", "underlyingType": "INDEX"},
        symbol | {"symbol": "BTCUSDT_261225", "contractType": "CURRENT_QUARTER", "deliveryDate": 1_798_000_000_000},
    ]}  # fmt: skip
    coin = {"symbols": [symbol | {"symbol": "BTCUSD_PERP", "quoteAsset": "USD", "contractSize": 100}]}
    pairs = {"symbols": [symbol | {"symbol": "BTCUSDT"}, symbol | {"symbol": "ETHBTC", "quoteAsset": "BTC"}]}
    bodies = [
        (um, listing),
        (hours, [{"symbol": "1000PEPEUSDT", "fundingIntervalHours": 4}]),
        (cm, coin),
        (spot, pairs),
    ]
    found = VENUE.read_instruments([(call, json.dumps(body).encode()) for call, body in bodies])
    assert [(i.symbol, i.market, i.margin) for i in found] == [
        ("BTCUSDT", "perpetual", "stablecoin"), ("1000PEPEUSDT", "perpetual", "stablecoin"),
        ("BTCUSDT_261225", "futures", "stablecoin"), ("BTCUSD_PERP", "perpetual", "coin"), ("BTCUSDT", "spot", "none"),
    ]  # fmt: skip
    assert (found[1].coin, found[1].contract_base, found[1].funding_hours) == ("PEPE", 1000.0, 4.0)
    assert (found[3].contract_base, found[3].contract_usd) == (None, 100.0)
    assert found[0].tick == 0.1
    assert found[2].delisted == 1_798_000_000_000 * MS


def test_a_listing_of_another_form_is_said_so():
    with pytest.raises(SchemaError, match="listing"):
        VENUE.read_instruments([(VENUE.instrument_calls()[0], b'{"symbols":[{}]}')])


def test_a_row_of_an_answer_that_is_of_no_form_is_refused_by_itself():
    rows = [kline(NOW - 3 * STEP), kline(NOW - 2 * STEP)[:5], [*kline(NOW - STEP), "new", "newer"]]
    page = VENUE.read_page(call_of(LINEAR, "bars", NOW - 3 * STEP, NOW), answer(rows), ALL)
    assert page.rows.tables["bars"]["event_time"].to_list() == [NOW - 2 * STEP, NOW]
    assert page.rows.unknown == {"element 13": 1}
    assert json.loads(page.rows.refused["raw"][0]) == rows[1]
    with pytest.raises(SchemaError, match="known form"):
        VENUE.read_page(call_of(LINEAR, "bars", NOW - 3 * STEP, NOW), answer({"rows": []}), ALL)


def test_an_answer_about_another_symbol_is_no_answer():
    body = [{"symbol": "ETHUSDT", "longShortRatio": "1.5", "longAccount": "0.6", "shortAccount": "0.4", "timestamp": 1}]
    with pytest.raises(SchemaError, match="about BTCUSDT, found one about ETHUSDT"):
        VENUE.read_page(call_of(LINEAR, "global-accounts", NOW - STEP, NOW), answer(body), ALL)
