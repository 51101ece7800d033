"""Every recorded payload of the fixtures, venue by venue: what is meant to be read is, and nothing is refused."""

import json
import re
from pathlib import Path

import pytest

from runout.clock import parse_time
from runout.sources.registry import venue_of
from runout.sources.venue import Instrument, Rows

# Venue, cases of the recordings, what a symbol looks like, rows of each kind, and channels that are not read.
CASES = [
    (
        "gate", ("map gate-io-futures messages",), r'"contract":"([A-Z0-9_]+)"',
        {"open_interest": 4, "premium": 4, "funding": 4, "trades": 5}, {"channel order_book", "channel book_ticker"},
    ),
    (
        "kraken", ("map cryptofacilities messages", "fixtures-nautilus/kraken/ws_futures_*.json"),
        r'"product_id":"([A-Z0-9_]+)"',
        {"open_interest": 8, "premium": 8, "funding": 6, "trades": 7, "liquidations": 2},
        {"channel book", "channel book_snapshot"},
    ),
    (
        "deribit",
        ("map deribit messages", "fixtures-nautilus/deribit/ws_t*.json", "fixtures-nautilus/deribit/ws_book*.json",
         "fixtures-cryptofeed/DERIBIT.ws*"),
        r'"instrument_name":"([A-Z_]+-PERPETUAL)"',
        {"open_interest": 3, "premium": 3, "funding": 3, "trades": 6, "liquidations": 2},
        {"channel book", "channel quote", "field params.data", "symbol BTC-", "symbol ETH-", "symbol MATIC_"},
    ),
    (
        "bitget", ("map bitget-futures v3 messages", "map bitget v3 messages"), r'"symbol":"([A-Z0-9]+)"',
        {"open_interest": 1, "premium": 1, "funding": 1, "trades": 4, "liquidations": 2}, {"channel book"},
    ),
    (
        "dydx", ("map dydx-v4 messages", "fixtures-nautilus/dydx/ws_trades*.json", "fixtures-nautilus/dydx/ws_m*.json"),
        r'"([A-Z]+-USD)"',
        {"open_interest": 5, "funding": 4, "trades": 6, "liquidations": 1}, {"channel v4_orderbook"},
    ),
    (
        "bitfinex", ("map bitfinex derivatives messages",), r'"(t[A-Z]+F0:USTF0)"', {"liquidations": 2},
        {"channel of another stream", "element 5"},
    ),
    (
        "htx", ("map huobi-dm-linear-swap, messages",), r'"contract_code":"([A-Z0-9-]+)"',
        {"funding": 1, "liquidations": 1}, {"channel market"},
    ),
    (
        "lighter", ("map lighter trade messages", "map lighter market stats messages", "map lighter ticker messages"),
        r'"channel":"trade:(1)"', {"open_interest": 2, "premium": 2, "funding": 2, "trades": 5, "liquidations": 1},
        {"channel ticker", "symbol 0"},
    ),
]  # fmt: skip


def recorded(folder: Path, cases: tuple[str, ...]) -> list[bytes]:
    lines = (folder / "fixtures-venues" / "venue_payloads.jsonl").read_text(encoding="utf-8").splitlines()
    messages = [json.loads(line) for line in lines]
    payloads = [m["message"] for m in messages if m["case"] in cases]
    for case in cases:
        for path in sorted(folder.glob(case)):
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".json":
                payloads.append(json.loads(text))
            else:
                payloads += [json.loads(line.partition(": ")[2]) for line in text.splitlines() if " -> " in line]
    return [json.dumps(payload, separators=(",", ":")).encode() for payload in payloads]


def read(venue: str, payloads: list[bytes], symbol: str) -> Rows:
    names = sorted({match.decode() for payload in payloads for match in re.findall(symbol.encode(), payload)})
    instruments = [
        Instrument(
            venue=venue, symbol=name, coin=re.split("[-_:]", name)[0].upper(), market="perpetual",
            margin="stablecoin", contract_base=1.0,
        )
        for name in names
    ]  # fmt: skip
    return venue_of(venue).normalise(payloads, [parse_time("2026-11-01")] * len(payloads), instruments)


@pytest.mark.real
@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_recorded_payloads_are_read(real_data: Path, case):
    venue, files, symbol, rows, skipped = case
    payloads = recorded(real_data, files)
    assert len(payloads) >= 2
    got = read(venue, payloads, symbol)
    assert not got.refused.height, got.refused["fault"].to_list()
    assert [name for name in got.unknown if not name.startswith(tuple(skipped))] == []
    assert {kind: table.height for kind, table in got.tables.items()} == rows
    # All frames are of a known kind, whatever the connection they came over.
    kinds = {venue_of(venue).classify(payload).kind for payload in payloads}
    assert kinds <= {"data", "acknowledged", "alive", "unknown"}
