"""What is read of each venue's streams is what happened, after the law of its feed: side, size, time, open interest."""

from collections import Counter

import polars as pl
import pytest

from emulator.samples import STREAMS
from emulator.test_emulated_history import check_open_interest, contract_of, instruments_of
from emulator.test_venues import heard
from runout.emulator import Emulator, Market
from runout.sources.registry import venue_of
from runout.sources.venue import Instrument, Rows

SECOND = 10**9
Said = Counter[tuple[str, int, str, float]]
SUBSCRIBED = {
    "dydx": {"BTC-USD"}, "lighter": {"BTC"}, "bybit": {"BTCUSDT"}, "deribit": {"BTC-PERPETUAL"},
    "kraken": {"PF_XBTUSD", "PI_XBTUSD"},
}  # fmt: skip
"""Symbols that the samples subscribe to, where it is not all."""
WITHOUT_LIQUIDATIONS = {"hyperliquid", "mexc", "bingx"}


@pytest.mark.parametrize("name", list(STREAMS))
def test_what_is_read_of_a_feed_is_what_happened_after_its_law(market: Market, name: str) -> None:
    messages, emulator = heard(market, name, 45)
    instruments = instruments_of(emulator, name)
    rows = venue_of(name).normalise(messages, [emulator.clock.now()] * len(messages), instruments)
    assert not rows.refused.height
    check_states(emulator, rows, instruments)
    said = liquidations(emulator, rows, instruments)
    begin = emulator.truth.connections[0].opened_market
    # Some come later than their neighbours, and subscriptions may begin with what happened before.
    late = 21 if name in {"okx", "bitget"} else 0
    assert said <= truth(emulator, name, begin - 86_400 * SECOND, begin + 45 * SECOND)
    if name not in WITHOUT_LIQUIDATIONS:
        assert said >= truth(emulator, name, begin, begin + (45 - late) * SECOND)
    assert bool(said) is (name not in WITHOUT_LIQUIDATIONS)


def instrument_of(series: str, instruments: tuple[Instrument, ...]) -> Instrument:
    return next(i for i in instruments if f"/{i.market}-{i.symbol}/" in series)


def liquidations(emulator: Emulator, rows: Rows, instruments: tuple[Instrument, ...]) -> Said:
    """Count the liquidations that were read: symbol, millisecond, side, coins."""
    said: Said = Counter()
    table = rows.tables.get("liquidations", pl.DataFrame())
    for row in table.iter_rows(named=True):
        contract = contract_of(desk_of(emulator), instrument_of(row["series"], instruments))
        size = row["value_usd"] if contract.unit_usd else row["quantity_base"]
        said[contract.symbol, row["event_time"] // 1_000_000, row["liquidated_side"], round(size, 6)] += 1
    return said


def truth(emulator: Emulator, name: str, since: int, until: int) -> Said:
    """Count what a venue's feed shows of what happened, of the contracts that are subscribed to."""
    desk, shown = desk_of(emulator), Counter[tuple[str, int, str, float]]()
    for contract in desk.contracts.values():
        if contract.kind == "spot" or contract.symbol not in SUBSCRIBED.get(name, {contract.symbol}):
            continue
        closes = desk.shown_closes(contract, since, until)
        for time, side, steps in zip(closes.time.tolist(), closes.side.tolist(), closes.steps.tolist(), strict=True):
            size = steps * contract.step * (contract.unit_usd or contract.unit_base)
            shown[contract.symbol, time // 1_000_000, "long" if side > 0 else "short", round(size, 6)] += 1
    return shown


def check_states(emulator: Emulator, rows: Rows, instruments: tuple[Instrument, ...]) -> None:
    """Open interest of tickers is of one side and of the moment; where they carry no stamp, of that of receipt.

    Lighter's is in dollars, of which its mark price makes coins.
    """
    for part in rows.tables.get("open_interest", pl.DataFrame({"series": []})).partition_by("series"):
        contract = contract_of(desk_of(emulator), instrument_of(part["series"][0], instruments))
        stamped = contract.venue != "lighter" and (part["event_time"].n_unique() > 1 or part.height == 1)
        check_open_interest(desk_of(emulator), contract, part, stamped=stamped)


def desk_of(emulator: Emulator):
    return next(iter(emulator.counters.values())).desk
