"""The shipped tables: their form, their dates, and that nothing is claimed between them."""

import subprocess
import sys

import numpy as np
import pytest

from runout import margin
from runout.clock import parse_time
from runout.errors import NotEnoughDataError, SchemaError, UsageError

TABLES = margin.shipped_tiers()
PUBLISHED = [table for table in TABLES if table.amounts]
EXAMPLE = """
[[tiers]]
venue = "here"
symbols = ["X"]
contract = "linear"
kind = "brackets"
unit = "usd"
floors = [0, 100]
rates = [0.01, 0.02]
since = "2025-01-01"
dating = "announced"
standing = "venue"
source = "a page"
"""


def named(table):
    return f"{table.venue}-{table.symbols[0]}-{table.since}"


def test_tables_of_every_venue_are_shipped():
    assert {table.venue for table in TABLES} == {"binance", "bybit", "okx", "hyperliquid", "deribit", "bitmex"}
    assert all(table.source for table in TABLES)


@pytest.mark.parametrize("table", PUBLISHED, ids=named)
def test_published_amounts_follow_from_floors_and_rates(table):
    computed = margin.maintenance_amounts(np.asarray(table.floors), np.asarray(table.rates))
    assert computed == pytest.approx(table.amounts, abs=0.01, rel=1e-9)


def test_every_binance_and_bybit_table_has_published_amounts():
    assert all(table.amounts for table in TABLES if table.venue in {"binance", "bybit"})


def test_initial_margin_at_the_highest_leverage_exceeds_the_maintenance_margin():
    for table in TABLES:
        for leverage, rate in zip(table.max_leverages, table.rates, strict=False):
            assert 1 / leverage > rate or (table.kind == "growing" and 1 / leverage >= rate), named(table)


def test_what_is_remembered_says_so():
    assert [named(table).split("-")[0] for table in TABLES if table.standing == "memory"] == ["okx"]
    assert all(table.remark for table in TABLES if table.dating == "assumed" and table.standing != "venue")


@pytest.mark.parametrize(
    ("at", "first", "maintenance_of_a_million"),
    [("2021-03-26T12:00", 50_000, 8_700), ("2025-01-01", 50_000, 5_550), ("2025-08-18", 300_000, 5_000)],
)
def test_a_table_is_found_by_date(at, first, maintenance_of_a_million):
    table = margin.tiers("binance", "BTCUSDT", parse_time(at))
    assert table.floors[1] == first
    assert margin.maintenance_margin(1_000_000, table.brackets()) == pytest.approx(maintenance_of_a_million)


def test_a_gap_is_refused_unless_the_nearest_will_do():
    inside = parse_time("2021-08-01")
    with pytest.raises(NotEnoughDataError, match="2021-03-26 to 2021-03-27"):
        margin.tiers("binance", "BTCUSDT", inside)
    assert margin.tiers("binance", "BTCUSDT", inside, nearest=True).since == parse_time("2021-03-26")
    assert margin.tiers("binance", "BTCUSDT", parse_time("2019-10-01"), nearest=True).since == parse_time("2021-03-26")


@pytest.mark.parametrize(("venue", "symbol"), [("binance", "NOSUCHUSDT"), ("nowhere", "BTCUSDT")])
def test_an_unknown_symbol_is_refused_even_with_the_nearest(venue, symbol):
    with pytest.raises(NotEnoughDataError, match="found none: "):
        margin.tiers(venue, symbol, parse_time("2025-01-01"), nearest=True)


def test_the_two_kinds_of_table_are_not_confused():
    with pytest.raises(UsageError, match="maintenance_rate"):
        margin.tiers("bitmex", "XBTUSD", parse_time("2022-01-01")).brackets()
    with pytest.raises(UsageError, match="brackets of binance"):
        margin.maintenance_rate(margin.tiers("binance", "BTCUSDT", parse_time("2025-01-01")), 5)


def test_a_table_without_steps_keeps_its_last_rate():
    table = margin.tiers("okx", "BTC-USDT-SWAP", parse_time("2025-01-01"))
    assert margin.maintenance_rate(table, [0, 10**6]).tolist() == [0.004, 0.004]


def test_the_example_is_read():
    (table,) = margin.parse_tiers(EXAMPLE)
    assert table.brackets().amounts.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("floors = [0, 100]", "floors = [0, 0]", "rise"),
        ("floors = [0, 100]", "floors = [100, 0]", "rise"),
        ("floors = [0, 100]", "floors = [0]", "shapes"),
        ("rates = [0.01, 0.02]", "rates = [0.02, 0.01]", "rise"),
        ("rates = [0.01, 0.02]", "rates = [0.01, 2]", "rise"),
        ("rates = [0.01, 0.02]", "rates = [0.01, 0.02]\namounts = [0, 2]", "wrong"),
        ("rates = [0.01, 0.02]", "rates = [0.01, 0.02]\nmax_leverages = [50]", "max_leverages"),
        ('kind = "brackets"', 'kind = "growing"', "step_rate"),
        ('kind = "brackets"', 'kind = "brackets"\nstep = 5', "step_rate"),
        ('kind = "brackets"', 'kind = "flat"', "kind"),
        ('unit = "usd"', 'unit = "usd"\nnote = "?"', "note"),
        ('since = "2025-01-01"', 'since = "lately"', "UTC time"),
        ('since = "2025-01-01"', 'since = "2025-01-01"\nuntil = "2024-01-01"', "until after since"),
        ("[[tiers]]", "[[tier]]", "tiers"),
    ],
)
def test_a_malformed_table_is_refused(old, new, complaint):
    assert old in EXAMPLE
    with pytest.raises(SchemaError, match=complaint):
        margin.parse_tiers(EXAMPLE.replace(old, new))


def test_tables_that_overlap_are_refused():
    later = EXAMPLE.replace("2025-01-01", "2025-06-01")
    with pytest.raises(SchemaError, match="one after the other"):
        margin.parse_tiers(EXAMPLE + later)
    ended = EXAMPLE.replace('since = "2025-01-01"', 'since = "2025-01-01"\nuntil = "2025-06-01"')
    assert len(margin.parse_tiers(ended + later)) == 2


def test_the_arithmetic_loads_no_numba():
    code = "import sys; from runout import margin; margin.shipped_tiers(); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
