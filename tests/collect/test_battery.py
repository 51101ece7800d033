"""Every failure of a venue that the emulator can play, one by one: what was sent is stored, or a gap says why not.

The scenarios run side by side. ``docs/collecting.md`` has a table of them.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from collect.emulated import Run, SteadyLoop
from runout.emulator import Market

CUT = 6.0
"""Market seconds in which all connections are cut."""
Script = Callable[[Run], Awaitable[None]]
Check = Callable[[Run], None]


class Scenario(NamedTuple):
    venue: str
    script: Script
    check: Check
    settings: dict[str, Any]


QUICK: dict[str, Scenario] = {}
OTHERS: dict[str, Scenario] = {}
ALL: dict[str, Scenario] = {}


def scenario(name: str, venue: str, script: Script, check: Check, *, quick: bool = False, **settings: Any) -> None:
    ALL[name] = (QUICK if quick else OTHERS)[name] = Scenario(venue, script, check, settings)


# -- what a venue does ------------------------------------------------------------------------------------------------


def befalls(kind: str, *, before: float = 20.0, after: float = 50.0, **settings: Any) -> Script:
    """A fault strikes while the collector listens; then the market goes on."""

    async def script(run: Run) -> None:
        await run.listening()
        await run.market_seconds(before)
        run.strike(kind, **settings)
        await run.market_seconds(after)
        await run.recovered()

    return script


def begins_with(kind: str, **settings: Any) -> Script:
    """A fault strikes from the first connection on."""

    async def script(run: Run) -> None:
        run.strike(kind, **settings)
        await run.listening()
        await run.market_seconds(50.0)

    return script


async def goes_on(run: Run) -> None:
    await run.listening()
    await run.market_seconds(60.0)
    await run.recovered()


def ends_and(kind: str, **settings: Any) -> Script:
    """All connections are cut, and what follows befalls the next tries; a minute passes."""

    async def script(run: Run) -> None:
        await run.listening()
        await run.market_seconds(20.0)
        run.strike(kind, **settings)
        run.strike("abort", lasts=CUT)
        await run.until(lambda: any(one.state == "waiting" for one in run.standings()))
        await run.until(lambda: run.struck(kind) >= 2)
        # An outage that lasts is written a minute at a time, of real time: so many seconds of the market.
        await run.emulator.advance(1_300.0)
        await asyncio.sleep(1.5)

    return script


# -- what is to be seen of it -----------------------------------------------------------------------------------------


def nothing_is_lost(run: Run) -> None:
    assert sum(run.stored().values()) > 3, "the market liquidated nothing"
    assert not run.invented()
    assert not run.unexplained()


def without_gap(run: Run) -> None:
    nothing_is_lost(run)
    silent = [reason for reason in run.gaps() if "silent" in reason]  # only on a machine that stood still for seconds
    assert run.gaps() == silent
    assert silent or not run.missing()


def but_for_equals(run: Run) -> None:
    """Two of one instant and side that have the same number are one."""
    assert not run.invented()
    assert sum(run.unexplained().values()) <= 2


def with_gap(*words: str) -> Check:
    def check(run: Run) -> None:
        nothing_is_lost(run)
        assert [reason for reason in run.gaps() if any(word in reason for word in words)], run.gaps()

    return check


def damaged(kind: str) -> Check:
    """What was damaged is right all the same, in quarantine, or counted as unknown; the rest is stored."""

    def check(run: Run) -> None:
        struck = run.struck(kind)
        assert struck
        assert not run.invented()
        lost = sum(run.unexplained().values())
        assert lost <= struck
        # An empty list of data says nothing of what it left out.
        assert kind == "no-data" or lost <= run.refused + sum(run.health.unknown.values())
        assert not [one for one in run.standings() if one.state == "waiting" and "1006" not in one.cause]

    return check


# -- handshakes and acknowledgements ----------------------------------------------------------------------------------

scenario("first frame with the handshake", "binance", begins_with("early-frame"), without_gap, quick=True)
scenario("slow handshake", "okx", begins_with("slow-handshake", value=0.7), without_gap)
for status in (403, 429, 451, 502):
    scenario(
        f"handshake refused with {status}", "binance", ends_and("refuse-handshake", value=status),
        with_gap(f"HTTP {status}", "1006"), quick=status == 502,
    )  # fmt: skip
scenario("acknowledgement late", "binance", begins_with("late-ack"), without_gap)
scenario("acknowledgement missing", "bybit", begins_with("no-ack"), without_gap)


async def goes_silent_after_an_acknowledgement(run: Run) -> None:
    await run.listening()
    await run.market_seconds(20.0)
    run.strike("ack-silence", times=4)
    run.strike("abort", lasts=CUT)
    await run.until(lambda: run.struck("ack-silence") >= 4)
    await run.until(lambda: all(one.state == "open" and one.last_data for one in run.standings()))
    await run.market_seconds(40.0)


def acknowledged_in_vain(run: Run) -> None:
    nothing_is_lost(run)
    assert run.gaps()


scenario("acknowledged, then silent", "binance", goes_silent_after_an_acknowledgement, acknowledged_in_vain, quick=True)


async def an_old_address(run: Run) -> None:
    await run.until(lambda: sum(one.reconnects for one in run.standings()) >= 2)
    run.began = run.emulator.clock.now()


def dead_though_acknowledged(run: Run) -> None:
    assert not run.stored()
    assert all("silent" in one.cause or "acknowledged, but no data" in one.cause for one in run.standings())


scenario(
    "old address of Binance: acknowledged and silent", "binance", an_old_address, dead_though_acknowledged,
    change=lambda one: msgspec.structs.replace(one, path="/stream"),
)  # fmt: skip


def refused_topic(run: Run) -> None:
    nothing_is_lost(run)
    assert [reason for reason in run.gaps() if "subscription refused" in reason], run.gaps()


async def refuses_one_of_many(run: Run) -> None:
    await run.listening()
    await run.market_seconds(20.0)
    run.strike("refuse-topic", match="allLiquidation.ETHUSDT")
    run.strike("abort", lasts=CUT)
    await run.until(lambda: run.struck("refuse-topic") >= 2)
    await run.until(lambda: all(one.state == "open" and one.last_data for one in run.standings()))
    await run.market_seconds(60.0)


scenario("one symbol of a message refused", "bybit", refuses_one_of_many, refused_topic, quick=True)
scenario(
    "subscribed twice", "binance", goes_on, without_gap,
    change=lambda one: msgspec.structs.replace(one, opening=one.opening * 2),
)  # fmt: skip
scenario("old events again after a reconnect", "binance", befalls("abort", lasts=CUT, after=80.0), nothing_is_lost)
for venue in ("okx", "dydx", "kraken", "bybit"):

    async def replays(run: Run) -> None:
        run.strike("replay-old")
        await run.listening()
        await run.market_seconds(20.0)
        run.strike("abort", lasts=CUT)
        await run.market_seconds(70.0)

    scenario(
        f"old events first, again after a reconnect: {venue}", venue, replays, with_gap("1006"), quick=venue == "okx"
    )

# -- life and its end -------------------------------------------------------------------------------------------------

for venue in (
    "binance", "bybit", "okx", "gate", "bitget", "kraken", "deribit", "htx", "bitfinex", "dydx", "lighter", "aster",
):  # fmt: skip
    scenario(f"as usual, with its pings and law: {venue}", venue, goes_on, without_gap, quick=venue in {"htx", "gate"})
scenario(
    "half-dead: answers pings, sends nothing", "binance", befalls("mute", lasts=70.0, after=120.0),
    with_gap("silent for more than"), quick=True,
)  # fmt: skip
scenario("answers no ping, sends data", "okx", befalls("deaf"), without_gap)
scenario(
    "our pings missing: closed by the venue", "bitget", befalls("duplicate", times=1, after=200.0),
    with_gap("closed by the server", "1006"), copies=1,
    change=lambda one: msgspec.structs.replace(one, keep_alive=None),
)  # fmt: skip
for code in (1000, 1001, 1008, 4004):
    scenario(
        f"all connections closed with {code}", "binance", befalls("close", value=code, lasts=CUT, after=70.0),
        with_gap(f"closed by the server: {code}"), quick=code == 1001,
    )  # fmt: skip
scenario(
    "all connections lost without a close frame", "bybit", befalls("abort", lasts=CUT, after=70.0), with_gap("1006")
)
scenario("one of two connections lost", "binance", befalls("abort", times=1, after=60.0), without_gap, quick=True)
scenario("a server says that it shuts down", "binance", befalls("shutdown", after=80.0), nothing_is_lost)
scenario(
    "replaced before its end", "binance", goes_on, without_gap,
    change=lambda one: msgspec.structs.replace(one, rotate_after=1.0),
)  # fmt: skip


async def cut_again_and_again(run: Run) -> None:
    await run.listening()
    for _ in range(30):
        run.strike("abort", times=2)
        await run.market_seconds(5.0)
    await run.recovered()
    await run.market_seconds(40.0)


def within_the_limit_of_connections(run: Run) -> None:
    nothing_is_lost(run)
    assert not run.emulator.truth.refused_connections
    assert len(run.emulator.truth.connections) > 4


scenario("reconnects under a limit that punishes", "binance", cut_again_and_again, within_the_limit_of_connections)

# -- sequences and frames ---------------------------------------------------------------------------------------------

scenario(
    "numbers missing, liquidations among them", "deribit", befalls("drop", match="trades", every=7, times=6),
    with_gap("sequence:"), copies=1,
)  # fmt: skip
scenario("messages twice", "binance", befalls("duplicate", every=2), without_gap, copies=1)
scenario("messages out of order", "binance", befalls("reorder", every=3), without_gap, copies=1)
scenario(
    "numbers begin again", "deribit", befalls("sequence-reset", match="trades", every=5), nothing_is_lost, copies=1
)
for kind in (
    "cut-frame", "bad-utf8", "binary", "two-objects", "fragments", "nan", "no-data", "frame-text-numbers",
    "frame-plain-numbers", "frame-unknown-field", "frame-missing-field", "unknown-value", "long-decimals",
):  # fmt: skip
    for venue in ("binance", "okx"):
        scenario(
            f"{kind}: {venue}", venue, befalls(kind, match="liquidation", every=2), damaged(kind), copies=1,
            quick=(kind, venue) in {("cut-frame", "binance"), ("unknown-value", "okx")},
        )  # fmt: skip
scenario("huge", "binance", befalls("huge", match="liquidation", times=1), without_gap, copies=1)


def foreign(run: Run) -> None:
    assert run.struck("unknown-symbol")
    assert not run.invented()
    assert sum(run.unexplained().values()) <= run.struck("unknown-symbol")


scenario("symbols never listed", "binance", befalls("unknown-symbol", match="liquidation", every=3), foreign, copies=1)

# -- time and markets -------------------------------------------------------------------------------------------------


def known_after_it_was_received(run: Run) -> None:
    for kind in ("liquidations", "premium"):
        rows = run.table(kind)
        assert (rows["known_time"] >= rows["event_time"]).all()
    assert sum(run.stored().values()) > 3


for offset in (-2, 2):
    scenario(
        f"clock of the venue {offset:+d} s off", "binance", begins_with("clock-offset", venue="binance", value=offset),
        known_after_it_was_received,
    )  # fmt: skip
for shift in (-20, 20):
    scenario(
        f"stamps {shift:+d} s off", "bybit", befalls("shifted-stamp", value=shift, match="liquidation", every=3),
        known_after_it_was_received,
    )  # fmt: skip
scenario(
    "delisted while subscribed", "bybit", befalls("delist", venue="bybit", match="ETHUSDT", after=60.0), without_gap,
    refresh_seconds=1.0,
)  # fmt: skip


async def is_listed(run: Run) -> None:
    await run.listening()
    await run.market_seconds(20.0)
    run.strike("list", venue=run.venue, match="ETHUSDT")
    sockets = run.emulator.streams
    await run.until(lambda: any("ETHUSDT" in topic for socket in sockets.sockets for topic in socket.topics))
    run.heard_since["ETHUSDT"] = run.emulator.clock.now()
    await run.market_seconds(20.0)


scenario("listed while subscribed", "bybit", is_listed, without_gap, refresh_seconds=1.0, unlisted="ETHUSDT")


def whole_burst(run: Run) -> None:
    without_gap(run)
    assert max(run.stored().values()) > 1, "no two were equal"
    assert sum(run.stored().values()) > 1000


scenario(
    "a thousand liquidations in half a second", "bybit",
    befalls("burst", venue="bybit", match="BTCUSDT", value=1000, after=30.0), whole_burst, quick=True,
)  # fmt: skip

# -- REST -------------------------------------------------------------------------------------------------------------


def polled(run: Run) -> None:
    rows = run.table("open_interest")
    assert rows.height > 0
    assert (rows["open_interest_base"] > 0).all()
    assert run.emulator.truth.bans() <= 1


def between_polls(kind: str, times: int) -> Script:
    """A fault strikes calls after some were answered."""

    async def script(run: Run) -> None:
        await run.listening()
        await run.until(run.polls_answered)
        run.strike(kind, times=times)
        await run.until(lambda: run.struck(kind))
        await run.market_seconds(40.0)

    return script


for kind in (
    "slow-down",
    "slow-down-bare",
    "broken",
    "html",
    "null",
    "cut",
    "reset",
    "slow",
    "text-numbers",
    "unknown-field",
):
    for venue in ("binance", "okx", "hyperliquid") if kind.startswith("slow-down") else ("binance",):
        scenario(
            f"polls: {kind}: {venue}", venue, between_polls(kind, times=2), polled,
            kinds=("open_interest", "premium"),
        )  # fmt: skip
for kind in ("banned", "blocked"):
    scenario(f"polls: {kind}", "bybit", between_polls(kind, times=1), polled, kinds=("open_interest", "premium"))

# -- the tests --------------------------------------------------------------------------------------------------------


async def _play(one: Scenario, market: Market, folder: Path) -> Run:
    async with Run(market, one.venue, folder, **one.settings) as run:
        await one.script(run)
    return run


def play(scenarios: dict[str, Scenario], market: Market, folder: Path) -> dict[str, Run | BaseException]:
    async def all_of_them() -> Sequence[Run | BaseException]:
        folders = [folder / str(number) for number in range(len(scenarios))]
        tasks = [_play(one, market, at) for one, at in zip(scenarios.values(), folders, strict=True)]
        return await asyncio.gather(*tasks, return_exceptions=True)

    with asyncio.Runner(loop_factory=SteadyLoop) as runner:
        return dict(zip(scenarios, runner.run(all_of_them()), strict=True))


TOGETHER = 4
"""Scenarios that are played side by side."""


class Played:
    """Plays scenarios a batch at a time, when the first of a batch is asked for."""

    def __init__(self, scenarios: dict[str, Scenario], market: Market, folder: Path) -> None:
        self._scenarios, self._market, self._folder = scenarios, market, folder
        self._runs: dict[str, Run | BaseException] = {}

    def check(self, name: str) -> None:
        if name not in self._runs:
            begin = list(self._scenarios).index(name) // TOGETHER * TOGETHER
            batch = dict(itertools.islice(self._scenarios.items(), begin, begin + TOGETHER))
            self._runs = play(batch, self._market, self._folder / str(begin))
        run = self._runs[name]
        if isinstance(run, BaseException):
            raise run
        self._scenarios[name].check(run)


@pytest.fixture(scope="module")
def quick(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(QUICK, market, tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="module")
def others(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(OTHERS, market, tmp_path_factory.mktemp("others"))


def test_the_page_lists_every_failure_and_no_other():
    page = (Path(__file__).resolve().parents[2] / "docs" / "collecting.md").read_text("utf-8")
    section = page.split("## What a venue may do", 1)[1].split("\n## ", 1)[0]
    listed = [row.split("|")[1].strip() for row in section.splitlines() if row.startswith("| ")][1:]
    assert listed == list(dict.fromkeys(name.split(":")[0] for name in ALL))


@pytest.mark.study
@pytest.mark.parametrize("name", QUICK)
def test_what_a_venue_does_is_stored_or_said(quick: Played, name: str):
    quick.check(name)


@pytest.mark.study
@pytest.mark.parametrize("name", OTHERS)
def test_what_a_venue_may_do_is_stored_or_said(others: Played, name: str):
    others.check(name)
