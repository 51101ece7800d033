"""Which worlds the battery is run on, and what is kept of a world once it has been measured."""

from pathlib import Path
from typing import Final, Self, get_args

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_DAY
from runout.pipeline.synthesize import END, SHORT
from runout.synthetic import Family, Scenario, World
from runout.synthetic.world import COINS

SCENARIOS: Final[tuple[Scenario, ...]] = get_args(Scenario)
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)
MAP_DAYS, MAP_TRADERS = 56, 24_000
"""Worlds of the map: BTC alone, so a good third of the traders trade it. 46 days are the least that a map needs before
its first moment: 30 of warm-up, 10 of four-hourly reports, and room."""
FAMILIES_A_SEED = 3
FORECAST_DAYS, FORECAST_TRADERS, FORECAST_COINS = 600, 4_000, 3
"""Worlds of the forecast: three coins of 400 accounts and more; a forecast needs a year, and 70 days before it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A world of the battery.

    Parameters
    ----------
    scenario, family, seed, days, traders
        As in :class:`runout.synthetic.World`.
    coins
        How many of its coins are simulated, the first ones.
    """

    scenario: Scenario
    family: Family
    seed: int
    days: int
    traders: int
    coins: int = 1

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.scenario}-{self.family}-seed{self.seed}-{self.days}d-{self.traders}"

    def world(self) -> World:
        """Return the world; it ends where every synthetic market ends."""
        return World(
            scenario=self.scenario, family=self.family, seed=self.seed, days=self.days, traders=self.traders,
            start=END - self.days * NANOSECONDS_PER_DAY, coins=COINS[: self.coins],
            truth_days=self.days if self.days <= SHORT else 1,
        )  # fmt: skip


def map_cases(
    seeds: int, *, each: int = FAMILIES_A_SEED, days: int = MAP_DAYS, traders: int = MAP_TRADERS
) -> list[Case]:
    """Return so many worlds of each seed: families in turn, scenarios in turn at another pace.

    Examples
    --------
    >>> cases = map_cases(20)
    >>> len(cases), {sum(one.family == family for one in cases) for family in FAMILIES}
    (60, {10})
    >>> sorted({sum(one.scenario == scenario for one in cases) for scenario in SCENARIOS})
    [7, 8]
    """
    step = len(FAMILIES) // each
    return [
        Case(
            scenario=SCENARIOS[(each * seed + place) % len(SCENARIOS)],
            family=FAMILIES[(seed + step * place) % len(FAMILIES)], seed=seed, days=days, traders=traders,
        )
        for seed in range(1, seeds + 1)
        for place in range(each)
    ]  # fmt: skip


def forecast_cases(seeds: int, *, days: int = FORECAST_DAYS, traders: int = FORECAST_TRADERS) -> list[Case]:
    """Return one long world for each seed, scenarios and families in turn."""
    return [
        Case(
            scenario=SCENARIOS[seed % len(SCENARIOS)], family=FAMILIES[seed % len(FAMILIES)], seed=seed, days=days,
            traders=traders, coins=FORECAST_COINS,
        )
        for seed in range(1, seeds + 1)
    ]  # fmt: skip


class Arrays(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Measurements that are kept as one file of arrays, field by field."""

    def save(self, path: Path) -> None:
        """Write the file; a half-written one never bears its name."""
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(file, **msgspec.structs.asdict(self))
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return what a file holds."""
        with np.load(path) as held:
            return cls(**{name: held[name] for name in cls.__struct_fields__})
