"""Three changes of venues at their dates: what is stored before and after each is what happened, in one unit."""

from collections import Counter

from emulator.test_emulated_history import check_open_interest, contract_of, instruments_of, stored
from emulator.test_emulated_liquidations import SECOND, liquidations, truth
from runout.clock import NANOSECONDS_PER_HOUR, format_date, parse_time
from runout.emulator import Emulator, Market, Plan
from runout.emulator.venues import FORMS
from runout.sources.registry import venue_of

HOUR = NANOSECONDS_PER_HOUR


def emulated(venue: str, start: int) -> Emulator:
    return Emulator(Market(Plan(start=start, coins=("BTC",), history_days=3, traders=200)), speed=0, venues=(venue,))


def heard(emulator: Emulator, venue: str, topic: str, since: int) -> Counter[tuple[str, int, str, float]]:
    """Return the liquidations that are read of half a minute of a topic, in which a hundred happen to each contract."""
    desk, stream = emulator.counters[venue].desk, FORMS[venue].stream
    assert stream is not None
    for contract in desk.contracts.values():
        if contract.kind != "spot":
            desk.inject(contract, since, 100, 20 * SECOND)
    feed = stream.feed(desk, topic)
    assert feed is not None
    payloads = [payload for _, payload in feed.produce(desk, topic, since, since + 30 * SECOND)]
    instruments = instruments_of(emulator, venue)
    rows = venue_of(venue).normalise(payloads, [since + 30 * SECOND] * len(payloads), instruments)
    assert not rows.refused.height
    return liquidations(emulator, rows, instruments)


def test_open_interest_of_bybit_is_one_sided_before_and_after_it_said_so_itself() -> None:
    change = parse_time("2026-06-11")
    emulator = emulated("bybit", change + 6 * HOUR)
    desk = emulator.counters["bybit"].desk
    series = [
        (instrument, rows)
        for instrument, kind, rows in stored(emulator, venue_of("bybit"), change - 6 * HOUR, change + 6 * HOUR)
        if kind == "open_interest"
    ]
    for instrument, rows in series:
        assert rows["event_time"].min() < change - 5 * HOUR < change + 5 * HOUR < rows["event_time"].max()
        check_open_interest(desk, contract_of(desk, instrument), rows)
    assert len(series) == 2


def test_dollar_contracts_on_the_merged_stream_of_binance_are_dollars() -> None:
    change = parse_time("2026-06-30")
    emulator = emulated("binance", change + 3 * HOUR)
    for moment, symbols in ((change - 2 * HOUR, {"BTCUSDT"}), (change + 2 * HOUR, {"BTCUSDT", "BTCUSD_PERP"})):
        said = heard(emulator, "binance", "um.combined|!forceOrder@arr", moment)
        true = truth(emulator, "binance", moment, moment + 30 * SECOND)
        assert said == Counter({event: number for event, number in true.items() if event[0] in symbols})
        assert {symbol for symbol, *_ in said} == symbols


def test_liquidations_of_gate_are_all_of_them_from_the_day_on_that_it_says_so() -> None:
    change = parse_time("2026-08-20")
    emulator = emulated("gate", change + 3 * HOUR)
    for moment, capture in ((change - 2 * HOUR, "capped"), (change + 2 * HOUR, "complete")):
        said = heard(emulator, "gate", "futures.public_liquidates|!all", moment)
        assert said == truth(emulator, "gate", moment, moment + 30 * SECOND)
        assert (sum(said.values()) >= 100) is (capture == "complete")
        day = format_date(moment)
        laws = [law.capture for law in venue_of("gate").facts.captures if law.since <= day < (law.until or "9999")]
        assert laws == [capture]
