"""Three changes of venues at their dates: what is stored before and after each is what happened, in one unit."""

from collections import Counter

import msgspec
import pytest

from emulator.test_emulated_history import answered, check_open_interest, contract_of, instruments_of, stored
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


@pytest.mark.parametrize("name", ["binance", "bybit"])
def test_the_contract_of_a_renamed_coin_has_its_end_and_is_stored_in_the_present_coin(name: str) -> None:
    start = parse_time("2025-05-01")
    emulator, venue = emulated(name, start), venue_of(name)
    desk, ends = emulator.counters[name].desk, start + 5 * HOUR
    desk.contracts |= {key: msgspec.structs.replace(item, delisted=ends) for key, item in desk.contracts.items()}
    answers = [(call, answered(emulator, call).body) for call in venue.instrument_calls()]
    (plain,) = [i for i in venue.read_instruments(answers) if i.symbol == "BTCUSDT" and i.market == "perpetual"]
    renamed = venue.read_instruments([(call, body.replace(b'"BTC"', b'"MKR"')) for call, body in answers])
    (old,) = [i for i in renamed if i.symbol == "BTCUSDT" and i.market == "perpetual"]
    assert (old.coin, old.former_coin, old.delisted, old.contract_base) == ("SKY", "MKR", ends, 24000.0)
    for history in venue.histories(plain):
        if history.kind not in {"bars", "open_interest"}:
            continue
        call = venue.first_call(history, plain, start - 6 * HOUR, start - HOUR)
        before, after = (
            venue.read_page(call, answered(emulator, call), [one]).rows.tables[history.kind] for one in (plain, old)
        )
        assert set(after["coin"]) == {"SKY"}
        for column in {"close", "volume_base", "open_interest_base", "open_interest_usd"} & set(after.columns):
            factor = 24000.0 if column.endswith("base") else 1.0 if column.endswith("usd") else 1 / 24000.0
            assert after[column].to_list() == pytest.approx([v and factor * v for v in before[column]])
