"""What the cascade said of real falls, and what came: each fall is asked once and kept."""

from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.cascade.depth import Band
from runout.cascade.montecarlo import BAND_DEVIATIONS
from runout.clock import NANOSECONDS_PER_DAY, format_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.progress import Progress, no_progress
from runout.pipeline.whatif_answers import TRUE_OVER_REPORTED, Setting, setting_of
from runout.scores.distribution import crps_ensemble
from studies.cascade.events import MARK, VENUE, Fall
from studies.cascade.scores import Drawn, at_factor, band_of, drawn, line, moves, on_the_way

SHARES: Final = (0.5, 0.75, 1.0)
DRAWS: Final = 2000
FACTORS: Final = (TRUE_OVER_REPORTED.low, TRUE_OVER_REPORTED.value, TRUE_OVER_REPORTED.high)
FLOOR_USD: Final = 1e6
"""Added to dollars before logarithms are taken, where a day may have next to none."""
WINDOWS: Final = (1, 2, 3, 6, 12)
"""Lengths of the past windows, in marks, that the regression is fitted on."""
_DAY: Final = NANOSECONDS_PER_DAY
_LEAST_FALL: Final = 0.003
_PAST: Final = 365 * NANOSECONDS_PER_DAY


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What one way of reckoning says.

    Parameters
    ----------
    name
        Of the way.
    band
        Reported dollars, 5%, 50% and 95%.
    beyond
        Share of its draws that left the map.
    """

    name: str
    band: Band
    beyond: float = 0.0


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution of the next 24 h, and how it did.

    Parameters
    ----------
    name
        Of the way.
    band
        Reported dollars, 5%, 50% and 95%.
    position
        Share of the distribution below what came.
    loss
        CRPS of ln(dollars + $1M).
    """

    name: str
    band: Band
    position: float
    loss: float


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One fall, asked at its origin.

    Parameters
    ----------
    fall
        Which.
    price
        At its origin.
    move
        Log-distance to the lowest price until the fall's end.
    realised_usd
        Longs that the venue reported until then.
    day_move, day_usd
        The same of the 24 h after.
    depth_usd
        Bids within 1%, central.
    given
        Dollars given that low.
    issued
        The distribution issued before.
    """

    fall: Fall
    price: float
    move: float
    realised_usd: float
    day_move: float
    day_usd: float
    depth_usd: float
    given: tuple[Given, ...]
    issued: tuple[Issued, ...]


def ask_all(lake: Lake, falls: list[Fall], work: Path, progress: Progress = no_progress) -> list[Asked]:
    """Ask every fall; finished ones stay in ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    found: list[Asked] = []
    for number, fall in enumerate(falls, start=1):
        name = f"{fall.kind.replace(' ', '-')}-{fall.coin}-{fall.origin // 10**9}-{fall.eve // 10**9}"
        progress(name, number, len(falls))
        path = work / f"{name}.json"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(ask(lake, fall)))
            part.replace(path)
        found.append(msgspec.json.decode(path.read_bytes(), type=Asked))
    return found


def ask(lake: Lake, fall: Fall) -> Asked:
    """Ask one fall: only what was known at its origin goes into what is said."""
    at = fall.origin
    setting = setting_of(lake, fall.coin, at, venue=VENUE)
    rng = np.random.default_rng([at // 10**9, 0])
    source = setting.map.sources
    if source.liquidations is None:
        raise NotEnoughDataError(f"expected liquidations of {fall.coin} on {VENUE} by {format_time(at)}, found none")
    bars = _series(lake, "bars", source.bars[0].series, at, max(fall.end, at + _DAY))
    sums = _series(lake, "liquidations", source.liquidations.series, at, max(fall.end, at + _DAY))
    move, day_move = (_fall(bars, at, until, setting.price) for until in (fall.end, at + _DAY))
    realised, day_usd = (_reported(sums, at, until) for until in (fall.end, at + _DAY))
    past = _past(lake, setting, at)
    return Asked(
        fall=fall, price=setting.price, move=move, realised_usd=realised, day_move=day_move,
        day_usd=day_usd, depth_usd=setting.depth_usd("down").value,
        given=(*given_low(setting, move, rng), _regressed(past, move, fall.end - at)),
        issued=(*_issued(setting, day_usd, rng), _scored("climatology", _days(past), day_usd)),
    )  # fmt: skip


def given_low(setting: Setting, move: float, rng: np.random.Generator) -> tuple[Given, ...]:
    """Return reported dollars of a fall that has gone ``move`` (log), by each way of reckoning.

    *Ending there*: the slide whose stop is that low, whatever share of it came from outside. *Share s*: a move of s
    times the fall from outside, and what it sets off by itself; and the same without feedback. *Factor f*: share 0.75
    with a known factor between dollars forced and reported.
    """
    side, factor = setting.market.coins[0].ladder.long, TRUE_OVER_REPORTED
    found = [Given(name="ending there", band=_of_map(on_the_way(side, move)))]
    for share in SHARES:
        made = drawn(setting.market, moves(np.full(DRAWS, share * move), "down"), "down", factor, rng)
        found.append(_from_draws(f"share {share:g}", made))
        found.append(Given(name=f"share {share:g}, no feedback", band=_of_map(on_the_way(side, share * move))))
    for one in FACTORS:
        whole = at_factor(setting.market, one, TRUE_OVER_REPORTED)
        made = drawn(whole, moves(np.full(DRAWS, 0.75 * move), "down"), "down", Band(one, one, one), rng)
        found.append(_from_draws(f"factor {one:g}", made))
    return tuple(found)


def _of_map(forced: Band) -> Band:
    factor = TRUE_OVER_REPORTED
    return Band(forced.low / factor.low, forced.value / factor.value, forced.high / factor.high)


def _from_draws(name: str, made: Drawn) -> Given:
    return Given(name=name, band=band_of(made.reported_usd), beyond=made.beyond)


# -- the day before ---------------------------------------------------------------------------------------------------


def _issued(setting: Setting, came: float, rng: np.random.Generator) -> tuple[Issued, ...]:
    if setting.extremes is None:
        return ()
    falls = rng.choice(setting.extremes.down, DRAWS) * setting.extremes.sigma
    found = [_scored(f"share {share:g}", _members(setting, falls * share, rng), came) for share in SHARES]
    side = setting.market.coins[0].ladder.long
    bands = [_of_map(on_the_way(side, one)) for one in falls.tolist()]
    luck = rng.standard_normal(len(bands))
    alone = np.array([_draw(one, z) for one, z in zip(bands, luck.tolist(), strict=True)])
    return (*found, _scored("no feedback", alone, came))


def _members(setting: Setting, falls: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return drawn(setting.market, moves(falls, "down"), "down", TRUE_OVER_REPORTED, rng).reported_usd


def _draw(of: Band, z: float) -> float:
    if of.value <= 0.0:
        return 0.0
    edge = of.high / of.value if z > 0 else of.value / max(of.low, 1e-3 * of.value)
    return of.value * edge ** (z / BAND_DEVIATIONS)


def _scored(name: str, members: np.ndarray, came: float) -> Issued:
    loss = float(crps_ensemble(np.log(members + FLOOR_USD), [np.log(came + FLOOR_USD)])[0])
    return Issued(name=name, band=band_of(members), position=float((members < came).mean()), loss=loss)


# -- what came, and the past ------------------------------------------------------------------------------------------


def _series(lake: Lake, kind: str, series: str, since: int, until: int) -> pl.DataFrame:
    """Return rows after ``since`` until ``until``, as known later: this is what came, and goes into nothing said."""
    rows = lake.as_of(kind, at=until + 30 * _DAY, series=[series], since=since - MARK)
    return rows.filter(pl.col("event_time") > since, pl.col("event_time") <= until).sort("event_time")


def _fall(bars: pl.DataFrame, since: int, until: int, price: float) -> float:
    low = bars.filter(pl.col("event_time") > since, pl.col("event_time") <= until)["low"].min()
    return max(float(np.log(price / float(low))), 0.0) if isinstance(low, float) else 0.0


def _reported(sums: pl.DataFrame, since: int, until: int) -> float:
    inside = sums.filter(
        pl.col("event_time") > since, pl.col("event_time") <= until, pl.col("liquidated_side") == "long"
    )
    return float(inside["value_usd"].sum())


class _Past(msgspec.Struct, frozen=True, eq=False):
    """Windows of the past from each mark: length in marks, log fall, dollars of longs."""

    length: np.ndarray
    fall: np.ndarray
    usd: np.ndarray


def _past(lake: Lake, setting: Setting, at: int) -> _Past:
    source = setting.map.sources.liquidations
    longs = lake.as_of("liquidations", at=at, series=[source.series] if source else [], since=at - _PAST).filter(
        pl.col("liquidated_side") == "long"
    )
    marks = _marks(lake, setting.map.sources.bars[0].series, at)
    joined = marks.join(longs.select("event_time", "value_usd"), on="event_time").sort("event_time")
    low, close, usd, time = (joined[name].to_numpy() for name in ("low", "close", "value_usd", "event_time"))
    parts: list[np.ndarray] = []
    for length in WINDOWS:
        starts = np.arange(len(time) - length)
        whole = time[starts + length] - time[starts] == length * MARK
        lowest = np.lib.stride_tricks.sliding_window_view(low, length).min(axis=1)[1 : len(starts) + 1]
        summed = np.lib.stride_tricks.sliding_window_view(usd, length).sum(axis=1)[1 : len(starts) + 1]
        fall = np.maximum(np.log(close[starts] / lowest), 0.0)
        parts.append(np.column_stack([np.full(len(starts), length), fall, summed])[whole])
    every = np.concatenate(parts)
    return _Past(every[:, 0], every[:, 1], every[:, 2])


def _marks(lake: Lake, fine: str, at: int) -> pl.DataFrame:
    """Return four-hourly lows and closes of the fine bars that the map is drawn from."""
    rows = lake.as_of("bars", at=at, series=[fine], since=at - _PAST).sort("event_time")
    ends = (pl.col("event_time") + MARK - 1) // MARK * MARK
    made = rows.group_by(ends.alias("mark"), maintain_order=True).agg(pl.col("low").min(), pl.col("close").last())
    return made.rename({"mark": "event_time"})


def _regressed(past: _Past, move: float, span: int) -> Given:
    kept = past.fall >= _LEAST_FALL
    covariates = np.column_stack([np.log(past.fall[kept]), np.log(past.length[kept])])
    fitted = line(covariates, past.usd[kept])
    return Given(name="regression", band=fitted.band([np.log(max(move, _LEAST_FALL)), np.log(max(span / MARK, 1.0))]))


def _days(past: _Past) -> np.ndarray:
    return past.usd[past.length == _DAY // MARK]
