"""Recorded payloads of the venues: each goes to rows, or is counted as what we do not read; none is lost or fatal."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runout.sources.registry import VENUES, venue_of
from runout.sources.venue import Answer, Call, Instrument, Rows

pytestmark = pytest.mark.real
RECEIVED = 1_800_000_000_000_000_000
_CASES = {
    "binance": ("map binance messages", "map binance futures messages", "map binance delivery messages"),
    "bybit": ("map bybit messages",),
    "okx": (
        "map okex messages", "map okex-swap messages", "map okex-futures messages", "map okex-futures X-Perp messages",
    ),
    "hyperliquid": ("map hyperliquid messages",),
}  # fmt: skip


def recorded(real_data: Path, venue: str) -> Iterator[bytes]:
    for line in (real_data / "fixtures-venues" / "venue_payloads.jsonl").read_text().splitlines():
        case = json.loads(line)
        if case["case"] in _CASES[venue]:
            message = case["message"].get("message", case["message"])
            yield json.dumps(message, separators=(",", ":")).encode()


def perpetual(venue: str, symbol: str, coin: str, **changes) -> Instrument:
    values = {"market": "perpetual", "margin": "stablecoin", "contract_base": 1.0, "funding_hours": 8.0} | changes
    return Instrument(venue=venue, symbol=symbol, coin=coin, **values)


def instruments(venue: str) -> list[Instrument]:
    inverse = {"margin": "coin", "contract_base": None, "contract_usd": 100.0}
    return {
        "binance": [
            perpetual(venue, "BTCUSDT", "BTC"), perpetual(venue, "ETHUSDT", "ETH"),
            perpetual(venue, "BTCUSD_200925", "BTC", market="futures", **inverse),
        ],
        "bybit": [
            perpetual(venue, s, s[:3], **(inverse | {"contract_usd": 1.0} if s.endswith("USD") else {}))
            for s in ("BTCUSD", "ETHUSD", "XRPUSD", "BTCUSDT", "LTCUSDT")
        ] + [perpetual(venue, "GALAUSDT", "GALA"), perpetual(venue, "PIPPINUSDT", "PIPPIN")],
        "okx": [
            perpetual(venue, "BTC-USDT-SWAP", "BTC", contract_base=0.01),
            perpetual(venue, "XRP-USD-230929", "XRP", market="futures", **inverse | {"contract_usd": 10.0}),
        ],
        "hyperliquid": [perpetual(venue, coin, coin) for coin in ("BTC", "FXS", "MOODENG")],
    }[venue]  # fmt: skip


def read(real_data: Path, venue: str) -> Rows:
    payloads = list(recorded(real_data, venue))
    assert len(payloads) > 9
    return venue_of(venue).normalise(payloads, [RECEIVED] * len(payloads), instruments(venue))


@pytest.mark.parametrize("venue", VENUES[:4])
def test_no_recorded_payload_is_fatal_and_what_is_refused_is_refused_with_its_bytes(real_data, venue):
    rows = read(real_data, venue)
    assert set(rows.refused["raw"]) <= set(recorded(real_data, venue))
    assert {scope.series for scope in rows.series} >= {
        name for kind, table in rows.tables.items() if kind != "trades" for name in table["series"].unique()
    }


def liquidations(rows: Rows) -> list[tuple]:
    columns = ("series", "event_time", "liquidated_side", "value_usd", "quantity_base", "price")
    return rows.tables["liquidations"].select(columns).sort("event_time").rows()


def test_recorded_forced_orders_of_binance_close_the_other_side(real_data):
    assert liquidations(read(real_data, "binance")) == [
        ("binance/liquidations/BTC/perpetual-BTCUSDT/events", 1_584_059_031_421_000_000, "short",
         pytest.approx(0.014 * 4706.04), 0.014, 4706.04),
        ("binance/liquidations/BTC/futures-BTCUSD_200925/events", 1_594_622_954_021_000_000, "long",
         300.0, pytest.approx(300 / 9352.7), 9352.7),
    ]  # fmt: skip


def test_recorded_liquidations_of_bybit_are_read_in_every_form_since_2020(real_data):
    found = liquidations(read(real_data, "bybit"))
    assert len(found) == 10
    assert found[-1][1:4] == (1_740_480_207_110_000_000, "short", pytest.approx(2846 * 0.02456))
    assert found[0][:4] == ("bybit/liquidations/BTC/perpetual-BTCUSD/events", 1_608_280_339_753_000_000, "short", 836.0)


def test_recorded_liquidations_of_okx_are_contracts(real_data):
    assert liquidations(read(real_data, "okx")) == [
        ("okx/liquidations/XRP/futures-XRP-USD-230929/events", 1_680_173_247_614_000_000, "short", 390.0,
         pytest.approx(390 / 0.55205), 0.55205),
    ]  # fmt: skip


def test_a_recorded_market_liquidation_of_hyperliquid_is_seen_from_its_counterparty(real_data):
    payload = (real_data / "fixtures-nautilus" / "hyperliquid" / "ws_user_fill_liquidation.json").read_bytes()
    rows = venue_of("hyperliquid").normalise([payload], [RECEIVED], instruments("hyperliquid"))
    assert liquidations(rows)[0][2:5] == ("short", pytest.approx(66.653), 0.001)


@pytest.mark.parametrize(
    ("venue", "file", "purpose", "kind"),
    [
        ("binance", "binance/klines_response.json", "bars", "bars"),
        ("bybit", "bybit/http_get_funding_history.json", "funding", "funding"),
        ("bybit", "bybit/http_get_klines_linear.json", "bars", "bars"),
        ("okx", "okx/http_get_funding_rate_history.json", "funding", "funding"),
        ("okx", "okx/http_get_candlesticks.json", "bars", ""),
        ("hyperliquid", "hyperliquid/http_funding_history.json", "funding", "funding"),
    ],
)
def test_recorded_answers_are_pages_of_history(real_data, venue, file, purpose, kind):
    source = venue_of(venue)
    instrument = next(i for i in instruments(venue) if i.margin == "stablecoin")
    history = next(h for h in source.histories(instrument) if h.purpose == purpose)
    call = source.first_call(history, instrument, 1_400_000_000_000_000_000, RECEIVED)
    body = (real_data / "fixtures-nautilus" / file).read_bytes()
    answer = Answer(status=200, headers={}, body=body, received=RECEIVED)
    assert source.judge(call, answer).kind == "ok"
    page = source.read_page(call, answer, instruments(venue))
    assert not page.rows.refused.height
    assert not page.rows.unknown
    assert set(page.rows.tables) == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("venue", "file", "expected"),
    [
        ("bybit", "bybit/http_get_instruments_linear.json", {"BTCUSDT", "ETHUSDT"}),
        ("okx", "okx/http_get_instruments_swap.json", {"BTC-USD-SWAP"}),
        ("hyperliquid", "hyperliquid/http_meta_perp_sample.json", {"BTC", "ETH", "ATOM"}),
    ],
)
def test_recorded_listings_are_read(real_data, venue, file, expected):
    source = venue_of(venue)
    call: Call = source.instrument_calls()[0]
    found = source.read_instruments([(call, (real_data / "fixtures-nautilus" / file).read_bytes())])
    assert expected <= {instrument.symbol for instrument in found}
