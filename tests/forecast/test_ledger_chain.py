"""The chain of forecasts: what was issued reads back as it was, and no field of any entry changes unseen."""

import json
from collections.abc import Iterator

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from forecast.histories import DAY, START
from forecast.made_up import made_up
from runout.forecast.ledger import FIRST, Entry, broken_links, chain, without_chain
from runout.forecast.record import Forecast
from runout.records import KINDS

SCHEMA = KINDS["ledger"].dtypes
DAYS = 5
FIELDS = Entry.__struct_fields__


def linked(forecasts: list[Forecast], *, first: int = 1, previous: str = FIRST, clock: int = 0) -> list[Entry]:
    entries: list[Entry] = []
    for sequence, one in enumerate(forecasts, start=first):
        entries.append(chain(one, sequence=sequence, previous=previous, issued_time=one.at + clock))
        previous = entries[-1].entry_hash
    return entries


def table(entries: list[Entry]) -> pl.DataFrame:
    return pl.DataFrame([msgspec.structs.asdict(one) for one in entries], schema=SCHEMA)


CHAIN = linked([made_up(START + day * DAY, headline=day != 3) for day in range(DAYS)])


def with_entry(place: int, **changes: object) -> list[Entry]:
    return [*CHAIN[:place], msgspec.structs.replace(CHAIN[place], **changes), *CHAIN[place + 1 :]]


def statements(entries: list[Entry]) -> str:
    return " ".join(one.statement for one in broken_links(table(entries)))


# -- as issued --------------------------------------------------------------------------------------------------------


def test_a_sound_chain_has_no_broken_links_and_neither_has_an_empty_one() -> None:
    assert broken_links(table(CHAIN)) == []
    assert broken_links(table([])) == []
    assert broken_links(table(CHAIN)[::-1]) == []


def test_an_entry_says_when_it_speaks_and_follows_the_one_before() -> None:
    assert [one.sequence for one in CHAIN] == [1, 2, 3, 4, 5]
    assert [one.previous for one in CHAIN] == [FIRST, *(one.entry_hash for one in CHAIN[:-1])]
    assert all(one.event_time == one.known_time == one.read().at for one in CHAIN)


@pytest.mark.parametrize("headline", [True, False])
def test_a_forecast_reads_back_as_it_was_issued_to_ten_digits(headline: bool) -> None:
    issued = made_up(headline=headline)
    entry = linked([issued])[0]
    read = entry.read()
    assert chain(read, sequence=1, previous=FIRST, issued_time=START) == entry
    assert json.loads(entry.forecast)["windows"][0]["median_usd"] == 123456789.0
    assert read == msgspec.structs.replace(issued, windows=read.windows, conditions=read.conditions)
    assert [(one.move, one.days) for one in read.conditions] == [(one.move, one.days) for one in issued.conditions]
    for window, ours in zip(issued.windows, read.windows, strict=True):
        assert (ours.level, ours.start, ours.lead) == (window.level, window.start, window.lead)
        assert [p.probability for p in ours.headline] == [
            pytest.approx(p.probability, rel=1e-9) for p in window.headline
        ]


@given(some.floats(0, 1), some.floats(0, 1), some.floats(1, 1e13))
def test_any_figures_read_back(low: float, probability: float, usd: float) -> None:
    issued = made_up()
    first = issued.windows[0]
    one = msgspec.structs.replace(first.headline[0], probability=probability, low=low)
    windows = (msgspec.structs.replace(first, headline=(one,), median_usd=usd), issued.windows[1])
    read = linked([msgspec.structs.replace(issued, windows=windows)])[0].read().windows[0]
    found = (read.headline[0].probability, read.headline[0].low, read.median_usd)
    assert found == pytest.approx((probability, low, usd), rel=1e-9)


def test_machines_that_differ_in_the_last_bits_issue_the_same_entry() -> None:
    issued = made_up()
    first = msgspec.structs.replace(issued.windows[0], median_usd=issued.windows[0].median_usd * (1 + 1e-14))
    other = msgspec.structs.replace(issued, windows=(first, issued.windows[1]))
    assert linked([issued]) == linked([other])


def test_an_entry_is_live_within_a_day_of_its_moment_and_a_replay_after() -> None:
    assert linked([made_up()], clock=0)[0].live
    assert linked([made_up()], clock=DAY - 1)[0].live
    assert not linked([made_up()], clock=DAY)[0].live


@pytest.mark.parametrize("name", ["forecast", "entry_hash", "sequence"])
def test_an_entry_cannot_be_written_to(name: str) -> None:
    with pytest.raises(AttributeError, match="immutable"):
        setattr(CHAIN[0], name, None)


# -- altered ----------------------------------------------------------------------------------------------------------


@given(some.integers(0, DAYS - 1), some.sampled_from(FIELDS), some.integers(1, 10**9), some.integers(0, 10**6))
def test_any_field_of_any_entry_that_changes_is_found(place: int, name: str, by: int, where: int) -> None:
    value = getattr(CHAIN[place], name)
    if isinstance(value, int):
        other: object = value + by
    elif isinstance(value, bytes):
        at = where % len(value)
        other = value[:at] + bytes([(value[at] + 1 + by % 255) % 256]) + value[at + 1 :]
    else:
        at = where % len(value)
        other = value[:at] + chr((ord(value[at]) + 1 + by) % 0xD000) + value[at + 1 :]
    assert other == value or broken_links(table(with_entry(place, **{name: other})))


def leaves(document: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    found = [leaf for key, value in pairs for leaf in leaves(value, (*path, key))]
    yield from found or [path]


def test_every_single_figure_and_word_of_a_forecast_is_under_its_hash() -> None:
    document = json.loads(CHAIN[2].forecast)
    places = list(leaves(document))
    assert len(places) > 80
    for path in places:
        forged = json.loads(CHAIN[2].forecast)
        inner = forged
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = "another"
        content = msgspec.json.encode(forged)
        assert "entry 3: its content differs from its hash" in statements(with_entry(2, forecast=content)), path


def test_a_forger_who_mends_the_hash_breaks_the_next_link() -> None:
    forged = chain(
        made_up(START + DAY, ratio_events=99), sequence=2, previous=CHAIN[0].entry_hash, issued_time=START + DAY
    )
    assert statements([CHAIN[0], forged, *CHAIN[2:]]) == (
        "entry 3: does not follow the entry before it: one of them was changed"
    )


@given(some.integers(0, DAYS - 2), some.integers(1, DAYS - 1))
def test_entries_taken_out_are_found_unless_they_are_the_last(place: int, count: int) -> None:
    left = [*CHAIN[:place], *CHAIN[place + count :]]
    if place + count >= DAYS:
        assert broken_links(table(left)) == []
    else:
        assert f"expected entry {place + 1}: entries are missing or repeated" in statements(left)


@given(some.permutations(range(DAYS)))
def test_entries_renumbered_in_another_order_are_found(order: list[int]) -> None:
    moved = [msgspec.structs.replace(CHAIN[old], sequence=new) for new, old in enumerate(order, start=1)]
    assert bool(broken_links(table(moved))) == (order != list(range(DAYS)))


def test_an_entry_that_stands_twice_is_found_and_named() -> None:
    found = broken_links(table([*CHAIN, CHAIN[3]]))
    assert {(one.coin, one.moment) for one in found} == {("BTC", START + 3 * DAY)}
    assert found[0].statement == "entry 4: expected entry 5: entries are missing or repeated"


def test_a_chain_that_starts_from_another_beginning_is_found() -> None:
    assert broken_links(table(linked([made_up()], previous="1" + FIRST[1:])))
    assert broken_links(table(linked([made_up()], first=2)))


# -- what was said ----------------------------------------------------------------------------------------------------


@given(some.permutations([(START + day * DAY, coin) for day in range(3) for coin in ("BTC", "ETH")]))
def test_two_ledgers_that_say_the_same_are_equal_without_their_chain(order: list[tuple[int, str]]) -> None:
    said = [table(linked([made_up(at, coin=coin) for at, coin in one], clock=len(one))) for one in (order, order[::-1])]
    assert without_chain(said[0]).equals(without_chain(said[1]))
    assert not said[0].equals(said[1])
