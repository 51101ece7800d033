"""Slides of synthetic markets beside what the cascade says of them, given the scripted move alone.

What came from outside is the latent price, which nobody in the market sees; how much was closed by force is in the
truth, and which of it would not have been closed had forced orders moved no price. The cascade is asked with the map
that is inferred from what the venue publishes, and with the true positions: their difference is the error of the map.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import numpy as np
import polars as pl

from runout.cascade.arrays import Floats
from runout.cascade.depth import Band
from runout.cascade.ladder import Direction, ladder, rungs
from runout.cascade.market import Market, coin_market, market
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.lake import Lake
from runout.pipeline.progress import Progress, no_progress
from runout.pipeline.whatif_answers import TRUE_OVER_REPORTED, Setting, setting_of
from runout.synthetic import Scenario
from runout.synthetic.prices import MINUTES_PER_DAY, latent_returns
from runout.synthetic.scenarios import SCRIPTS, Move
from runout.synthetic.true_levels import true_levels
from runout.synthetic.world import BURN_IN_DAYS
from studies.cascade.events import MARK
from studies.cascade.real import FACTORS, Given
from studies.cascade.scores import Drawn, at_factor, central_usd, drawn, moves, on_the_way
from studies.truth.design import FAMILIES, Case
from studies.truth.worlds import VENUE, Made, make

SCENARIOS: Final[tuple[Scenario, ...]] = ("flush", "double-dip", "systemic", "squeeze")
DAYS, TRADERS = 50, 24_000
DRAWS: Final = 800
KINDS: Final = ("bars", "open_interest", "liquidations", "depth")
FIRST_SEED: Final = 5
"""Worlds 1 to 4 were looked at while this was built, and are not scored."""
AFTER_HOURS: Final = 2.0
"""How long after a scripted move forced closes still count as the slide's."""
TOGETHER_HOURS: Final = 4.0
"""Scripted moves no farther apart are one slide."""
_EXACT: Final = Band(1.0, 1.0, 1.0)
_TRUE_BIN, _TRUE_REACH = 0.001, 1.0


class Slid(msgspec.Struct, frozen=True, kw_only=True):
    """One slide of one world, at the venue of the map.

    Parameters
    ----------
    scenario, family, seed, at
        Which, and the four-hourly mark it was asked at.
    shock
        Farthest log-distance of the latent price from the mark on, to the slide's end: what came from outside.
    move
        The same of the venue's price.
    exogenous_usd, endogenous_usd
        Forced closes of the losing side at the venue: those that would have been without impact, and the rest.
    reported_usd
        What the venue's capped feed showed of them.
    closes
        How many.
    given
        Forced dollars by each way of reckoning.
    """

    scenario: str
    family: str
    seed: int
    at: int
    shock: float
    move: float
    exogenous_usd: float
    endogenous_usd: float
    reported_usd: float
    closes: int
    given: tuple[Given, ...]

    @property
    def forced_usd(self) -> float:
        """Return all that was closed by force."""
        return self.exogenous_usd + self.endogenous_usd


def cases(seeds: int) -> list[Case]:
    """Return one world a seed: scenarios in turn, families in turn at another pace.

    Examples
    --------
    >>> [one.scenario for one in cases(5)]
    ['flush', 'double-dip', 'systemic', 'squeeze', 'flush']
    """
    return [
        Case(
            scenario=SCENARIOS[(seed - 1) % len(SCENARIOS)],
            family=FAMILIES[(seed - 1 + (seed - 1) // len(FAMILIES)) % len(FAMILIES)],
            seed=seed, days=DAYS, traders=TRADERS,
        )
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
    ]  # fmt: skip


def slide_all(wanted: list[Case], work: Path, progress: Progress = no_progress) -> list[Slid]:
    """Ask every slide of every world; finished worlds stay in ``work``."""
    work.mkdir(parents=True, exist_ok=True)
    found: list[Slid] = []
    for number, case in enumerate(wanted, start=1):
        progress(case.name, number, len(wanted))
        path = work / f"{case.name}.json"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(slides_of(case)))
            part.replace(path)
        found += msgspec.json.decode(path.read_bytes(), type=list[Slid])
    return found


def slides_of(case: Case) -> list[Slid]:
    """Simulate a world and ask its slides."""
    made = make(case, KINDS)
    with TemporaryDirectory() as folder:
        lake = made.lake(Path(folder) / "lake")
        return [_slid(made, case, lake, moves) for moves in scripted(case.scenario)]


def scripted(scenario: Scenario) -> list[tuple[Move, ...]]:
    """Return the scripted moves of a scenario, those that follow each other closely together."""
    found: list[list[Move]] = []
    for move in SCRIPTS[scenario].moves:
        last = found[-1][-1] if found else None
        if last is not None and last.hours - last.lasts - move.hours <= TOGETHER_HOURS:
            found[-1].append(move)
        else:
            found.append([move])
    return [tuple(one) for one in found]


def _slid(made: Made, case: Case, lake: Lake, moves: tuple[Move, ...]) -> Slid:
    world, coin = made.world, made.world.coins[0].name
    end = world.start + world.days * NANOSECONDS_PER_DAY
    begins = end - round(moves[0].hours * NANOSECONDS_PER_HOUR)
    until = end - round((moves[-1].hours - moves[-1].lasts - AFTER_HOURS) * NANOSECONDS_PER_HOUR)
    at = begins // MARK * MARK
    direction: Direction = "down" if moves[0].size < 0 else "up"
    path = _latent(made, at, until)
    setting = setting_of(lake, coin, at, venue=VENUE)
    rng = np.random.default_rng([case.seed, at // 10**9])
    closed = _closed(made, at, until, direction)
    ways = (
        *inferred(setting, path, direction, rng),
        *true(true_market(made, setting, direction, at), path, direction, rng),
    )
    usd = closed["quantity_base"] * closed["price"]
    outside = (closed["cause"] == "exogenous").to_numpy()
    return Slid(
        scenario=case.scenario, family=case.family, seed=case.seed, at=at, shock=_farthest(path, direction),
        move=_moved(made, at, until, direction, setting.price), exogenous_usd=float(usd.to_numpy()[outside].sum()),
        endogenous_usd=float(usd.to_numpy()[~outside].sum()), reported_usd=_shown(made, at, until, direction),
        closes=closed.height, given=ways,
    )  # fmt: skip


def inferred(setting: Setting, path: Floats, direction: Direction, rng: np.random.Generator) -> tuple[Given, ...]:
    """Return forced dollars of a path from outside by the inferred map: with feedback, without, with known factors.

    *Cascade* follows the path minute by minute, so that books refill on the way; *at once* is the static solution for
    its farthest point. A known *factor* between dollars forced and reported has no band of its own.
    """
    of, factor = setting.market, TRUE_OVER_REPORTED
    alone = on_the_way(of.coins[0].ladder.side(direction), _farthest(path, direction))
    found = [*_by(of, "", path, direction, factor, rng), Given(name="map without feedback", band=alone)]
    for one in FACTORS:
        known = at_factor(of, one, factor)
        run = drawn(known, _copies(path), direction, Band(one, one, one), rng)
        found.append(_around(f"factor {one:g}", run, central_usd(known, path, direction)))
    return tuple(found)


def true(whole: Market, path: Floats, direction: Direction, rng: np.random.Generator) -> tuple[Given, ...]:
    """Return forced dollars of the same path by the true positions at the mark and the published books."""
    side = whole.coins[0].ladder.side(direction)
    alone = on_the_way(side, _farthest(path, direction))
    return (
        *_by(whole, "true positions, ", path, direction, _EXACT, rng),
        Given(name="true positions, without feedback", band=alone),
    )


def _by(  # noqa: PLR0917 - one market and one path
    whole: Market, prefix: str, path: Floats, direction: Direction, factor: Band, rng: np.random.Generator
) -> tuple[Given, Given]:
    run = drawn(whole, _copies(path), direction, factor, rng)
    far = moves(np.full(DRAWS, _farthest(path, direction)), direction)
    once = drawn(whole, far, direction, factor, rng)
    return (
        _around(f"{prefix}cascade", run, central_usd(whole, path, direction)),
        _around(f"{prefix}cascade at once", once, central_usd(whole, far[0], direction)),
    )


def _around(name: str, run: Drawn, central: float) -> Given:
    low, high = np.quantile(run.forced_usd, [0.05, 0.95]).tolist()
    return Given(name=name, band=Band(min(low, central), central, max(high, central)), beyond=run.beyond)


def _copies(path: Floats) -> Floats:
    return np.tile(path, (DRAWS, 1))


def _farthest(path: Floats, direction: Direction) -> float:
    return max(float(-path.min() if direction == "down" else path.max()), 0.0)


def true_market(made: Made, setting: Setting, direction: Direction, at: int) -> Market:
    """Return the market of a setting with the true positions of the venue in place of the inferred ones."""
    held = positions_at(made, at)
    place = 0 if direction == "down" else 1
    distance, usd = true_levels(held, place, setting.price)
    edges = np.arange(0.0, _TRUE_REACH + _TRUE_BIN / 2, _TRUE_BIN)
    side = rungs(edges, np.histogram(np.maximum(distance, 1e-9), edges, weights=usd)[0])
    of = ladder(
        setting.map.coin, setting.price, long=side if direction == "down" else None,
        short=side if direction == "up" else None,
    )  # fmt: skip
    return market(coin_market(of, setting.market.coins[0].venues))


def positions_at(made: Made, at: int) -> pl.DataFrame:
    """Return true positions of the venue at a moment: those of the midnight before, and what has changed since."""
    day = (at - made.world.start) // NANOSECONDS_PER_DAY - 1
    midnight = made.moment(day)
    every = made.truth["positions"].filter(pl.col("venue") == VENUE)
    mine = every["account"].unique()
    changed = (
        made.truth["changes"]
        .filter(pl.col("event_time") > midnight, pl.col("event_time") <= at, pl.col("account").is_in(mine.implode()))
        .group_by("account", maintain_order=True)
        .last()
    )
    columns = ["account", "side", "size", "liquidation_price"]
    still = every.filter(pl.col("day") == day).join(changed, on="account", how="anti")
    return pl.concat([still.select(columns), changed.filter(pl.col("size") > 0.0).select(columns)])


def _latent(made: Made, at: int, until: int) -> Floats:
    """Return where the price would have gone had nobody traded, log, by minute from the mark on."""
    world = made.world
    returns = latent_returns(world, np.random.default_rng([world.seed, 0]))[0]
    first, last = (
        BURN_IN_DAYS * MINUTES_PER_DAY + (one - world.start) // NANOSECONDS_PER_MINUTE for one in (at, until)
    )
    return np.cumsum(returns[first:last])


def _moved(made: Made, at: int, until: int, direction: Direction, price: float) -> float:
    bars = made.rows("bars", "5m").filter(pl.col("event_time") > at, pl.col("event_time") <= until)
    low, high = bars.select(pl.col("low").min(), pl.col("high").max()).row(0)
    return float(np.log(price / low) if direction == "down" else np.log(high / price))


def _closed(made: Made, at: int, until: int, direction: Direction) -> pl.DataFrame:
    side = "long" if direction == "down" else "short"
    return made.truth["liquidations"].filter(
        pl.col("event_time") > at, pl.col("event_time") <= until, pl.col("venue") == VENUE,
        pl.col("liquidated_side") == side,
    )  # fmt: skip


def _shown(made: Made, at: int, until: int, direction: Direction) -> float:
    side = "long" if direction == "down" else "short"
    rows = next(r for s, r in made.published if s.kind == "liquidations" and not s.step and s.venues == (VENUE,))
    inside = rows.filter(pl.col("event_time") > at, pl.col("event_time") <= until, pl.col("liquidated_side") == side)
    return float(inside["value_usd"].sum())
