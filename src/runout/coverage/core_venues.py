r"""Which venues' open interest behaves like open interest: quality tests and the core set they leave.

With U dollars, P price and N = U / P coins of a venue, :math:`n_t = \Delta \ln N_t` and :math:`r_t = \Delta \ln P_t`
between neighbouring rows. Each bound is a round number with its reason, held against rows before August 2025; later
rows moved none. A venue that fails is not thereby wrong: its figure should not decide the sign of a sum.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.errors import SchemaError

Test = Literal["volume", "relation", "price", "noise", "jumps", "stillness", "repeats"]
Verdict = Literal["pass", "fail", "untested"]
Floats = npt.NDArray[np.float64]

MINIMUM_DAYS = 30
"""With fewer days of rows a venue is untested, and not in the core set."""
LARGE = 0.10
STILL = 0.0002
_SIGNIFICANCE = 1.645
_COLUMNS = ("venue", "event_time", "known_time", "open_interest_usd", "price")


class Bound(msgspec.Struct, frozen=True):
    """What a sound venue keeps: ``low ≤ value ≤ high``, and why."""

    test: Test
    low: float
    high: float
    reason: str


BOUNDS: tuple[Bound, ...] = (
    Bound("volume", 0.0, 1.0, "every contract opened or closed is a trade: no change exceeds what was traded"),
    Bound(
        "relation", 0.0, 1.0, "leverage comes and goes on all venues together: a venue moves with the others' median"
    ),
    Bound("price", 0.0, 2.0, "dollars follow the price one for one in coin contracts, not at all in dollar contracts"),
    Bound("noise", 0.0, 3.0, "typical coin change over that of the median venue: three times as restless is noise"),
    Bound(
        "jumps", 0.0, 0.02, "share of steps by over a tenth of all positions: one in fifty exceeds what crashes explain"
    ),
    Bound("stillness", 0.0, 0.2, "share of steps with coins within 0.02%: a figure that is not renewed each time"),
    Bound("repeats", 0.0, 0.05, "share of steps with dollars the same to the last digit while the price moved"),
)


class VenueTest(msgspec.Struct, frozen=True, kw_only=True):
    """One test of one venue.

    Parameters
    ----------
    venue, test
        Lower-case venue, and name of the test.
    value
        What was found; None if untested.
    low, high
        Where it may lie with 95% confidence (one-sided each), for the two tests that are estimates; else the value.
    verdict
        ``fail`` if the bound is broken beyond that.
    steps
        Steps it rests on.
    reason
        Why the bound stands.
    """

    venue: str
    test: Test
    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    steps: int
    reason: str


def venue_tests(rows: pl.DataFrame, *, at: int, turnover: pl.DataFrame | None = None) -> list[VenueTest]:
    """Return every test of every venue on what was known at a moment, by venue and test.

    Parameters
    ----------
    rows
        ``venue, event_time, known_time, open_interest_usd, price`` of one coin on a common grid; null is not observed,
        and a step next to it is left out.
    at
        UTC ns; rows known later do not exist.
    turnover
        ``venue, known_time, change_usd, volume_usd``: changes of open interest and the volume of the same span, where
        the volume is known; None where it is not.

    Raises
    ------
    SchemaError
        If a column is missing, or a venue has two rows of one time.
    """
    if missing := set(_COLUMNS) - set(rows.columns):
        raise SchemaError(f"expected columns {', '.join(_COLUMNS)}, found none named {', '.join(sorted(missing))}")
    known = rows.filter(pl.col("known_time") <= at)
    if known.select("venue", "event_time").is_duplicated().any():
        raise SchemaError("expected one row for each venue and event_time, found repeats; select one series a venue")
    panel = _panel(known)
    traded = {} if turnover is None else _traded(turnover.filter(pl.col("known_time") <= at))
    return [test for index in range(len(panel.venues)) for test in _tests_of(panel, index, traded)]


def core_set(tests: Iterable[VenueTest]) -> tuple[str, ...]:
    """Return the venues that fail no test and were tested, in order of name; volume may be untested."""
    ordered = list(tests)
    out = {t.venue for t in ordered if t.verdict == "fail" or (t.verdict == "untested" and t.test != "volume")}
    return tuple(sorted({t.venue for t in ordered} - out))


class _Panel(msgspec.Struct, frozen=True):
    """Steps of all venues on one grid: shape (venues, steps), NaN where a venue has no step."""

    venues: tuple[str, ...]
    step: int
    price: Floats
    dollars: Floats
    coins: Floats


def _panel(rows: pl.DataFrame) -> _Panel:
    venues = tuple(sorted(rows["venue"].unique().to_list()))
    price = rows.filter(pl.col("price") > 0).group_by("event_time").agg(pl.col("price").median()).sort("event_time")
    wide = price
    for venue in venues:
        own = rows.filter(pl.col("venue") == venue, pl.col("open_interest_usd") > 0)
        wide = wide.join(
            own.select("event_time", pl.col("open_interest_usd").alias(venue)), on="event_time", how="left"
        )
    wide = wide.sort("event_time")
    times = wide["event_time"].to_numpy()
    gaps = np.diff(times)
    step = int(np.median(gaps)) if len(gaps) else NANOSECONDS_PER_DAY
    regular = gaps == step
    moved = np.diff(np.log(wide["price"].to_numpy().astype(np.float64)))[regular]
    levels = wide.select(venues).cast(pl.Float64).fill_null(float("nan")).to_numpy().T
    dollars = np.diff(np.log(levels), axis=1)[:, regular] if venues else np.empty((0, len(moved)))
    return _Panel(venues, step, moved, dollars, dollars - moved)


def _traded(turnover: pl.DataFrame) -> dict[str, tuple[float, int]]:
    results = turnover.filter(pl.col("volume_usd") > 0, pl.col("change_usd").is_finite())
    worst = results.group_by("venue").agg(
        (pl.col("change_usd").abs() / pl.col("volume_usd")).max().alias("worst"), pl.len()
    )
    return {venue: (worst_ratio, count) for venue, worst_ratio, count in worst.sort("venue").iter_rows()}


def _tests_of(panel: _Panel, index: int, traded: dict[str, tuple[float, int]]) -> list[VenueTest]:
    venue = panel.venues[index]
    coins, dollars, price = panel.coins[index], panel.dollars[index], panel.price
    seen = np.isfinite(coins)
    steps = int(seen.sum())
    worst = traded.get(venue)
    results = [_test(venue, BOUNDS[0], _exactly(worst[0]) if worst else None, worst[1] if worst else 0)]
    if steps * panel.step < MINIMUM_DAYS * NANOSECONDS_PER_DAY:
        return results + [_test(venue, bound, None, steps) for bound in BOUNDS[1:]]
    moving = seen & (price != 0.0)
    values: dict[Test, tuple[float, float, float] | None] = {
        "relation": _relation(panel, index),
        "price": _slope(dollars[seen], price[seen]),
        "noise": _exactly(_spread(coins) / float(np.median([_spread(c) for c in panel.coins if np.isfinite(c).any()]))),
        "jumps": _exactly(float(np.mean(np.abs(coins[seen]) > LARGE))),
        "stillness": _exactly(float(np.mean(np.abs(coins[moving]) < STILL))),
        "repeats": _exactly(float(np.mean(dollars[moving] == 0.0))),
    }
    return results + [_test(venue, bound, values[bound.test], steps) for bound in BOUNDS[1:]]


def _exactly(value: float) -> tuple[float, float, float]:
    return value, value, value


def _spread(values: Floats) -> float:
    observed = values[np.isfinite(values)]
    return float(1.4826 * np.median(np.abs(observed - np.median(observed))))


def _relation(panel: _Panel, index: int) -> tuple[float, float, float] | None:
    from scipy.stats import rankdata  # noqa: PLC0415 - a third of a second, only for ranks

    others = np.delete(panel.coins, index, axis=0)
    counted = np.isfinite(others).sum(axis=0) > 1
    both = np.isfinite(panel.coins[index]) & counted
    if both.sum() < 4:
        return None
    own = rankdata(panel.coins[index][both])
    rest = rankdata(np.nanmedian(others[:, both], axis=0))
    rho = float(np.corrcoef(own, rest)[0, 1])
    # Fisher's transformation, with the variance of ranks (Fieller, Hartley and Pearson 1957).
    half = _SIGNIFICANCE * float(np.sqrt(1.06 / (both.sum() - 3)))
    middle = float(np.arctanh(np.clip(rho, -0.999999, 0.999999)))
    return rho, float(np.tanh(middle - half)), float(np.tanh(middle + half))


def _slope(dollars: Floats, price: Floats) -> tuple[float, float, float] | None:
    spread = float(((price - price.mean()) ** 2).sum())
    if spread <= 0.0:
        return None
    slope = float(((price - price.mean()) * (dollars - dollars.mean())).sum() / spread)
    rest = dollars - dollars.mean() - slope * (price - price.mean())
    # Errors as White (1980): the scatter of open interest grows with the price's own moves.
    error = float(np.sqrt((rest**2 * (price - price.mean()) ** 2).sum())) / spread
    return slope, slope - _SIGNIFICANCE * error, slope + _SIGNIFICANCE * error


def _test(venue: str, bound: Bound, results: tuple[float, float, float] | None, steps: int) -> VenueTest:
    if results is None:
        return VenueTest(
            venue=venue, test=bound.test, value=None, low=None, high=None, verdict="untested", steps=steps,
            reason=bound.reason,
        )  # fmt: skip
    value, low, high = results
    # A relation must be shown; the other bounds must be shown to be broken.
    failed = low <= bound.low if bound.test == "relation" else high < bound.low or low > bound.high
    return VenueTest(
        venue=venue, test=bound.test, value=value, low=low, high=high, verdict="fail" if failed else "pass",
        steps=steps, reason=bound.reason,
    )  # fmt: skip
