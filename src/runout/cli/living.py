"""``runout live``."""

import os
import resource
import signal
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console

from runout import clock
from runout.cli import screen
from runout.clock import (
    NANOSECONDS_PER_DAY,
    NANOSECONDS_PER_HOUR,
    NANOSECONDS_PER_MINUTE,
    NANOSECONDS_PER_SECOND,
    format_time,
    now_ns,
)
from runout.errors import ExitCode, LakeError, NotEnoughDataError, SourceError, UsageError

if TYPE_CHECKING:
    from runout.pipeline.children import Children

Repeated = Annotated[tuple[str, ...], Parameter(negative="")]
Flag = Annotated[bool, Parameter(negative="")]
_MOST_EMULATOR_SECONDS: Final = 600.0
_MOST_BACKFILL_SECONDS: Final = 75.0
_HOURS_BEFORE: Final = 4
"""Between the begin of a market that outruns the clock and the move of its scenario."""
_FETCHED: Final = {ExitCode.DONE, ExitCode.FINDINGS, ExitCode.QUARANTINED}


def live(
    *coins: str,
    emulated: Flag = False,
    lake: str | None = None,
    venue: Repeated = (),
    days: int = 35,
    port: int = 8420,
    speed: float = 60.0,
    scenario: str = "flush",
    minutes: int | None = None,
) -> int:
    """Keep today's market: fetch what venues give away, collect, compute each minute, serve the page.

    Everything runs on this machine and answers on it alone. Interrupt it and start it again: it goes on, and what was
    missed in between is a gap. With --emulated nothing leaves the machine: the venues are made up, and so is every
    figure.

    Parameters
    ----------
    coins
        Base assets; BTC, if none is named.
    emulated
        Ask venues that are emulated here, with a made-up market, instead of the real ones.
    lake
        Folder of the lake; lakes/live or, emulated, lakes/emulated, if not named.
    venue
        Venue; may be repeated; all, if not named.
    days
        Days of the past to fetch first.
    port
        Port of the page on the loopback address.
    speed
        Emulated: market seconds in a second.
    scenario
        Emulated: what befalls the market, as `runout emulate` has it.
    minutes
        End after so many minutes of the market's time; without it, run until interrupted.

    Raises
    ------
    UsageError
        If an option is not of the expected form.
    SourceError
        If the emulator does not come up.
    """
    if days < 1:
        raise UsageError(f"--days is {days}; at least 1 day must be fetched")
    root = lake or ("lakes/emulated" if emulated else "lakes/live")
    if "://" in root:
        raise UsageError(f"--lake is {root}; live needs a folder, which it shares with the collector's raw log")
    environment = os.environ | {"RUNOUT_LAKE": root}
    # Of a minute's few rows threads cost more than they save: here alone, and before polars is imported.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    from runout.cli.backfilling import present_coins  # noqa: PLC0415
    from runout.pipeline.children import Children  # noqa: PLC0415 - as the models below

    names = present_coins(coins) or ("BTC",)
    chosen = [part for name in venue for part in ("--venue", name)]

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its processes end with it, whoever ends it
    with Children(environment, Path(root, "logs")) as children:
        say = screen.console(stderr=True)
        if emulated:
            options = ("--days", str(days + 5), "--scenario", scenario)
            _emulate(children, names, Path(root, "emulated-market.json"), options, speed)
            say.print(f"emulated venues answer; market time {format_time(now_ns())} at ×{speed:g}: SYNTHETIC")
        deliver = max(20.0 / (speed if emulated else 1.0), 2.0)
        begun = now_ns()
        children.start("collect", "collect", *names, *chosen, "--deliver", f"{deliver:g}")
        children.start("backfill", "backfill", *names, *chosen, "--days", str(days), once=True)
        _await_past(children, say)
        _keep(children, root, names, port, minutes=minutes, begun=begun)
    return ExitCode.DONE


# -- emulated venues --------------------------------------------------------------------------------------------------


class _Market(msgspec.Struct, frozen=True, kw_only=True):
    """The emulated market of a lake: when its own time began, and how its clock runs."""

    start: str
    clock: str


def _emulate(children: "Children", coins: Sequence[str], market: Path, options: Sequence[str], speed: float) -> None:
    """Start the emulator and follow its clock; a market that a lake has already goes on."""
    known = msgspec.json.decode(market.read_bytes(), type=_Market) if market.is_file() else None
    settings = market.with_name("emulated-venues.toml")
    settings.unlink(missing_ok=True)
    begun = ("--start", known.start if known else _beginning()) if known or speed != 1.0 else ()
    if known:
        clock.follow(clock.parse_emulated_clock(known.clock))
        begun += ("--at", format_time(now_ns()))
        speed = clock.parse_emulated_clock(known.clock).speed
    named = [part for coin in coins for part in ("--coin", coin)]
    children.start(
        "emulate", "emulate", *named, *begun, *options, "--speed", f"{speed:g}", "--port", "0", "--hosts", str(settings)
    )
    deadline = clock.monotonic_seconds() + _MOST_EMULATOR_SECONDS
    while not settings.is_file():
        if children.exit_code("emulate") is not None or clock.monotonic_seconds() > deadline:
            raise SourceError(f"the emulated venues did not come up; see {children.log('emulate')}")
        time.sleep(0.1)
    emulated = msgspec.toml.decode(settings.read_bytes(), type=_Emulated)
    clock.follow(clock.parse_emulated_clock(emulated.emulated_clock))
    market.write_bytes(msgspec.json.encode(_Market(
        start=known.start if known else emulated.emulated_clock.split(" at ")[0], clock=emulated.emulated_clock,
    )))  # fmt: skip
    hosts = next(iter(emulated.venue_hosts.values()))
    address = next(address for address in hosts.values() if address.startswith("http"))
    children.set("RUNOUT_VENUE_HOSTS", "/".join(address.split("/")[:3]))
    children.set("RUNOUT_EMULATED_CLOCK", emulated.emulated_clock)


def _beginning() -> str:
    """Return when a new market that outruns the clock begins: hours before its scenario, whatever the hour is now."""
    from runout.emulator.market import MOVE_HOUR  # noqa: PLC0415 - the simulation, only where it is asked for

    present = now_ns()
    hour = (MOVE_HOUR - _HOURS_BEFORE) * NANOSECONDS_PER_HOUR
    return format_time((present - hour) // NANOSECONDS_PER_DAY * NANOSECONDS_PER_DAY + hour)


class _Emulated(msgspec.Struct, frozen=True):
    emulated_clock: str
    venue_hosts: dict[str, dict[str, str]]


def _await_past(children: "Children", say: Console) -> None:
    """Wait for what most venues gave; those with the narrowest limits go on beside the updates."""
    deadline = clock.monotonic_seconds() + _MOST_BACKFILL_SECONDS
    while (code := children.exit_code("backfill")) is None and clock.monotonic_seconds() < deadline:
        time.sleep(0.2)
    if code is not None and code not in _FETCHED:
        raise SourceError(f"the past could not be fetched; see {children.log('backfill')}")
    state = "the past goes on coming" if code is None else "the past is there"
    say.print(f"{state}; see {children.log('backfill')}", soft_wrap=True)


# -- the loop ---------------------------------------------------------------------------------------------------------


def _keep(children: "Children", root: str, coins: Sequence[str], port: int, *, minutes: int | None, begun: int) -> None:
    """Update each minute of the market's time, serve, and print a bulletin first and then a line an hour."""
    from runout.lake import Lake  # noqa: PLC0415
    from runout.pipeline.live import Updater, settled  # noqa: PLC0415 - models

    say, updater = screen.console(stderr=True), Updater(Lake(root, keeps_recent=True), coins)
    end = None if minutes is None else now_ns() + minutes * NANOSECONDS_PER_MINUTE
    shown = printed = False
    spent = list[float]()
    while end is None or now_ns() < end:
        now = now_ns()
        at = settled(Path(root, "collect", "main"), now, begun)
        for step in (updater.update, updater.go_on):  # half a minute apart: an hour's parts between the minutes
            if step == updater.go_on and not updater.due:
                break
            before, was_due = time.process_time(), updater.due
            try:
                step(at)
            except (LakeError, NotEnoughDataError) as error:
                text = f"{format_time(at)} not brought up to date, trying again: {error}"
                say.print(text, soft_wrap=True, markup=False)
                break
            spent.append(time.process_time() - before)
            if not printed or (was_due and not updater.due):
                say.print(f"{format_time(at)} up to date; {_cost(spent)}", soft_wrap=True)
                spent.clear()
                printed = _print_bulletins(root, coins, at)
            if updater.due:
                _sleep_until(now + NANOSECONDS_PER_MINUTE // 2)
        if not shown and Lake(root).series():
            children.start("serve", "serve", "--port", str(port))
            say.print(f"the page: http://127.0.0.1:{port}/ ; stop with Ctrl-C", soft_wrap=True)
            shown = True
        for name in children.mend():
            say.print(f"{name} ended and is begun anew; see {children.log(name)}", soft_wrap=True)
        _sleep_until(now + NANOSECONDS_PER_MINUTE - now % NANOSECONDS_PER_MINUTE)


def _cost(spent: Sequence[float]) -> str:
    """Say what updates took of a processor (seconds of each), and the most memory that this process had."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    times = f"median {statistics.median(spent) * 1e3:.0f} ms, at most {max(spent) * 1e3:.0f} ms"
    return f"{len(spent)} updates since the last such line, CPU {times}; {peak / 1e6:.0f} MB at most"


def _print_bulletins(root: str, coins: Sequence[str], at: int) -> bool:
    """Print a bulletin of each coin, or why there is none, and return whether there was one."""
    from runout.lake import Lake  # noqa: PLC0415
    from runout.pipeline.issue_bulletin import publish  # noqa: PLC0415
    from runout.render import text  # noqa: PLC0415

    some = False
    for coin in coins:
        try:
            sys.stdout.write(text.render_brief(publish(Lake.open(root), coin, at), screen.readable_width()) + "\n")
        except NotEnoughDataError as error:
            screen.console(stderr=True).print(f"{coin}: {error}", soft_wrap=True, markup=False)
        else:
            some = True
    sys.stdout.flush()
    return some


def _sleep_until(moment: int) -> None:
    """Wait until our clock shows a moment; an emulated clock runs faster than this machine's."""
    emulated = clock.followed()
    while (left := moment - now_ns()) > 0:
        time.sleep(min(left / NANOSECONDS_PER_SECOND / (emulated.speed if emulated else 1.0), 1.0))
