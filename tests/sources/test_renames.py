"""A coin that took another name is one coin: its contracts, their sizes and prices, and what is planned of them."""

from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.pipeline.backfill_plan import chosen, histories
from runout.sources.registry import venue_of
from runout.sources.renames import present_name, renames, under_present_names
from runout.sources.venue import Instrument

DAY = NANOSECONDS_PER_DAY


def contract(symbol: str, coin: str, listed: str = "", delisted: str = "") -> Instrument:
    return Instrument(
        venue="bybit", symbol=symbol, coin=coin, quote="USDT", market="perpetual", margin="stablecoin",
        contract_base=1.0, listed=parse_time(listed) if listed else None,
        delisted=parse_time(delisted) if delisted else None,
    )  # fmt: skip


def test_every_change_of_name_is_dated_sourced_and_leads_to_a_name_that_is_still_used() -> None:
    rows = renames()
    assert {"MATIC", "FTM", "MKR", "TON"} <= set(rows)
    assert not {row.new for row in rows.values()} & set(rows)
    assert all(row.source and row.ratio > 0 and parse_time(row.date) for row in rows.values())


def test_sizes_and_prices_are_of_the_present_coin() -> None:
    (old,) = under_present_names([contract("MKRUSDT", "MKR", "2021-01-01")])
    assert (old.coin, old.former_coin, old.contract_base, old.priced_coins) == ("SKY", "MKR", 24000.0, 24000.0)


def test_a_contract_listed_later_under_the_old_name_is_another_coin() -> None:
    (other,) = under_present_names([contract("FTMUSDT", "FTM", "2025-06-01")])
    assert (other.coin, other.former_coin) == ("FTM", "")


def test_both_contracts_of_a_renamed_coin_are_backfilled_whole_and_of_two_at_a_time_the_present_one() -> None:
    venue = venue_of("bybit")
    after = contract("POLUSDT", "POL", "2024-09-13")
    for ended, whole in (("2024-09-09", {"MATICUSDT", "POLUSDT"}), ("", {"POLUSDT"})):
        listed = under_present_names([contract("MATICUSDT", "MATIC", "2021-01-01", ended), after])
        planned = chosen(listed, [present_name("MATIC")])
        assert {i.symbol for i in planned} == {"MATICUSDT", "POLUSDT"}
        assert {i.symbol for i in planned if len(histories(venue, i, planned)) > 1} == whole
