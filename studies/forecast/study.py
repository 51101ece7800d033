"""Score the forecast: the UTC day over all scopes, the next 24 h from every fourth hour, the first days of a newcomer.

Parameters and choices are from before 2025. Rows of one day are averaged before intervals are formed.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
import numpy as np

from runout.clock import parse_time
from runout.forecast.danger import danger_level
from runout.forecast.features import Evidence, evidence_of
from runout.forecast.shipped import Level, shipped_shares
from runout.lake import Lake
from runout.pipeline.forecast_history import read_past
from runout.pipeline.forecasts import ratio_at, read_pairs
from runout.scores import PairedDifference, fit_recalibration
from runout.scores.arrays import FloatArray, IntArray
from studies.forecast import grounds
from studies.forecast.grounds import AUTUMN, BEFORE, DAY, YEAR, Period, Said

SHARES: Final = (0.15, 0.05)
"""Thresholds: what so large a share of the year before a period reached."""
HOURS: Final = (0, 4, 8, 12, 16, 20)
FINE_FROM: Final = "2024-11-14"
FINE: Final = (grounds.period("2025-03 to August", "2025-03-01", "2025-09-01"), AUTUMN)
HIDDEN: Final = (0, 7, 30, 90)
DATES: Final = 60
_NEEDED: Final = 160
"""Days of prices that the features look back on, and some."""
TAILS: Final = (0.95, 0.99, 0.995)

Key = TypeVar("Key")
"""Of a scope, or of a scope asked at an hour."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """The issued model beside another: cases, and mean differences with 95% intervals; below zero it is better."""

    period: str
    other: str
    cases: int
    crps: PairedDifference
    brier: dict[str, PairedDifference]


class Tail(msgspec.Struct, frozen=True, kw_only=True):
    """Share of days beyond a quantile of their forecast, and the 95% limits of a binomial count."""

    period: str
    beyond: float
    cases: int
    share: float
    low: float
    high: float


class LevelRow(msgspec.Struct, frozen=True, kw_only=True):
    """Days of one level: how many, what was said on average, what came."""

    period: str
    level: int
    days: int
    said: float
    came: float


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """So many days of own totals: losses, and the share of the full model's skill over climatology that is kept."""

    days: int
    crps: float
    kept: float
    low: float
    high: float
    brier_kept: float


class EventHeld(msgspec.Struct, frozen=True, kw_only=True):
    """A published figure left out of the fit: what it was, and the 80% interval without it."""

    event: str
    measured_usd: float
    headline_usd: float
    low_usd: float
    high_usd: float

    @property
    def held(self) -> bool:
        """Whether the interval holds it."""
        return self.low_usd <= self.headline_usd <= self.high_usd


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page shows."""

    day: tuple[Compared, ...]
    slopes: dict[str, dict[str, tuple[float, float, float]]]
    tails: tuple[Tail, ...]
    levels: tuple[LevelRow, ...]
    levels_by_hour: tuple[LevelRow, ...]
    following: tuple[Compared, ...]
    newcomers: tuple[Newcomer, ...]
    events: dict[str, tuple[EventHeld, ...]]


def score(lake: Lake) -> Report:
    """Return all scores of a lake with seven coins daily to August 2025 and four coins on Binance by 4 h after it."""
    scopes = grounds.scopes_of(read_past(lake, parse_time("2025-09-01")))
    autumn = grounds.scopes_of(grounds.windows_by_hour(lake, "2025-11-14", [0], FINE_FROM)[0])
    said = {name: grounds.dynamic(one) for name, one in scopes.items()}
    later = {name: grounds.dynamic(one) for name, one in autumn.items()}
    hours = grounds.windows_by_hour(lake, "2025-11-14", HOURS, FINE_FROM)
    by_hour = {hour: grounds.scopes_of(past) for hour, past in hours.items()}
    asked = {(name, hour): grounds.dynamic(one) for hour, scopes in by_hour.items() for name, one in scopes.items()}
    return Report(
        day=(
            *compare_days(scopes, said, (BEFORE, YEAR)),
            *compare_days(autumn, later, (AUTUMN,)),
        ),
        slopes=slopes(scopes, said, (BEFORE, YEAR)) | slopes(autumn, later, (AUTUMN,)),
        tails=(*tails(scopes, (BEFORE, YEAR)), *tails(autumn, (AUTUMN,))),
        levels=(*levels(scopes, said, (BEFORE, YEAR)), *levels(autumn, later, (AUTUMN,))),
        levels_by_hour=tuple(levels({key: by_hour[0][key[0]] for key in asked}, asked, FINE)),
        following=tuple(following(by_hour, asked)),
        newcomers=tuple(newcomers(scopes)),
        events=events(lake),
    )


# -- the UTC day ------------------------------------------------------------------------------------------------------


def compare_days(scopes: dict[str, Evidence], said: dict[str, Said], periods: tuple[Period, ...]) -> list[Compared]:
    """Return the issued model beside HAR with weekday and the year's climatology, over all scopes at once."""
    others = {
        "HAR + weekday": {name: grounds.har(one) for name, one in scopes.items()},
        "climatology, 365 days": {name: grounds.climatology(one) for name, one in scopes.items()},
    }
    return [
        _compared(inside, label, {name: (said[name], theirs[name], scopes[name]) for name in scopes})
        for inside in periods
        for label, theirs in others.items()
    ]


def _compared(inside: Period, label: str, scopes: dict[str, tuple[Said, Said, Evidence]]) -> Compared:
    pairs = {name: grounds.both(ours, theirs, inside) for name, (ours, theirs, _) in scopes.items()}
    starts = [ours.start for ours, _ in pairs.values()]
    briers: dict[str, PairedDifference] = {}
    for share in SHARES:
        theta = {name: grounds.threshold_before(scopes[name][2], inside.start, share) for name in pairs}
        losses = [[grounds.brier(one[side], theta[name]) for name, one in pairs.items()] for side in (0, 1)]
        briers[f"{share:.0%}"] = grounds.paired(losses[0], losses[1], starts)
    crps = grounds.paired([a.crps() for a, _ in pairs.values()], [b.crps() for _, b in pairs.values()], starts)
    return Compared(period=inside.name, other=label, cases=sum(map(len, starts)), crps=crps, brier=briers)


def slopes(
    scopes: dict[str, Evidence], said: dict[str, Said], periods: tuple[Period, ...]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return calibration slopes of reaching each threshold over all scopes, with 95% intervals over blocks of days."""
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for inside in periods:
        for share in SHARES:
            parts = [_chances(said[name], scopes[name], inside, share) for name in scopes]
            chance, event, day = (np.concatenate([part[k] for part in parts]) for k in range(3))
            found.setdefault(inside.name, {})[f"{share:.0%}"] = _slope(chance, event > 0.5, day)
    return found


def _chances(said: Said, evidence: Evidence, inside: Period, share: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    rows = said.rows((said.start >= inside.start) & (said.start < inside.end))
    theta = grounds.threshold_before(evidence, inside.start, share)
    return rows.chance(theta), (rows.outcome >= theta).astype(np.float64), (rows.start // DAY).astype(np.float64)


def _slope(chance: FloatArray, event: np.ndarray, day: FloatArray) -> tuple[float, float, float]:
    rng, days = np.random.default_rng(0), np.unique(day)
    rows = {one: np.flatnonzero(day == one) for one in days}
    drawn: list[float] = []
    for _ in range(200):
        starts = rng.integers(0, len(days), len(days) // grounds.BLOCK + 1)
        chosen = days[((starts[:, np.newaxis] + np.arange(grounds.BLOCK)) % len(days)).ravel()[: len(days)]]
        where = np.concatenate([rows[one] for one in chosen])
        slope = fit_recalibration(chance[where], event[where]).slope
        drawn += [slope] if slope is not None else []
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(fit_recalibration(chance, event).slope or np.nan), float(low), float(high)


def tails(scopes: dict[str, Evidence], periods: tuple[Period, ...]) -> list[Tail]:
    """Return how many days lie beyond high quantiles of their forecast, over all scopes at once."""
    found: list[Tail] = []
    values = [grounds.pit(one) for one in scopes.values()]
    for inside in periods:
        kept = np.concatenate([value[(start >= inside.start) & (start < inside.end)] for start, value in values])
        for beyond in TAILS:
            # Scopes of one day are alike: the limits count each day once.
            days, expected = len(kept) / len(scopes), 1.0 - beyond
            spread = 1.96 * np.sqrt(expected * beyond / days)
            found.append(
                Tail(
                    period=inside.name, beyond=beyond, cases=len(kept), share=float((kept > beyond).mean()),
                    low=max(expected - spread, 0.0), high=expected + spread,
                )
            )  # fmt: skip
    return found


def levels(scopes: Mapping[Key, Evidence], said: Mapping[Key, Said], periods: tuple[Period, ...]) -> list[LevelRow]:
    """Return how often each level of the chance to reach what 5% of the year before reached was followed by it."""
    found: list[LevelRow] = []
    for inside in periods:
        parts = [_chances(said[name], scopes[name], inside, SHARES[1]) for name in scopes]
        chance, event, _ = (np.concatenate([part[k] for part in parts]) for k in range(3))
        level = np.array([int(danger_level(float(p))) for p in chance])
        for one in range(1, 6):
            here = level == one
            if here.any():
                said_of, came = float(chance[here].mean()), float(event[here].mean())
                found.append(LevelRow(period=inside.name, level=one, days=int(here.sum()), said=said_of, came=came))
    return found


# -- the next 24 h ----------------------------------------------------------------------------------------------------


def following(by_hour: dict[int, dict[str, Evidence]], asked: dict[tuple[str, int], Said]) -> list[Compared]:
    """Return the issued model asked at every fourth hour beside three nulls, over four coins on Binance and their sum.

    The nulls: the same model read at the last midnight, climatology of the same hour, HAR of trailing windows with the
    weekday. All on totals from 2024-11-14 only.
    """
    others = {
        "the UTC day's forecast, read at the hour": {
            key: _read_at(asked[key[0], 0], one) for key, one in asked.items()
        },
        "climatology of the hour": {(name, hour): grounds.climatology(by_hour[hour][name]) for name, hour in asked},
        "HAR of trailing windows + weekday": {
            (name, hour): grounds.har(by_hour[hour][name], least=60) for name, hour in asked
        },
    }
    return [
        _compared(inside, label, {f"{n} {h}": (asked[n, h], theirs[n, h], by_hour[0][n]) for n, h in asked})
        for inside in FINE
        for label, theirs in others.items()
    ]


def _read_at(daily: Said, asked: Said) -> Said:
    """Return the law of the UTC day that holds each start, as the law of the 24 h from it."""
    at = np.searchsorted(daily.start, asked.start, side="right") - 1
    keep = (at >= 0) & (asked.start - daily.start[np.maximum(at, 0)] < DAY)
    return Said(start=asked.start[keep], outcome=asked.outcome[keep], quantiles=daily.quantiles[at[keep]])


# -- the first days of a newcomer -------------------------------------------------------------------------------------


def newcomers(scopes: dict[str, Evidence]) -> list[Newcomer]:
    """Return how much of the full model's skill over climatology is kept with so many days of own totals.

    At sixty random dates of 2025, in three scopes: all totals before the last n days are hidden, prices and open
    interest are not. Skill is in the CRPS and in Brier at what 15% of the year before reached.
    """
    starts = np.arange(YEAR.start, YEAR.end, DAY)
    chosen = np.sort(np.random.default_rng(1).choice(starts, DATES, replace=False))
    few = {name: scopes[name] for name in ("all coins", "BTC", "ETH")}
    full = {name: _at(grounds.dynamic(one), one, chosen) for name, one in few.items()}
    null = {name: _at(grounds.climatology(one), one, chosen) for name, one in few.items()}
    hidden = {days: {name: _hidden_losses(one, chosen, days) for name, one in few.items()} for days in HIDDEN}
    return [_newcomer(days, hidden[days], full, null) for days in HIDDEN]


def _hidden_losses(evidence: Evidence, chosen: IntArray, days: int) -> FloatArray:
    """Return CRPS and Brier loss of each date, forecast from ``days`` days of totals, shape (dates, 2)."""
    theta = grounds.threshold_before(evidence, YEAR.start, SHARES[0])
    rows: list[tuple[float, float]] = []
    for start in chosen.tolist():
        row = int((start - evidence.history.day[0]) // DAY)
        recent = grounds.lately(evidence.history.head(row + 1), _NEEDED + days)
        known = msgspec.structs.replace(
            grounds.measured_from(recent, start - days * DAY), expected_level=_level(evidence)
        )
        said = grounds.dynamic(evidence_of(known))
        last = said.rows(said.start == start)
        rows.append((float(last.crps()[0]), float(grounds.brier(last, theta)[0])))
    return np.array(rows)


def _level(evidence: Evidence) -> Level:
    shares = shipped_shares()
    coins = evidence.history.coins
    return shares.level(("binance", "okx", "bybit"), coins, ("all",), coins)


def _at(said: Said, evidence: Evidence, chosen: IntArray) -> FloatArray:
    rows = said.rows(np.isin(said.start, chosen))
    theta = grounds.threshold_before(evidence, YEAR.start, SHARES[0])
    return np.column_stack([rows.crps(), grounds.brier(rows, theta)])


def _newcomer(
    days: int, ours: dict[str, FloatArray], full: dict[str, FloatArray], null: dict[str, FloatArray]
) -> Newcomer:
    mean = {
        key: np.nanmean([part[name] for name in ours], axis=0)
        for key, part in (("ours", ours), ("full", full), ("null", null))
    }

    def kept(where: IntArray, column: int) -> float:
        gain, most = (mean["null"][where, column].mean() - mean[key][where, column].mean() for key in ("ours", "full"))
        return float(gain / most)

    rng, count = np.random.default_rng(0), len(mean["ours"])
    drawn = [kept(rng.integers(0, count, count), 0) for _ in range(1000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    every = np.arange(count)
    return Newcomer(
        days=days, crps=float(mean["ours"][:, 0].mean()), kept=kept(every, 0), low=float(low), high=float(high),
        brier_kept=kept(every, 1),
    )  # fmt: skip


# -- the market-wide ratio --------------------------------------------------------------------------------------------


def events(lake: Lake) -> dict[str, tuple[EventHeld, ...]]:
    """Return every published figure beside the 80% interval of a fit without it, for both scopes that have figures."""
    found: dict[str, tuple[EventHeld, ...]] = {}
    for name, at in (("7 coins, three venues", "2025-09-01"), ("4 coins, Binance", "2025-11-14")):
        moment = parse_time(at)
        past = read_past(lake, moment)
        pairs = read_pairs(lake, past, moment)
        held: list[EventHeld] = []
        for event in dict.fromkeys(pair.event for pair in pairs):
            mine, rest = ([p for p in pairs if (p.event == event) is same] for same in (True, False))
            weights = [p.weight for p in mine]
            measured = float(np.exp(np.average(np.log([p.measured_usd for p in mine]), weights=weights)))
            headline = measured * float(np.exp(np.average([p.log_ratio for p in mine], weights=weights)))
            ratio = ratio_at(rest, past.group, moment)
            low, high = (0.0, 0.0) if ratio is None else ratio.interval(measured, 0.8)
            held.append(
                EventHeld(event=event, measured_usd=measured, headline_usd=headline, low_usd=low, high_usd=high)
            )
        found[name] = tuple(held)
    return found
