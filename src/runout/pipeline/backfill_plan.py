"""What a backfill would ask: which histories of which instruments, over which stretches, in how many calls."""

from collections.abc import Iterable, Sequence

import msgspec

from runout.clock import NANOSECONDS_PER_DAY
from runout.pipeline.backfill_journal import Stretch
from runout.sources.venue import EVERY_COIN, History, Instrument, Venue

_ASKED = {"perpetual", "spot", "spot-market-cap", "on-chain"}
_QUOTES = ("USDT", "USD", "USDC")
_NEVER = 1 << 62
# Rows asked for by a second at least: an answer takes its time, however generous the limit.
_CALLS_A_SECOND = 8.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one history to be asked for.

    Parameters
    ----------
    venue, instrument, history
        Of what.
    since, until
        UTC ns.
    begun
        The stretch in the journal that is gone on with; null for a new one.
    """

    venue: Venue
    instrument: Instrument
    history: History
    since: int
    until: int
    begun: Stretch | None = None

    @property
    def series(self) -> str:
        """``venue/market-SYMBOL/purpose``."""
        return series_name(self.venue, self.instrument, self.history)

    @property
    def calls(self) -> int:
        """Calls that the stretch takes, if none is left of it."""
        step = self.history.step or NANOSECONDS_PER_DAY
        rows = max(self.until - self.since, 0) // step + 1
        return int(-(-rows // self.history.rows_a_call))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be asked, and what cannot be had.

    Parameters
    ----------
    since, until
        UTC ns; what was asked for.
    requests
        Stretches to be asked for.
    series_complete
        Series whose whole stretch was asked before.
    refused
        Venues that do not answer here, in their words.
    missing
        Coins that a venue does not list, by venue.
    cannot
        What cannot be had, by venue: a sentence each.
    terms
        Terms of use, by venue.
    """

    since: int
    until: int
    requests: tuple[Request, ...]
    series_complete: int
    refused: dict[str, str]
    missing: dict[str, tuple[str, ...]]
    cannot: dict[str, tuple[str, ...]]
    terms: dict[str, str]

    def calls(self) -> dict[str, int]:
        """Return the calls by venue."""
        totals: dict[str, int] = {}
        for requested in self.requests:
            totals[requested.venue.name] = totals.get(requested.venue.name, 0) + requested.calls
        return totals

    def seconds(self) -> dict[str, float]:
        """Return by venue how long its calls take within its limits."""
        by_pool: dict[tuple[str, str], float] = {}
        for requested in self.requests:
            call = requested.venue.first_call(requested.history, requested.instrument, requested.since, requested.until)
            pool = requested.venue.facts.pools[call.pool]
            rate = pool.weight * pool.share / pool.seconds
            key = (requested.venue.name, call.pool)
            by_pool[key] = by_pool.get(key, 0.0) + requested.calls * call.weight / rate
        calls = self.calls()
        slowest = {name: calls[name] / _CALLS_A_SECOND for name in calls}
        for (name, _), seconds in by_pool.items():
            slowest[name] = max(slowest[name], seconds)
        return slowest


def series_name(venue: Venue, instrument: Instrument, history: History) -> str:
    """Return how the journal names a history of an instrument."""
    return f"{venue.name}/{instrument.market}-{instrument.symbol}/{history.purpose}"


def chosen(instruments: Iterable[Instrument], coins: Sequence[str]) -> list[Instrument]:
    """Return what is backfilled of a venue's instruments: perpetuals of the coins, and their spot pair in dollars.

    Dated futures are left out: where they have ended nothing can be asked about them.
    """
    places = {coin: place for place, coin in enumerate([*coins, EVERY_COIN])}
    results = [i for i in instruments if i.coin in places and i.market in _ASKED]
    return sorted(
        (i for i in results if i.market == "perpetual" or _is_principal(i, results)),
        key=lambda i: (places[i.coin], i.market, i.margin, i.symbol),
    )


def histories(venue: Venue, instrument: Instrument, listed: Sequence[Instrument]) -> list[History]:
    """Return the histories that are asked for: all of a coin's principal contract, of others the open interest."""
    whole = _is_principal(instrument, listed)
    return [h for h in venue.histories(instrument) if whole or h.kind == "open_interest"]


def missing_stretches(
    since: int, until: int, history: History, begun: Sequence[Stretch], instrument: Instrument
) -> list[tuple[int, int]]:
    """Return what of a stretch was not asked for yet.

    Parameters
    ----------
    since, until
        UTC ns.
    history
        Of which the venue may keep only so much.
    begun
        Stretches in the journal, of any state: open ones are gone on with as they are.
    instrument
        Nothing is asked for from before its listing.

    Returns
    -------
    list
        Begins and ends, UTC ns.
    """
    until = _settled(until, history)
    earliest = max(since, instrument.listed or 0, until - history.keeps if history.keeps else 0)
    if instrument.delisted:
        until = min(until, _settled(instrument.delisted, history))
    covered = sorted((s.since, s.until) for s in begun)
    gaps: list[tuple[int, int]] = []
    edge = earliest
    for begin, end in covered:
        if begin > edge:
            gaps.append((edge, min(begin, until)))
        edge = max(edge, end)
    if edge < until:
        gaps.append((edge, until))
    # Less than two rows is no gap: the next backfill asks for it together with what comes.
    return [(begin, end) for begin, end in gaps if end - begin >= 2 * history.step and begin < until]


def _settled(until: int, history: History) -> int:
    """Return the last moment of a row that is final by ``until``."""
    return (until - history.settles) // history.step * history.step if history.step else until


def _is_principal(instrument: Instrument, listed: Iterable[Instrument]) -> bool:
    """Whether it is the contract of its coin, market and margin that is quoted in the most usual dollar.

    Contracts that were never listed at the same time are no rivals: a renamed coin has one after the other.
    """
    rivals = [
        i
        for i in listed
        if (i.coin, i.market, i.margin, i.traded_at)
        == (instrument.coin, instrument.market, instrument.margin, instrument.traded_at)
        and (i.listed or 0) < (instrument.delisted or _NEVER)
        and (instrument.listed or 0) < (i.delisted or _NEVER)
    ]
    return min(rivals, key=_usual).symbol == instrument.symbol


def _usual(instrument: Instrument) -> tuple[int, bool, str]:
    place = _QUOTES.index(instrument.quote) if instrument.quote in _QUOTES else len(_QUOTES)
    return place, bool(instrument.former_coin), instrument.symbol
