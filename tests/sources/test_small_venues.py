"""Aster, MEXC and BingX over the wire: Binance's messages once more, and open interest that is doubted."""

import json

import pytest
from venue_calls import MS, NOW, answer, call_of, frame
from venue_calls import read as read_frames

from runout.sources import aster, bingx, mexc
from runout.sources.venue import Instrument

ASTER, MEXC, BINGX = aster.venue(), mexc.venue(), bingx.venue()


def contract(venue: str, symbol: str, **changes) -> Instrument:
    values = {"market": "perpetual", "margin": "stablecoin", "contract_base": 1.0, "funding_hours": 8.0} | changes
    return Instrument(venue=venue, symbol=symbol, coin="BTC", quote="USDT", **values)


@pytest.mark.parametrize(("side", "closed"), [("SELL", "long"), ("BUY", "short")])
def test_aster_sends_what_binance_sends_and_rows_are_its_own(side, closed):
    order = {"s": "BTCUSDT", "S": side, "o": "LIMIT", "f": "IOC", "q": "2", "p": "90000", "ap": "95000", "X": "FILLED",
             "l": "2", "z": "2", "T": NOW // MS - 40}  # fmt: skip
    message = {"stream": "!forceOrder@arr", "data": {"e": "forceOrder", "E": NOW // MS, "o": order}}
    rows = read_frames(ASTER, (contract("aster", "BTCUSDT"),), message)
    row = rows.tables["liquidations"].row(0, named=True)
    assert (row["liquidated_side"], row["quantity_base"], row["value_usd"]) == (closed, 2.0, 190_000.0)
    assert row["series"] == "aster/liquidations/BTC/perpetual-BTCUSDT/events"
    assert rows.series[0].venues == ("aster",)


def test_aster_is_asked_at_its_own_addresses_for_what_it_has():
    symbols = [{"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "contractType": "PERPETUAL"}]
    calls = ASTER.instrument_calls()
    assert {(call.venue, call.host) for call in calls} == {("aster", "um")}
    (listed,) = ASTER.read_instruments([(calls[0], frame({"symbols": symbols}))])
    assert [history.purpose for history in ASTER.histories(listed)] == ["bars", "funding"]
    call = call_of(ASTER, listed, "bars", NOW - 10**12)
    assert (call.venue, call.path) == ("aster", "/fapi/v1/klines")
    page = ASTER.read_page(call, answer([]), (listed,))
    assert page.next is None or page.next.venue == "aster"
    assert {poll.call.venue for poll in ASTER.polls((listed,))} == {"aster"}
    connections = ASTER.connections((listed,), ("liquidations", "bars", "funding"))
    assert {(c.venue, c.path) for c in connections} == {("aster", "/stream")}
    assert ASTER.classify(json.dumps({"result": None, "id": 1}).encode()).kind == "acknowledged"


def test_open_interest_of_mexc_is_contracts_and_its_doubt_goes_with_it():
    listing = [
        {"symbol": "BTC_USDT", "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT", "contractSize": 0.0001},
        {"symbol": "BTC_USD", "baseCoin": "BTC", "quoteCoin": "USD", "settleCoin": "BTC", "contractSize": 100},
    ]
    call = MEXC.instrument_calls()[0]
    listed = MEXC.read_instruments([(call, frame({"success": True, "code": 0, "data": listing}))])
    ticker = {"holdVol": 20_000, "fairPrice": "50000", "timestamp": NOW // MS, "zz": 1}
    body = {"success": True, "data": [ticker | {"symbol": s} for s in ("BTC_USDT", "BTC_USD", "NEW_USDT")]}
    rows = MEXC.read_page(MEXC.polls(listed)[0].call, answer(body), listed).rows
    table = rows.tables["open_interest"].sort("series")
    assert table.select("open_interest_base", "open_interest_usd").rows() == [(40.0, 2_000_000.0), (2.0, 100_000.0)]
    assert all("Doubted" in series.note for series in rows.series)
    assert MEXC.histories(listed[0]) == ()
    assert MEXC.judge(call, answer({"success": False, "code": 510, "message": "too frequent"})).kind == "slow-down"
    assert MEXC.judge(call, answer({"success": False, "code": 1001, "message": "contract"})).kind == "gone"
    assert MEXC.judge(call, answer(body)).kind == "ok"


def test_open_interest_of_bingx_is_dollars_of_one_contract_a_call_and_its_doubt_goes_with_it():
    listing = [{"symbol": "BTC-USDT", "asset": "BTC", "currency": "USDT"}, {"symbol": "NCSKTSLA2USD-USDT"}]
    call = BINGX.instrument_calls()[0]
    listed = BINGX.read_instruments([(call, frame({"code": 0, "data": listing}))])
    assert [instrument.symbol for instrument in listed] == ["BTC-USDT"]
    (poll,) = BINGX.polls(listed)
    assert poll.call.parameters == (("symbol", "BTC-USDT"),)
    body = {"code": 0, "msg": "", "data": {"openInterest": "3289641547.10", "symbol": "BTC-USDT", "time": NOW // MS}}
    rows = BINGX.read_page(poll.call, answer(body), listed).rows
    assert rows.tables["open_interest"].select("open_interest_base", "open_interest_usd").rows() == [
        (None, 3_289_641_547.10)
    ]
    assert "Doubted" in rows.series[0].note
    assert BINGX.judge(call, answer({"code": 100410, "msg": "frequency"})).kind == "slow-down"
    assert BINGX.judge(call, answer({"code": 109425, "msg": "symbol not exist"})).kind == "gone"
    assert BINGX.judge(call, answer({"code": 100500, "msg": "internal"})).kind == "broken"


@pytest.mark.parametrize("venue", [MEXC, BINGX], ids=lambda venue: venue.name)
def test_a_venue_without_streams_connects_to_nothing(venue):
    assert venue.connections((), ("liquidations",)) == ()
    assert venue.classify(b"{}").kind == "unknown"
    assert not venue.normalise([b"{}"], [NOW], ()).tables
