"""``runout emulate``."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from runout.cli import screen
from runout.cli.configuration import time_option
from runout.clock import format_time, now_ns
from runout.synthetic import Scenario

if TYPE_CHECKING:
    from runout.emulator import Emulator

Repeated = Annotated[tuple[str, ...], Parameter(negative="")]


def emulate(
    *,
    coin: Repeated = ("BTC", "ETH", "SOL"),
    venue: Repeated = (),
    scenario: Scenario = "flush",
    speed: float = 60.0,
    start: str | None = None,
    at: str | None = None,
    days: int = 90,
    seed: int = 7,
    trades: int = 30,
    faults: str | None = None,
    port: int = 8787,
    hosts: Path | None = None,
) -> None:
    """Serve the synthetic market on the wire of every venue, on this machine only, until interrupted.

    Prints the base addresses as settings that `runout backfill` and `runout collect` take. Nothing here was observed
    anywhere. Needs the extra ``live``.

    Parameters
    ----------
    coin
        Base asset; may be repeated.
    venue
        Venue; may be repeated; all, if not named.
    scenario
        What befalls the market a few hours after the start, as `runout synthesize` has it.
    speed
        Market seconds in a real second. Limits and heartbeats stay in real seconds.
    start
        UTC time at which the market's clock begins; now, if not named.
    at
        UTC time that the clock shows at first, if later: a market that was emulated before goes on.
    days
        Days before the start that venues can be asked for.
    seed
        Seed of every random draw; the same seed gives the same bytes.
    trades
        Mean number of trades of a contract in a market minute.
    faults
        Script of faults: a TOML file, or the name of one that is built in (rest, streams, market, all).
    port
        Port on the loopback address; 0 takes a free one.
    hosts
        File that the addresses are written to as well.
    """
    from runout.emulator import SCRIPTS, Emulator, Plan, read_faults  # noqa: PLC0415 - needs the extra

    begin = time_option(start) if start else now_ns()
    plan = Plan(
        scenario=scenario, seed=seed, coins=coin, start=begin, history_days=days, trades_a_minute=max(trades, 4)
    )
    script = SCRIPTS[faults] if faults in SCRIPTS else read_faults(Path(faults)) if faults else ()
    screen.console(stderr=True).print(f"simulating {days} days of {', '.join(coin)} …")
    emulator = Emulator(plan, venues=venue, speed=speed, faults=script, port=port)
    if at:
        emulator.jump(time_option(at))
    asyncio.run(_serve(emulator, hosts))


async def _serve(emulator: "Emulator", hosts: Path | None) -> None:
    async with emulator:
        settings = emulator.settings()
        if hosts:
            hosts.write_text(settings, encoding="utf-8")  # noqa: ASYNC240 - once, before anybody asks
        console = screen.console()
        market = emulator.market
        console.print(
            f"# SYNTHETIC market ({market.plan.scenario}, seed {market.plan.seed}) from "
            f"{format_time(emulator.clock.start)} at ×{emulator.clock.speed:g}; it ends {format_time(market.end)}",
            soft_wrap=True, markup=False, highlight=False,
        )  # fmt: skip
        console.print(settings, markup=False, soft_wrap=True, highlight=False)
        await emulator.until_end()
        console.print(f"# the simulated market has ended: {emulator.truth.summary()}", soft_wrap=True, markup=False)
