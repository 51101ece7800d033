"""A world of the battery as a lake, as a lake without volume and open interest, and as its truth."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY
from runout.lake import Lake
from runout.records import Series
from runout.synthetic import World, generate
from studies.truth.design import Case

VENUE: Final = "synth-a"
MAP_KINDS: Final = ("bars", "open_interest", "liquidations")
FORECAST_KINDS: Final = (*MAP_KINDS, "funding", "positioning")
Published = list[tuple[Series, pl.DataFrame]]


class Made(msgspec.Struct, frozen=True, eq=False):
    """A world that was simulated.

    Parameters
    ----------
    world
        The world.
    published
        Series and rows of the kinds that were asked for.
    truth
        As :func:`runout.synthetic.truth.truth_tables` returns it.
    """

    world: World
    published: Published
    truth: dict[str, pl.DataFrame]

    def moment(self, day: int) -> int:
        """Return the end of a day of the world, UTC ns."""
        return self.world.start + (day + 1) * NANOSECONDS_PER_DAY

    def rows(self, kind: str, step: str) -> pl.DataFrame:
        """Return what the venue of the map published of a kind and step, its perpetual's."""
        return next(
            rows
            for one, rows in self.published
            if one.kind == kind and one.step_text() == step and one.venues == (VENUE,) and one.market != "spot"
        )

    def lake(self, folder: Path) -> Lake:
        """Write what was published into a lake."""
        return _written(self.published, folder)

    def path_lake(self, folder: Path) -> Lake:
        """Write the same with one constant for all volume and one for open interest: only the path is left."""
        return _written([(one, _flat(rows)) for one, rows in self.published], folder)


def make(case: Case, kinds: Collection[str] = MAP_KINDS) -> Made:
    """Simulate a world, and keep what it publishes of some kinds."""
    world = case.world()
    published, truth = generate(world, lambda _step, _number, _total: None)
    return Made(world, [(one, rows) for one, rows in published if one.kind in kinds], truth)


def _written(published: Published, folder: Path) -> Lake:
    lake = Lake(folder)
    lake.register(one for one, _ in published)
    for kind in dict.fromkeys(one.kind for one, _ in published):
        lake.append(kind, pl.concat([rows for one, rows in published if one.kind == kind]))
    return lake


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    amounts = [name for name in ("volume_base", "open_interest_base", "open_interest_usd") if name in rows.columns]
    return rows.with_columns(pl.col(name).mean() for name in amounts)
