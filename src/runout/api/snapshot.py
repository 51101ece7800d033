"""The map of a coin together with what its clusters and moves of the price would set off: what a screen shows."""

from typing import Final

import msgspec
import polars as pl

from runout.api.answers import MapAnswer
from runout.api.published_positions import read_published
from runout.api.table_answer import TableAnswer
from runout.api.tables import dated
from runout.api.tiles import heat_tile
from runout.bulletin.liquidation_map import Model
from runout.cascade.shock import Move
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.build_map import liquidation_map
from runout.pipeline.whatif_answers import Setting, setting_of, slides, whatif

_CONSEQUENCE: Final = {
    "chance_24h": pl.Float64, "chance_low": pl.Float64, "chance_high": pl.Float64, "through_forced_usd": pl.Float64,
    "through_forced_low_usd": pl.Float64, "through_forced_high_usd": pl.Float64, "through_stop_price": pl.Float64,
}  # fmt: skip


class SnapshotAnswer(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """The map of a coin at a moment and, where its order books are known, what moves would set off.

    Parameters
    ----------
    map
        The map.
    setting
        What moves are asked of; None without books.
    missing
        Why there are none; empty where there are.
    """

    map: MapAnswer
    setting: Setting | None
    missing: str

    def clusters(self) -> TableAnswer:
        """Return the clusters with the chance that the price gets to each within 24 h, and what crossing it sets off.

        Returns
        -------
        TableAnswer
            Columns of :meth:`runout.api.answers.MapAnswer.clusters`; ``chance_24h`` that the price reaches the near
            edge (share of past days that went so far, volatility for volatility, 90% ``chance_low, chance_high``);
            ``through_forced_usd`` of forced orders if it moves to the far edge, with the edges of all bands, and where
            that slide stops (``through_stop_price``). Null where no books or too few days are known.
        """
        content, setting = self.map.content, self.setting
        results = [
            (None,) * len(_CONSEQUENCE) if setting is None else _consequence(setting, cluster.low, cluster.high)
            for cluster in content.clusters
        ]
        beside = pl.DataFrame(results, schema=_CONSEQUENCE, orient="row")
        return self._about(pl.concat([self.map.clusters(), beside], how="horizontal"))

    def ladder(self) -> TableAnswer:
        """Return what moves of 0.5 to 15% either way would set off: rows of kind ``slides``.

        Raises
        ------
        NotEnoughDataError
            If no books of the venue are known.
        """
        if self.setting is None:
            raise NotEnoughDataError(self.missing)
        return self._about(dated(slides(self.setting, self.map.content.clusters)))

    def levels(self) -> TableAnswer:
        """Return the levels of the map."""
        return self._about(self.map.to_polars())

    def sweeps(self) -> TableAnswer:
        """Return what the map expected of each bucket of its window, and what was reported."""
        return self._about(self.map.sweeps())

    def tile(self) -> bytes:
        """Return the heat as :func:`runout.api.tiles.heat_tile` encodes it."""
        return heat_tile(self.map.content)

    def _about(self, table: pl.DataFrame) -> TableAnswer:
        content = self.map.content
        return TableAnswer(
            table=table,
            scope="; ".join(item.scope() for item in content.sources.every()),
            series=tuple(item.series for item in content.sources.every()),
            capture=content.sources.capture(),
            synthetic=content.synthetic,
            inferred=content.model != "measured",
            note=f"{content.model_text()} {content.source_text()}".lstrip(),
        )


def snapshot(
    lake: Lake,
    coin: str,
    at: int,
    *,
    since: int | None = None,
    venue: str | None = None,
    model: Model = "inferred",
    positions: str | None = None,
) -> SnapshotAnswer:
    """Return the map of a coin at ``at`` (UTC ns) and what moves would set off; nothing is written.

    Parameters
    ----------
    lake, coin, at
        What was known of the coin by then.
    since, venue
        Where the window begins (UTC ns; a week before if absent), and whose market; the bulletins' if absent.
    model, positions
        As of :meth:`runout.api.session.Session.map`; positions are shown with measured alone.

    Raises
    ------
    UsageError
        If the window is empty, or there is no such model.
    NotEnoughDataError
        If bars, open interest or liquidations are missing, or too short; for measured, published positions.
    """
    lake = lake.snapshot()
    published = read_published(positions, coin) if model == "measured" else None
    drawn = liquidation_map(lake, coin, at, since=since, venue=venue, model=model, published=published)
    if model == "measured":
        missing = "published positions say nothing of what a move would set off; ask without model=measured"
        return SnapshotAnswer(map=MapAnswer(drawn), setting=None, missing=missing)
    try:
        setting, missing = setting_of(lake, coin, at, venue=drawn.venue, drawn=drawn), ""
    except NotEnoughDataError as error:
        setting, missing = None, str(error)
    return SnapshotAnswer(map=MapAnswer(drawn), setting=setting, missing=missing)


def _consequence(setting: Setting, low: float, high: float) -> tuple[float | None, ...]:
    """Return the chance to reach the near edge of a range, and what crossing it sets off."""
    below = high < setting.price
    near, far = (high, low) if below else (low, high)
    if low <= setting.price <= high:
        near = setting.price
    chance = None if near == setting.price else whatif(setting, Move(near / setting.price - 1.0)).chance
    slide = whatif(setting, Move(far / setting.price - 1.0)).slide
    return (
        1.0 if near == setting.price else None if chance is None else chance.frequency,
        None if chance is None else chance.low,
        None if chance is None else chance.high,
        slide.value.liquidated_usd,
        slide.mild.liquidated_usd,
        slide.severe.liquidated_usd,
        slide.value.price_usd,
    )
