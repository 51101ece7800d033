"""Unit jumps: a level that changes by the factor of a unit, at once and to stay, while the price does not."""

import msgspec
import numpy as np
import polars as pl

from runout.clock import format_time
from runout.quality import prints
from runout.quality.audit_findings import AuditFinding, Mask, Severity, Values, breaches, finding
from runout.quality.prices import Prices
from runout.quality.quantity_series import Observed, Track, tracks

WINDOW_ROWS = 8
"""Medians of eight rows before and after: a spike does not move them, and a new level shows within eight rows."""
LEAST_SHIFT = np.log(1.6)
"""The smallest unit factor is 2; with a tolerance of a quarter it begins at 1.6."""
TIMES_NOISE = 6.0
"""A shift must exceed six times the robust spread of the series' own eight-row shifts."""
SHARPNESS = 0.6
"""The single step must carry this share of the shift: a unit changes at once, a market over several rows."""
TOLERANCE = np.log(1.1)
"""A unit's factor is met within 10%, or within three robust deviations of the series' own changes if that is more."""
TIMES_SPREAD = 3.0
STAYS = 0.75
STAYS_ROWS, STAYS_ROWS_OF_FLOWS = 24, 120
"""The new level must keep this share of the shift over so many rows. News multiply volume for hours, seldom longer;
open interest does not come back by itself."""
LEAST_ROWS_OF_FLOWS = 30
"""So many rows after a jump of a flow must exist: at the very end of a series a burst and a new unit look alike."""
SPIKE_ROWS = 5
SPIKE_FACTOR = 20.0
"""A level twenty times its neighbours on both sides, for up to two rows, is a slip of the pen."""
TELLING_PRICE = np.log(10.0)
"""A price between 10 cents and 10 dollars is too near the ordinary factors to be told from them."""
_MARKET = "no unit explains it: a venue joined or left the figure, or the market itself moved"
_STEADY = frozenset({"close", "open_interest_base", "open_interest_usd", "reserve_base", "market_cap_usd"})
_JUDGED = _STEADY | {"volume_base", "volume_usd", "buy_usd", "sell_usd", "bid_usd", "ask_usd", "long_usd", "short_usd"}


class Factor(msgspec.Struct, frozen=True):
    """A factor between two units, and how such a mistake arises."""

    value: float
    words: str
    severity: Severity = "error"


FACTORS = (
    Factor(2.0, "two-sided instead of single-sided counting", "warning"),
    Factor(10.0, "another contract size", "warning"),
    Factor(100.0, "another contract size, or percent for fraction"),
    Factor(1_000.0, "thousands, or another contract size"),
    Factor(1_000_000.0, "millions"),
)


class _Jump(msgspec.Struct, frozen=True, kw_only=True):
    """A shift of the logarithm at ``time``; ``spread`` is what such steps vary by, ``log_price`` the price.

    ``certain``: a level can only change so by its unit; a flow may by the market.
    """

    time: int
    shift: float
    spread: float
    log_price: float
    price_shift: float
    certain: bool


def unit_jumps(observed: Observed, prices: Prices) -> list[AuditFinding]:
    """Return level shifts of a series by a unit's factor that the coin's price does not share.

    The shift at row i is the median of the logarithm over the eight rows from i on, less that over the eight before.
    It is a jump if it exceeds 1.6× and six robust deviations of all shifts of the series, if the step at i alone
    carries most of it, if it stays (over 24 rows; 120 for flows), and if what remains after the price's own shift is
    still as large. The nearest of :data:`FACTORS` or the price (coins for dollars) names the cause. A jump that no
    unit explains, or that comes while the price itself shifts by more than 1.6×, is a note.
    """
    series = observed.series
    if series.kind == "liquidations" and not series.step:
        return []  # single events have no level
    return [
        audit_finding
        for track in tracks(observed)
        if track.name in _JUDGED
        for audit_finding in _jumps(observed, track, prices.close(series.coin, track.times, besides=series.series))
    ]


def spikes(observed: Observed) -> list[AuditFinding]:
    """Return single rows, or two, that are zero, or twenty times above or below their neighbours on both sides."""
    return [
        results
        for track in tracks(observed)
        if track.name in _STEADY
        for check in (_spikes, _zeros)
        for results in check(observed, track.observed())
    ]


def _jumps(observed: Observed, track: Track, price: Values) -> list[AuditFinding]:
    seen = np.isfinite(track.values) & (track.values > 0.0)
    times, level, price = track.times[seen], np.log(track.values[seen]), price[seen]
    if len(level) < 3 * WINDOW_ROWS:
        return []
    shift = _shift(level)
    noise = 1.4826 * float(np.median(np.abs(shift)))
    least = max(LEAST_SHIFT, TIMES_NOISE * noise)
    if not (np.abs(shift) > least).any():
        return []
    price_shift = np.nan_to_num(_shift(_filled(np.log(price))))
    step = np.diff(level)[WINDOW_ROWS - 1 : WINDOW_ROWS - 1 + len(shift)]
    candidate = (np.abs(shift) > least) & (np.abs(shift - price_shift) > least)
    candidate &= step * np.sign(shift) >= SHARPNESS * np.abs(shift)
    places = [i + WINDOW_ROWS for i in _peaks(candidate, np.abs(step))]
    steady = track.name in _STEADY
    spread = 1.4826 * float(np.median(np.abs(np.diff(level)))) if steady else noise
    jumps = [
        _Jump(
            time=int(times[i]),
            shift=float(level[i] - level[i - 1]) if steady else float(shift[i - WINDOW_ROWS]),
            spread=spread,
            log_price=float(np.log(price[i])) if track.name.endswith(("_usd", "_base")) else np.nan,
            price_shift=float(price_shift[i - WINDOW_ROWS]),
            certain=steady,
        )
        for i in places
        if _stays(level, i, float(shift[i - WINDOW_ROWS]), steady=steady)
    ]
    return [
        _as_finding(observed, track, jump)
        for jump in jumps
        if _cause(jump) or (steady and observed.series.kind != "bars")
    ]


def _stays(level: Values, row: int, shift: float, *, steady: bool) -> bool:
    rows = STAYS_ROWS if steady else STAYS_ROWS_OF_FLOWS
    after, before = level[row : row + rows], level[max(0, row - rows) : row]
    if not steady and len(after) < LEAST_ROWS_OF_FLOWS:
        return False
    return float(np.median(after) - np.median(before)) * np.sign(shift) >= STAYS * abs(shift)


def _shift(level: Values) -> Values:
    """Return, for each row with a full window on either side, the median after it (inclusive) less that before."""
    median = pl.Series(level).rolling_median(WINDOW_ROWS).to_numpy()
    return median[2 * WINDOW_ROWS - 1 :] - median[WINDOW_ROWS - 1 : -WINDOW_ROWS]


def _filled(values: Values) -> Values:
    return pl.Series(values).fill_nan(None).forward_fill().fill_null(np.nan).to_numpy()


def _peaks(candidate: Mask, strength: Values) -> list[int]:
    """Return the strongest candidate of each group that lies within one window."""
    places = np.flatnonzero(candidate)
    if not len(places):
        return []
    groups = np.split(places, np.flatnonzero(np.diff(places) > WINDOW_ROWS) + 1)
    return [int(group[np.argmax(strength[group])]) for group in groups]


def _as_finding(observed: Observed, track: Track, jump: _Jump) -> AuditFinding:
    cause = _cause(jump)
    words = (
        f"the price does not: {cause.words}" if cause else f"the price by ×{np.exp(jump.price_shift):,.3g}: {_MARKET}"
    )
    return finding(
        "unit_jump" if cause else "level_shift",
        "note" if not cause else cause.severity if jump.certain else "warning",
        observed.series,
        (jump.time, jump.time),
        statement=f"{track.name} changes by ×{np.exp(jump.shift):,.4g} at {format_time(jump.time)} and stays there, "
        f"{words}",
        remedy="find out what the provider changed that day; import the two parts as two dated feeds",
        observed=float(np.exp(jump.shift)),
        expected=1.0,
    )


def _cause(jump: _Jump) -> Factor | None:
    if abs(jump.price_shift) > LEAST_SHIFT:
        return None
    factors = list(FACTORS)
    if np.isfinite(jump.log_price) and abs(jump.log_price) > TELLING_PRICE:
        factors.append(Factor(float(np.exp(abs(jump.log_price))), "the price: coins for dollars, or the reverse"))
    distance = [abs(abs(jump.shift) - float(np.log(factor.value))) for factor in factors]
    nearest = int(np.argmin(distance))
    return factors[nearest] if distance[nearest] <= max(TOLERANCE, TIMES_SPREAD * jump.spread) else None


def _zeros(observed: Observed, track: Track) -> list[AuditFinding]:
    """Return zeros of a level between rows of which most are not zero: nothing was observed, or nothing was sent."""
    median = pl.Series(track.values).rolling_median(SPIKE_ROWS, center=True, min_samples=3).to_numpy()
    return [
        finding(
            "spike",
            "error",
            observed.series,
            (int(track.times[b.first]), int(track.times[b.last])),
            statement=f"{track.name} is 0 at {format_time(int(track.times[b.row]))}, between rows of "
            f"{median[b.row]:,.6g} ({b.count} such rows)",
            remedy="compare with the provider's own page; quarantine the row",
            observed=0.0,
            expected=float(median[b.row]),
        )
        for b in breaches(((track.values == 0.0) & (median > 0.0)).astype(np.float64), 0.5)
    ]


def wicks(observed: Observed) -> list[AuditFinding]:
    """Return bars whose high or low is far from their open and close: one print, or a mistake."""
    if observed.series.kind != "bars":
        return []
    rows, beyond = observed.rows, prints.factors(observed.rows)
    times = rows["event_time"].to_numpy()
    audit_findings: list[AuditFinding] = []
    for name in ("high", "low"):
        values = rows[name].to_numpy()
        audit_findings += [
            finding(
                "spike",
                "warning",
                observed.series,
                (int(times[b.first]), int(times[b.last])),
                statement=f"{name} is {values[b.row]:,.6g} at {format_time(int(times[b.row]))}, a factor "
                f"{beyond[name][b.row]:.3g} from its open and close ({b.count} such rows): in no high, low or map",
                remedy="compare with another venue",
                observed=float(values[b.row]),
            )
            for b in breaches(beyond[name].to_numpy(), prints.FAR_FACTOR)
        ]
    return audit_findings


def _spikes(observed: Observed, track: Track) -> list[AuditFinding]:
    usable = track.values > 0.0
    times, level = track.times[usable], np.log(track.values[usable])
    if len(level) < WINDOW_ROWS:
        return []
    median = pl.Series(level).rolling_median(SPIKE_ROWS, center=True, min_samples=3).to_numpy()
    off = level - median
    return [
        finding(
            "spike",
            "error",
            observed.series,
            (int(times[b.first]), int(times[b.last])),
            statement=f"{track.name} is {np.exp(level[b.row]):,.6g} at {format_time(int(times[b.row]))}, "
            f"×{np.exp(off[b.row]):,.4g} of the rows around it ({b.count} such rows)",
            remedy="compare with the provider's own page; quarantine the row",
            observed=float(np.exp(level[b.row])),
            expected=float(np.exp(median[b.row])),
        )
        for b in breaches(np.abs(off), float(np.log(SPIKE_FACTOR)))
    ]
