"""A feed is covered where any of its copies is, in whatever order their proofs are noted."""

import pytest

from runout.collect.coverage import Coverage, Gap

SECOND = 1_000_000_000
BEGIN = 1_000 * SECOND
FEED = ("binance", "liquidations")


def two_copies() -> Coverage:
    """One copy that lives on, one that was lost at 10 s, and its successor."""
    coverage = Coverage()
    coverage.open(1, FEED, BEGIN, limit=5.0)
    coverage.open(2, FEED, BEGIN, limit=5.0)
    for source in (1, 2):
        assert coverage.prove(source, 10, BEGIN, BEGIN + 9 * SECOND) == []
    assert coverage.end(1, "connection lost", planned=False) == []
    coverage.open(3, FEED, BEGIN + 10 * SECOND, limit=5.0)
    return coverage


@pytest.mark.parametrize("order", [(2, 3), (3, 2)])
def test_a_successor_that_speaks_before_the_copy_that_lived_on_makes_no_gap(order: tuple[int, int]):
    coverage = two_copies()
    firsts = {2: BEGIN + 12 * SECOND, 3: BEGIN + 11 * SECOND}
    assert [gap for source in order for gap in coverage.prove(source, 2, firsts[source], BEGIN + 13 * SECOND)] == []
    assert coverage.feeds[FEED].covered == BEGIN + 13 * SECOND


def test_where_the_copy_that_lived_on_was_silent_or_ends_the_gap_is_noted_up_to_the_successor():
    gap = Gap(venue=FEED[0], feed=FEED[1], since=BEGIN + 9 * SECOND, until=BEGIN + 11 * SECOND, cause="connection lost")
    silent = two_copies()
    assert silent.prove(3, 2, BEGIN + 11 * SECOND, BEGIN + 13 * SECOND) == []
    assert silent.prove(3, 5, BEGIN + 14 * SECOND, BEGIN + 17 * SECOND) == [gap]
    ended = two_copies()
    assert ended.prove(3, 2, BEGIN + 11 * SECOND, BEGIN + 13 * SECOND) == []
    assert ended.end(2, "connection lost", planned=False) == [gap]
    assert silent.feeds[FEED].covered == BEGIN + 17 * SECOND
    assert ended.feeds[FEED].covered == BEGIN + 13 * SECOND
