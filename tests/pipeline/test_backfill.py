"""A backfill over loopback: rows, resumption, limits and what venues say instead of an answer."""

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from aiohttp import web
from small_venue import STEP, UNTIL, SmallVenue

from runout import clock
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_SECOND, format_time, monotonic_seconds
from runout.collect.addresses import address_of
from runout.collect.budget import Budget
from runout.collect.http import Patience
from runout.errors import ConfigurationError, UsageError
from runout.lake import Lake
from runout.pipeline.backfill import Backfill, Backfilled
from runout.pipeline.backfill_plan import Plan
from runout.pipeline.derive import put_together
from runout.sources.facts import Pool, read_facts
from runout.sources.registry import venue_of

DAYS = 2
SINCE = UNTIL - DAYS * NANOSECONDS_PER_DAY
HASTY = Patience(first_wait=0.01, longest_wait=0.05, timeout=5.0)
LINES = 4


def backfill(server: SmallVenue, root, patience: Patience = HASTY):
    with Backfill(Lake(root), root / "state", [venue_of("binance")], hosts=server.url, patience=patience) as job:
        plan = job.plan(["BTC"], SINCE, UNTIL)
        return plan, job.run(plan)


class Whole(NamedTuple):
    """A backfill that nothing disturbed, and a second one after it."""

    plan: Plan
    outcome: Backfilled
    asked: list[str]
    again: tuple[Plan, Backfilled]
    asked_again: list[str]
    lake: Lake
    fingerprint: dict[str, str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    with SmallVenue() as server:
        plan, outcome = backfill(server, root)
        asked = list(server.asked)
        again = backfill(server, root)
        asked_again = server.asked[len(asked) :]
    return Whole(plan, outcome, asked, again, asked_again, Lake(root), Lake(root).fingerprint())


def test_every_series_of_the_plan_is_whole_and_its_rows_are_those_that_the_venue_has(whole):
    plan, outcome, asked, lake = whole.plan, whole.outcome, whole.asked, whole.lake
    assert {got.state for got in outcome.got} == {"done"}
    assert outcome.refused == outcome.conflicting == 0
    assert len(outcome.got) == len(plan.requests)
    bars = lake.as_of("bars", series=["binance/bars/BTC/perpetual-BTCUSDT/5m"])
    assert bars["event_time"].to_list() == list(range(SINCE + STEP, UNTIL + 1, STEP))
    interest = lake.as_of("open_interest", series=["binance/open_interest/BTC/perpetual-BTCUSDT/5m"])
    # The newest statistic is known a step later: it is left to the next backfill.
    assert interest["event_time"].to_list() == list(range(SINCE, UNTIL, STEP))
    assert len(asked) == len(set(asked))


def test_what_was_asked_for_before_is_not_asked_for_again(whole):
    plan, again = whole.again
    assert whole.outcome.added > 0
    assert not plan.requests
    assert (again.calls, again.added, whole.asked_again) == (0, 0, [])
    assert plan.series_complete == 10


def test_the_totals_of_a_venue_are_in_coins_and_dollars_of_all_its_contracts(whole):
    lake = whole.lake
    put_together(lake)
    parts = lake.as_of("open_interest", series=["binance/open_interest/BTC/perpetual-BTCUSDT/5m"])
    inverse = lake.as_of("open_interest", series=["binance/open_interest/BTC/perpetual-BTCUSD_PERP/5m"])
    total = lake.as_of("open_interest", series=["runout/open_interest/BTC/binance/5m"])
    assert total["open_interest_usd"].to_list() == pytest.approx(
        (parts["open_interest_usd"] + inverse["open_interest_usd"]).to_list()
    )
    assert total["open_interest_base"].to_list() == pytest.approx(
        (parts["open_interest_base"] + inverse["open_interest_base"]).to_list()
    )
    hours = lake.as_of("bars", series=["runout/bars/BTC/binance-perpetual/1h"])
    assert hours.height == 24 * DAYS
    assert set(hours["volume_base"]) == {36.0}
    assert put_together(lake) == 0


def killed_runs(root, server: SmallVenue, kills: list[int]) -> None:
    """Run the command until it is through, killing it at the calls named."""
    command = [sys.executable, "-m", "runout", "backfill", "BTC", "--days", str(DAYS), "--until", format_time(UNTIL),
               "--venue", "binance", "--lake", str(root)]  # fmt: skip
    environment = {**os.environ, "RUNOUT_VENUE_HOSTS": server.url, "NO_COLOR": "1"}
    for kill in [*kills, None]:
        server.kill_at = None if kill is None else len(server.asked) + kill
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        server.victim = process.pid
        _, errors = process.communicate()
        if kill is None:
            assert process.returncode == 0, errors.decode()
            return


def check_killed(root, whole, kills: list[int]) -> None:
    with SmallVenue() as server:
        killed_runs(root, server, kills)
        repeated = sum(count - 1 for count in Counter(server.asked).values())
    assert Lake(root).fingerprint() == whole.fingerprint
    # A call is repeated only if it was in flight: of as many lines as ask at the same time, at each kill.
    assert repeated <= LINES * len(kills)


def test_a_killed_backfill_goes_on_where_it_was_and_ends_with_the_same_rows(tmp_path, whole):
    check_killed(tmp_path, whole, [17])


@pytest.mark.study
def test_fifty_kills_change_nothing(tmp_path, whole):
    rng = np.random.default_rng(15)
    check_killed(tmp_path, whole, [int(n) for n in rng.integers(1, 4, 50)])


def instead(status: int, text: str, **headers: str) -> web.Response:
    return web.Response(status=status, text=text, headers=headers)


def test_refusals_and_broken_answers_cost_time_and_no_row(tmp_path, whole):
    bad = {
        5: lambda: instead(429, '{"code":-1003,"msg":"slow down"}', **{"Retry-After": "1"}),
        9: lambda: instead(502, "<html>bad gateway</html>"),
        12: lambda: instead(200, "[[1"),
        14: lambda: instead(200, "null"),
        17: lambda: instead(418, '{"code":-1003,"msg":"banned"}', **{"Retry-After": "1"}),
        20: lambda: instead(200, '{"rows":[]}'),
    }
    moments: list[float] = []

    def fault(number: int, asked: str) -> web.Response | None:
        moments.append(monotonic_seconds())
        return bad[number]() if number in bad else None

    with SmallVenue(fault=fault) as server:
        _, outcome = backfill(server, tmp_path)
    assert {got.state for got in outcome.got} == {"done"}
    ours = Lake(tmp_path).fingerprint()
    for kind in ("bars", "open_interest", "funding", "positioning"):
        assert ours[kind] == whole.fingerprint[kind]
    # After each request for silence at most the calls that were in flight arrive within the second.
    for asked in (5, 17):
        assert sum(moments[asked - 1] < m < moments[asked - 1] + 0.9 for m in moments) < LINES
    assert outcome.refused == 1


def test_while_a_ban_lasts_one_call_finds_out_and_each_time_later(tmp_path):
    begun: list[float] = []
    refused: list[str] = []

    def fault(number: int, asked: str) -> web.Response | None:
        if number >= 10 and not begun:
            begun.append(monotonic_seconds())
        if begun and monotonic_seconds() < begun[0] + 2.5:
            refused.append(asked)
            return instead(418, '{"code":-1003,"msg":"banned"}', **{"Retry-After": "1"})
        return None

    with SmallVenue(fault=fault) as server:
        _, outcome = backfill(server, tmp_path)
    assert {got.state for got in outcome.got} == {"done"}
    # Those in flight when it began, and one after a second; the next is asked after two more.
    assert len(refused) <= LINES + 1


def test_a_country_that_is_refused_gets_the_venues_own_words_and_no_further_calls(tmp_path):
    def fault(number: int, asked: str) -> web.Response | None:
        del asked
        return instead(451, '{"code":0,"msg":"Service unavailable from a restricted location"}') if number > 5 else None

    with SmallVenue(fault=fault) as server:
        _, outcome = backfill(server, tmp_path)
        assert len(server.asked) <= 5 + LINES
    assert {got.state for got in outcome.got} == {"open"}
    assert "restricted location" in next(got.words for got in outcome.got if got.words)


def test_a_listing_of_which_a_part_fails_delists_nothing(tmp_path):
    with SmallVenue() as server:
        first, _ = backfill(server, tmp_path)
        with sqlite3.connect(tmp_path / "state" / "backfill.sqlite") as journal:
            journal.execute("UPDATE listings SET received = 0")
            journal.execute("DELETE FROM stretches")
        journal.close()
        server.fault = lambda _, asked: web.Response(status=500) if "/um/" in asked and "Info" in asked else None
        with Backfill(Lake(tmp_path), tmp_path / "state", [venue_of("binance")], hosts=server.url, patience=HASTY) as j:
            second = j.plan(["BTC"], SINCE, UNTIL)
    assert [wanted.series for wanted in second.requests] == [wanted.series for wanted in first.requests]
    assert second.missing == {}
    assert "its former list of instruments is used" in second.refused["Binance"]


def test_of_a_venue_that_is_listed_in_part_no_coin_is_called_missing(tmp_path):
    with SmallVenue(fault=lambda _, asked: web.Response(status=500) if "exchangeInfo" in asked else None) as server:
        plan, _ = backfill(server, tmp_path)
    assert plan.missing == {}
    assert "Binance" in plan.refused


def test_a_symbol_that_is_gone_ends_its_series_only(tmp_path):
    def fault(number: int, asked: str) -> web.Response | None:
        del number
        return instead(400, '{"code":-1121,"msg":"Invalid symbol."}') if "topLong" in asked else None

    with SmallVenue(fault=fault) as server:
        _, outcome = backfill(server, tmp_path)
    assert sorted(got.state for got in outcome.got) == ["done"] * 8 + ["stopped"] * 2
    assert {got.words for got in outcome.got if got.state == "stopped"} != {""}


def test_the_plan_says_calls_and_minutes_and_what_the_venue_no_longer_keeps(tmp_path):
    with SmallVenue() as server:
        with Backfill(Lake(tmp_path), tmp_path / "state", [venue_of("binance")], hosts=server.url) as job:
            plan = job.plan(["BTC", "XYZ"], UNTIL - 400 * NANOSECONDS_PER_DAY, UNTIL)
            asked = len(server.asked)
            assert job.plan(["BTC"], SINCE, UNTIL).calls() == {"binance": 15}
        assert len(server.asked) == asked == 5
    assert plan.missing == {"binance": ("XYZ",)}
    interest = [w for w in plan.requests if w.history.kind == "open_interest"]
    assert {w.since for w in interest} == {UNTIL - STEP - 30 * NANOSECONDS_PER_DAY}
    assert sum(w.calls for w in plan.requests if w.history.kind == "bars") == 3 * 116
    assert plan.seconds()["binance"] > 50
    assert any("Liquidations" in sentence for sentence in plan.cannot["Binance"])


def test_one_backfill_of_a_lake_runs_at_a_time(tmp_path):
    with (
        Backfill(Lake(tmp_path), tmp_path / "state", []),
        pytest.raises(UsageError, match="one backfill"),
        Backfill(Lake(tmp_path), tmp_path / "state", []),
    ):
        pass


def test_two_processes_together_keep_within_the_share_of_a_limit(tmp_path):
    pool = Pool(weight=10, seconds=60.0, share=0.8, source="test")
    with Budget(tmp_path / "limits.sqlite") as first, Budget(tmp_path / "limits.sqlite") as second:
        taken = [ledger.take("v", "p", pool, 2) for _ in range(3) for ledger in (first, second)]
        assert [wait == 0.0 for wait in taken] == [True] * 4 + [False] * 2
        assert 0 < taken[-1] <= 60
        assert second.take("v", "other", pool, 8) == 0.0
        second.pause("v", 30.0, "slow down")
        assert 29 < first.take("v", "other", pool, 0) <= 30
        assert first.take("w", "p", pool, 2) == 0.0


def test_an_emulated_clock_sixty_times_as_fast_loosens_no_limit(tmp_path):
    pool = Pool(weight=2, seconds=3.0, share=1.0, source="test")
    # A tenth of a second on this machine is six of the market: two windows of the limit.
    emulated = clock.emulated_clock(UNTIL, 60.0)
    try:
        clock.follow(emulated)
        with Budget(tmp_path / "limits.sqlite") as ledger:
            assert ledger.take("v", "p", pool, 2) == 0.0
            ledger.pause("w", 3.0, "slow down")
            clock.follow(emulated._replace(wall=emulated.wall - NANOSECONDS_PER_SECOND // 10))
            assert 2.0 < ledger.take("v", "p", pool, 2) <= 3.0
            assert 2.0 < ledger.take("w", "p", pool, 2) <= 3.0
    finally:
        clock.follow(None)


def test_weight_leaves_its_window_so_long_after_the_answer(tmp_path):
    pool = Pool(weight=1, seconds=3600.0, share=1.0, source="test")
    try:
        with Budget(tmp_path / "limits.sqlite") as ledger:
            assert ledger.take("v", "p", pool, 1) == 0.0
            clock.follow(clock.EmulatedClock(UNTIL, 1, 1.0, 1 + 1e-6))  # half an hour later
            assert ledger.take("v", "p", pool, 1) < 1900
            ledger.answered("v", "p")
            assert ledger.take("v", "p", pool, 1) > 3500
    finally:
        clock.follow(None)


def test_weight_that_others_behind_the_address_used_is_taken_into_account(tmp_path):
    pool = Pool(weight=10, seconds=60.0, share=1.0, source="test")
    with Budget(tmp_path / "limits.sqlite") as ledger:
        ledger.take("v", "p", pool, 2)
        ledger.observe("v", "p", pool, 9)
        assert ledger.take("v", "p", pool, 2) > 0
        assert ledger.take("v", "p", pool, 1) == 0.0


def test_addresses_are_replaced_all_or_not_at_all():
    facts = read_facts("binance")
    assert address_of(facts, "um", "") == "https://fapi.binance.com"
    assert address_of(facts, "um", "http://127.0.0.1:1/") == "http://127.0.0.1:1/binance/um"
    assert address_of(facts, "stream", "http://127.0.0.1:1") == "ws://127.0.0.1:1/binance/stream"
    assert address_of(facts, "um", {"binance": {"um": "http://x"}}) == "http://x"
    with pytest.raises(ConfigurationError, match="venue_hosts"):
        address_of(facts, "cm", {"binance": {"um": "http://x"}})


def test_an_earlier_answer_that_comes_again_is_not_taken_for_the_present_one(tmp_path, whole):
    with SmallVenue(repeat_every=7) as server:
        _, outcome = backfill(server, tmp_path)
    assert {got.state for got in outcome.got} == {"done"}
    assert outcome.conflicting == 0
    for kind in ("bars", "open_interest", "funding", "positioning"):
        assert Lake(tmp_path).fingerprint()[kind] == whole.fingerprint[kind]
