"""A backfill against the emulated venues: what it stores, what it asks, and what it provokes, whatever goes wrong."""

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from runout.clock import NANOSECONDS_PER_DAY, format_time, parse_time
from runout.collect.http import Patience
from runout.emulator import Emulator, Fault, Market, Plan
from runout.emulator.limits import Account
from runout.emulator.scripts import SCRIPTS
from runout.lake import Lake
from runout.pipeline.backfill import LINES, Backfill
from runout.sources.registry import VENUES, venue_of

UNTIL = parse_time("2026-11-02T12:02:30Z")
"""In the middle of a bar: the newest row of every page is still running."""
FORM_FAULTS = (
    Fault(kind="overlap", every=3), Fault(kind="short-page", every=4), Fault(kind="loop", every=9),
    Fault(kind="null", every=13), Fault(kind="html", every=17), Fault(kind="cut", every=19),
    Fault(kind="reset", every=23), Fault(kind="broken", every=29), Fault(kind="empty", every=31),
    Fault(kind="unknown-field", every=2), Fault(kind="text-numbers", every=5),
)  # fmt: skip
BANS = (Fault(kind="banned", venue="binance", at=1_000, times=1), Fault(kind="banned", venue="okx", at=2_000, times=1))
ROWLESS_BYTES = 128
PEAK_BYTES = 600 * 2**20
ASKED = tuple(venue for venue in VENUES if venue not in os.environ.get("STUDY_WITHOUT", "").split(","))
"""Venues of the long studies."""
LIMIT_SPEED = float(os.environ.get("STUDY_LIMIT_SPEED", "240"))
"""How much faster than in earnest limits, silences and bans pass in the long studies, at the venues as in the client:
Bitfinex allows three calls a minute, and a flush of its market takes hours at that."""


@contextmanager
def serving(
    market: Market, faults: Sequence[Fault] = (), venues: Sequence[str] = (), limit_speed: float = 1.0
) -> Iterator[Emulator]:
    """Serve emulated venues, of which the market's clock stands almost still and that of limits may run fast."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    emulator = Emulator(market, speed=1e-4, wire_speed=limit_speed, faults=faults, venues=venues)
    asyncio.run_coroutine_threadsafe(emulator.__aenter__(), loop).result()
    try:
        yield emulator
    finally:
        asyncio.run_coroutine_threadsafe(emulator.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def rows_of(lake: Path) -> dict[str, str]:
    """Return the fingerprints of all that a lake says; what was refused is aside."""
    return {kind: mark for kind, mark in Lake(lake).fingerprint().items() if kind not in {"quarantine", "lake"}}


def accounts(emulator: Emulator) -> list[Account]:
    return [account for counter in emulator.counters.values() for account in counter.limits.accounts.values()]


def provoked(emulator: Emulator) -> int:
    """Return the bans that no fault of the script imposed, those that a call during a ban brought included."""
    return sum(account.bans - account.imposed for account in accounts(emulator))


def asked(emulator: Emulator) -> Counter[tuple[object, ...]]:
    return Counter((call.venue, call.path, call.parameters) for call in emulator.truth.calls)


def doubted(emulator: Emulator) -> set[tuple[object, ...]]:
    """Return the calls that are asked again on purpose: their answer has no rows, or came to another call as well."""
    askers: dict[int, set[tuple[object, ...]]] = {}
    for call in emulator.truth.calls:
        rowless = 0 if call.size <= ROWLESS_BYTES else call.checksum
        askers.setdefault(rowless, set()).add((call.venue, call.path, call.parameters))
    return {call for answer, calls in askers.items() if len(calls) > 1 or not answer for call in calls}


FEW = ("binance", "bybit", "okx", "hyperliquid", "gate", "kraken", "bitfinex")


def quick(market: Market, lake: Path, faults: Sequence[Fault] = ()) -> tuple[set[str], Emulator]:
    """Backfill a day of a coin from a few venues; return how its series ended."""
    with serving(market, faults, FEW) as emulator:
        patience = Patience(first_wait=0.01, longest_wait=0.05, attempts=10)
        venues = [venue_of(name) for name in FEW]
        with Backfill(Lake(lake), lake / "state", venues, hosts=emulator.url, patience=patience) as job:
            outcome = job.run(job.plan(["BTC", "ETH"], UNTIL - NANOSECONDS_PER_DAY, UNTIL))
        return {got.state for got in outcome.got}, emulator


@pytest.mark.study
def test_faults_of_form_change_no_row_and_without_them_calls_come_again_only_where_no_row_came(tmp_path: Path) -> None:
    market = Market(Plan(start=UNTIL, coins=("BTC", "ETH"), history_days=3, traders=200))
    states, clean = quick(market, tmp_path / "clean")
    assert states == {"done"}
    assert {count for call, count in asked(clean).items() if call not in doubted(clean)} == {1}
    states, faulty = quick(market, tmp_path / "faulty", FORM_FAULTS)
    assert states == {"done"}
    assert set(faulty.script.struck) == {fault.kind for fault in FORM_FAULTS}
    assert rows_of(tmp_path / "faulty") == rows_of(tmp_path / "clean")
    assert provoked(clean) == provoked(faulty) == 0


def say(name: str, emulator: Emulator, figures: str) -> None:
    """Print what a run was, past pytest's capture and at once."""
    imposed, in_flight = (sum(getattr(a, what) for a in accounts(emulator)) for what in ("imposed", "in_flight"))
    bans = f"bans: {imposed} imposed, {provoked(emulator)} provoked, {in_flight} calls in flight when one began"
    refused = sum(account.refusals for account in accounts(emulator))
    print(
        f"{name}: {emulator.truth.summary()}; {bans}; {refused} calls above a limit; "
        f"{emulator.clock.wire_seconds() / LIMIT_SPEED:.0f} s; {figures}", file=sys.__stdout__, flush=True,
    )  # fmt: skip


# -- as the command, whole ---------------------------------------------------------------------------------------------


def interrupted(emulator: Emulator, kills: Sequence[int]) -> Counter[tuple[str, int]]:
    """Return how many calls of each venue each kill made come again, and require that nothing else did."""
    last, alike = dict[tuple[object, ...], int](), doubted(emulator)
    repeated = Counter[tuple[str, int]]()
    for place, call in enumerate(emulator.truth.calls):
        asked = (call.venue, call.path, call.parameters)
        if asked in last and asked not in alike:
            between = [number for number, kill in enumerate(kills) if last[asked] < kill <= place]
            assert between, f"asked again without a kill: {asked}"
            repeated[call.venue, between[0]] += 1
        last[asked] = place
    return repeated


def peak_of(process: int) -> int:
    """Return the most bytes of memory that a process has had; wait4 would count those of the one that forked it."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


class Run:
    """The command against an emulator: started, watched, and killed where it is to be."""

    def __init__(self, emulator: Emulator, lake: Path, days: int) -> None:
        self.emulator, self.kills = emulator, list[int]()
        self._environment = {
            **os.environ, "RUNOUT_VENUE_HOSTS": emulator.url, "NO_COLOR": "1",
            "RUNOUT_EMULATED_CLOCK": str(emulator.followed()),
        }  # fmt: skip
        self._command = [sys.executable, "-m", "runout", "backfill", "BTC", "ETH", "SOL", "--days", str(days),
                         "--until", format_time(UNTIL), "--lake", str(lake),
                         *(word for venue in ASKED for word in ("--venue", venue))]  # fmt: skip

    def to_end(self) -> int:
        """Run to the end, again where something was left open; return the peak of its memory in bytes."""
        peak = 0
        for _ in range(5):
            with tempfile.TemporaryFile() as output:
                process = subprocess.Popen(self._command, env=self._environment, stdout=output, stderr=output)
                while process.poll() is None:
                    peak = max(peak, peak_of(process.pid))
                    time.sleep(0.02)
                output.seek(0)
                said = output.read().decode()
            if "Run the same command again" not in said and "does not answer everything" not in said:
                assert process.returncode in {0, 3}, said
                return peak
        raise AssertionError(f"expected the backfill to end, found after five runs\n{said}")

    def kill_after(self, calls: int) -> bool:
        """Kill it once so many more calls came; return whether it still ran."""
        process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        goal = len(self.emulator.truth.calls) + calls
        while process.poll() is None and len(self.emulator.truth.calls) < goal:
            time.sleep(0.002)
        running = process.poll() is None
        process.kill()
        process.wait()
        while self.emulator.clients:  # what it had sent is answered all the same
            time.sleep(0.002)
        self.kills.append(len(self.emulator.truth.calls))
        return running


@pytest.fixture(scope="module")
def days() -> int:
    return int(os.environ.get("STUDY_DAYS", "90"))


@pytest.fixture(scope="module")
def whole_market(days: int) -> Market:
    return Market(Plan(start=UNTIL, history_days=days, traders=800))


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, whole_market: Market, days: int
) -> tuple[Path, dict[str, str]]:
    """Return the lake of a backfill that nothing disturbed, and the fingerprints of its rows before any computation."""
    lake = tmp_path_factory.mktemp("undisturbed")
    with serving(whole_market, limit_speed=LIMIT_SPEED) as emulator:
        peak = Run(emulator, lake, days).to_end()
        say("clean", emulator, f"peak {peak / 2**20:.0f} MB")
        daily = {"defillama"} if days < 3 else set[str]()
        assert {call.venue for call in emulator.truth.calls} >= set(ASKED) - daily
        assert {call for call, times in asked(emulator).items() if times > 1} <= doubted(emulator)
        assert provoked(emulator) == 0
        assert peak <= PEAK_BYTES
    return lake, rows_of(lake)


@pytest.mark.study
def test_a_newcomer_gets_from_nothing_to_a_bulletin(undisturbed: tuple[Path, dict[str, str]]) -> None:
    lake, _ = undisturbed
    for command in (["compute"], ["bulletin", "BTC", "--at", format_time(UNTIL)]):
        done = subprocess.run(
            [sys.executable, "-m", "runout", *command, "--lake", str(lake)], capture_output=True, check=False
        )
        assert done.returncode in {0, 3}, done.stderr.decode()
    assert b"BTC" in done.stdout


@pytest.mark.study
def test_no_fault_of_a_venue_changes_a_row_or_provokes_a_ban(
    undisturbed: tuple[Path, dict[str, str]], tmp_path: Path, whole_market: Market, days: int
) -> None:
    with serving(whole_market, (*SCRIPTS["rest"], *FORM_FAULTS, *BANS), limit_speed=LIMIT_SPEED) as emulator:
        peak = Run(emulator, tmp_path, days).to_end()
        say("faulty", emulator, f"peak {peak / 2**20:.0f} MB; {emulator.script.struck}")
        assert provoked(emulator) == 0
        assert peak <= PEAK_BYTES
    assert rows_of(tmp_path) == undisturbed[1]


@pytest.mark.study
def test_fifty_kills_leave_the_same_rows_and_repeat_only_what_was_in_flight(
    undisturbed: tuple[Path, dict[str, str]], tmp_path: Path, whole_market: Market, days: int
) -> None:
    with serving(whole_market, limit_speed=LIMIT_SPEED) as emulator:
        run, rng = Run(emulator, tmp_path, days), np.random.default_rng(int(os.environ.get("STUDY_SEED", "15")))
        kills = int(os.environ.get("STUDY_KILLS", "50"))
        mean = max(days * 60, 150) // kills
        while len(run.kills) < kills:
            assert run.kill_after(int(rng.integers(1, 2 * mean))), "expected every kill, found it through before"
        run.to_end()
        repeated = interrupted(emulator, run.kills)
        say("killed", emulator, f"{len(run.kills)} kills, {sum(repeated.values())} calls repeated")
        # Of each venue as many calls are in flight as lines ask.
        assert max(repeated.values()) <= LINES
        assert provoked(emulator) == 0
    assert rows_of(tmp_path) == undisturbed[1]
