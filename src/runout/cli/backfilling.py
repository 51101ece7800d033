"""``runout backfill``."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from runout.cli import screen
from runout.cli.configuration import configuration, lake_address, time_option
from runout.cli.progress import progress_bar
from runout.clock import NANOSECONDS_PER_DAY, format_date, now_ns
from runout.errors import ExitCode, UsageError
from runout.lake import Lake
from runout.sources.registry import KEYED, VENUES, venue_of
from runout.sources.renames import present_name, renames

if TYPE_CHECKING:
    from runout.pipeline.backfill import Backfilled
    from runout.pipeline.backfill_plan import Plan, Request

Repeated = Annotated[tuple[str, ...], Parameter(negative="")]


def backfill(
    *coins: str,
    days: int = 400,
    until: str | None = None,
    venue: Repeated = (),
    plan: Annotated[bool, Parameter(negative="")] = False,
    lake: str | None = None,
    state: Path | None = None,
) -> int:
    """Fill a lake with what venues give away without a key.

    Says first what it will ask for, in how many calls and minutes, and what cannot be had. Keeps within every venue's
    limits; can be stopped at any moment: run the same command again, and it goes on where it was. Every answer is kept
    as it came. Needs the extra ``live``.

    Parameters
    ----------
    coins
        Base assets.
    days
        Days to go back.
    until
        UTC time up to which; now, if not named.
    venue
        Venue; may be repeated; all, if not named.
    plan
        Only say what would be asked.
    lake
        Folder of the lake.
    state
        Folder of the kept answers and the ledger of limits; below the lake, if not named.
    """
    if not coins:
        raise UsageError("expected coins such as BTC ETH, found none; name what to backfill")
    if days < 1:
        raise UsageError(f"expected --days of at least 1, found {days}")
    root = lake_address(lake)
    if state is None and "://" in root:
        raise UsageError(f"expected --state FOLDER to keep the answers in, as the lake {root} is no local folder")
    end = time_option(until) if until else now_ns()
    try:
        from runout.pipeline.backfill import Backfill  # noqa: PLC0415 - an extra, only where the network is used
    except ImportError as error:
        raise UsageError(
            f"expected the libraries for live data, found {error.name} missing: .venv/bin/pip install -e '.[live]'"
        ) from error
    venues = [venue_of(name.lower()) for name in venue or (*VENUES, *_with_a_key())]
    hosts = configuration().venue_hosts
    console = screen.console(stderr=True)

    def say(name: str, seconds: float, words: str) -> None:
        if seconds >= 5:
            console.print(f"{name} asks for {seconds:.0f} s of silence: {words}", soft_wrap=True, markup=False)

    folder = state or Path(root, "state")
    with Backfill(Lake(root), folder, venues, hosts=hosts, waiting=say) as job:
        planned = job.plan(present_coins(coins), end - days * NANOSECONDS_PER_DAY, end)
        sys.stdout.write(_plan_text(planned))
        if plan:
            return ExitCode.DONE
        if not planned.requests and planned.refused:
            return ExitCode.FINDINGS
        with progress_bar("backfill") as progress:
            outcome = job.run(planned, progress)
    sys.stdout.write(_summary_text(outcome, root))
    if any(got.state != "done" for got in outcome.got) or planned.refused:
        return ExitCode.FINDINGS
    return ExitCode.QUARANTINED if outcome.refused or outcome.conflicting else ExitCode.DONE


def present_coins(coins: Sequence[str]) -> tuple[str, ...]:
    """Return coins under the names that they have today; of those that were renamed it is said."""
    for coin in coins:
        if change := renames().get(coin.upper()):
            words = f"{change.old} is called {change.new} since {change.date}"
            ratio = f": 1 {change.old} became {change.ratio:,.0f} {change.new}" if change.ratio != 1 else ""
            screen.console(stderr=True).print(words + ratio, soft_wrap=True, markup=False)
    return tuple(present_name(coin.upper()) for coin in coins)


def _with_a_key() -> list[str]:
    """Return the providers whose key the environment holds."""
    keys = {name: venue_of(name).facts.key for name in KEYED}
    return [name for name, key in keys.items() if key is not None and os.environ.get(key.variable)]


def _plan_text(plan: "Plan") -> str:
    sheet = screen.sheet()
    calls, seconds = plan.calls(), plan.seconds()
    minutes = max(seconds.values(), default=0.0) / 60
    period = f"{format_date(plan.since)} to {format_date(plan.until)}"
    sheet.line(
        f"{period}: {sum(calls.values()):,} calls, about {minutes:.0f} minutes; {plan.series_complete} series are there"
    )
    groups: dict[tuple[str, str], list[Request]] = {}
    for requested in plan.requests:
        groups.setdefault((requested.venue.facts.title, requested.history.purpose), []).append(requested)
    rows = [
        (title, purpose, str(len(parts)), format_date(min(w.since for w in parts)), f"{sum(w.calls for w in parts):,}")
        for (title, purpose), parts in groups.items()
    ]
    if rows:
        sheet.table(("venue", "what", "series", "from", "calls"), rows)
    for title, words in plan.refused.items():
        sheet.line(f"{title} does not answer everything: {words}")
    for name, coins in plan.missing.items():
        sheet.line(f"{name} does not list {', '.join(coins)}")
    for title, sentences in plan.cannot.items():
        for sentence in sentences:
            sheet.line(f"cannot be had, {title}: {sentence}")
    for title, words in plan.terms.items():
        sheet.line(f"terms, {title}: {words}")
    return sheet.text()


def _summary_text(outcome: "Backfilled", root: str) -> str:
    sheet = screen.sheet()
    done = sum(item.state == "done" for item in outcome.got)
    sheet.line(
        f"{outcome.calls:,} calls, {done} of {len(outcome.got)} series whole; {outcome.added:,} records new in {root}, "
        f"{outcome.refused:,} refused, {outcome.conflicting:,} in conflict with what was there"
    )
    for got in outcome.got:
        if got.state != "done":
            sheet.line(f"{'refused' if got.state == 'stopped' else 'not whole'}: {got.series}: {got.words}")
    for venue, counts in outcome.unknown.items():
        for subject, number in counts.items():
            sheet.line(f"{venue} sends what nobody knows, kept and counted: {subject}, {number:,} times")
    for venue, counts in outcome.cases.items():
        for subject, number in counts.items():
            sheet.line(f"{venue}, not settled: {subject}, {number:,} times")
    if any(item.state == "open" for item in outcome.got):
        sheet.line("Run the same command again to go on with what is not whole.")
    sheet.line("Next: runout compute, then runout bulletin. Liquidations come from the day on that they are collected.")
    return sheet.text()
