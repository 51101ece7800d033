"""The table of headline facts is sound, and nobody reads a fact before it was published."""

import pytest

from runout.clock import format_date, parse_time
from runout.coverage.market_wide_facts import parse_facts, shipped_facts
from runout.errors import SchemaError

FACTS = shipped_facts()

ENTRY = """
[[facts]]
event = "2025-01-01"
date = "2025-01-01"
window = "rolling-24h"
end = ["2025-01-01T08:00Z", "2025-01-01T12:00Z"]
headline_usd = 500e6
long_usd = 400e6
published = "2025-01-01T12:30Z"
basis = "stated"
vintage = "live"
strength = "sound"
status = "used"
source = "a page"
"""


def test_an_entry_becomes_a_fact_in_nanoseconds():
    (fact,) = parse_facts(ENTRY)
    assert fact.end == (parse_time("2025-01-01T08:00Z"), parse_time("2025-01-01T12:00Z"))
    assert (fact.low_usd, fact.headline_usd, fact.high_usd) == (500e6, 500e6, 500e6)
    assert fact.short_usd is None


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        ('published = "2025-01-01T12:30Z"', 'published = "2025-01-01T07:00Z"'),
        ("long_usd = 400e6", "long_usd = 600e6"),
        ("headline_usd = 500e6", "headline_usd = 500e6\nlow_usd = 600e6"),
        ("T08:00Z", "T13:00Z"),
        ('window = "rolling-24h"', 'window = "a week"'),
        ("headline_usd", "headline"),
        ("[[facts]]", "[[facts"),
        ('date = "2025-01-01"', "date = 2025"),
    ],
)
def test_a_wrong_entry_is_refused_with_one_error_of_ours(found, instead):
    with pytest.raises(SchemaError):
        parse_facts(ENTRY.replace(found, instead))


def test_the_facts_of_the_article_stand_in_the_table():
    told = [(f.headline_usd, f.long_usd, format_date(f.date)) for f in FACTS if "article" in f.source]
    assert told == [(961e6, 821e6, "2025-08-14"), (563e6, 485e6, "2025-08-18")]


def test_every_fact_not_used_says_why():
    assert all(fact.remark for fact in FACTS if fact.status != "used")


def test_sides_that_do_not_add_up_are_known_by_name():
    disagreeing = {
        format_date(f.date)
        for f in FACTS
        if f.status == "used" and f.long_usd is not None and f.short_usd is not None
        and abs(f.long_usd + f.short_usd - f.headline_usd) > 0.005 * f.headline_usd
    }  # fmt: skip
    assert disagreeing == {"2024-04-13"}


def test_the_contradicted_list_entry_is_kept_as_rejected():
    (listed,) = [fact for fact in FACTS if fact.headline_usd == 7.68e9]
    assert listed.status == "rejected"


def test_figures_of_later_lists_are_not_known_before_the_list():
    listed = [fact for fact in FACTS if fact.vintage == "later-list"]
    assert listed
    assert min(fact.published for fact in listed) > parse_time("2025-10-01")


def test_facts_that_say_the_same_hours_twice_share_their_event():
    by_day = {}
    for fact in FACTS:
        if fact.window != "year":
            by_day.setdefault(fact.date, set()).add(fact.event)
    # Two waves of one day: the quiet 24 h to the afternoon of 5 June 2025, and the fall of that evening.
    assert {format_date(day) for day, events in by_day.items() if len(events) > 1} == {"2025-06-05"}
