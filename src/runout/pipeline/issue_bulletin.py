"""Publish a bulletin: what it needs is read where the lake holds it, else computed in memory; nothing is written."""

import shlex
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from msgspec import structs

from runout.bulletin.findings import Bulletin
from runout.lake import DEFAULT_LAKE, Lake
from runout.pipeline import ledger
from runout.pipeline.bulletin_inputs import Reader, issue, runout
from runout.pipeline.cascade_snapshots import slide_rows
from runout.pipeline.cluster_snapshots import cluster_rows, has_clusters, shown_map

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runout.bulletin.liquidation_map import LiquidationMap
    from runout.render.page import Picture


class Publication:
    """A coin at a moment: its map is built once, when first asked for, and all of it reads the lake as it stood then.

    Parameters
    ----------
    lake, coin
        Where, and the base asset.
    at
        UTC ns.
    pictured
        Whether pictures will be drawn: the map then keeps its levels through time.
    """

    def __init__(self, lake: Lake, coin: str, at: int, *, pictured: bool = False) -> None:
        self.lake, self.coin, self.at, self.pictured = lake.snapshot(), coin, at, pictured

    @cached_property
    def map(self) -> "LiquidationMap | None":
        """The map that a bulletin of this moment shows; None where the lake has not the data of one."""
        return shown_map(self.lake, self.coin, self.at, heat=self.pictured)

    @cached_property
    def computed(self) -> dict[str, pl.DataFrame]:
        """Rows that the bulletin needs and the lake does not hold, by record kind."""
        rows = {"ledger": ledger.forecast_of_day(self.lake, self.coin, self.at)}
        return rows if has_clusters(self.lake, self.coin, self.at) else rows | self.snapshot

    @cached_property
    def snapshot(self) -> dict[str, pl.DataFrame]:
        """Clusters and slides of this moment's map, by record kind; empty without a map."""
        if self.map is None:
            return {}
        rows = cluster_rows(self.map)
        slides = slide_rows(self.lake, self.map, rows["clusters"])
        return rows if slides is None else {**rows, "slides": slides}

    def keep(self, lake: Lake) -> dict[str, int]:
        """Write clusters and slides of this moment's map to a lake; return how many rows of each were added."""
        # The clusters last: what is interrupted before them is done again, and the same rows written twice are one.
        kinds = [kind for kind in ("slides", "swept_clusters", "clusters") if kind in self.snapshot]
        return {kind: lake.append(kind, self.snapshot[kind]).added.height for kind in kinds}

    @cached_property
    def bulletin(self) -> Bulletin:
        """The bulletin; NotEnoughDataError as :func:`publish`."""
        return addressed(issue(self.lake, self.coin, self.at, computed=self.computed), self.lake.root)

    def pictures(self) -> "Mapping[str, Sequence[Picture]]":
        """Return the pictures of the bulletin's page that are no charts, by key of their section: map and slides."""
        from runout.render import page, slides  # noqa: PLC0415 - only a page has pictures
        from runout.render.map import pictures  # noqa: PLC0415

        keys = {section.key for section in self.bulletin.sections}
        rows = runout.rows_of(Reader(self.lake, self.coin, self.at, computed=self.computed))
        pictured = self.map if self.pictured else shown_map(self.lake, self.coin, self.at, heat=True)
        self.lake.release()
        drawn: dict[str, Sequence[Picture]] = {}
        if "clusters" in keys and pictured is not None:
            titles: dict[pictures.Kind, str] = {
                "heatmap": "Inferred liquidation levels over the past week",
                "levels": "Inferred liquidation levels by price, now",
            }
            drawn["clusters"] = [
                page.Picture(*pictures.both_widths(pictured, kind), title=title) for kind, title in titles.items()
            ]
        if "runout" in keys:
            both = slides.both_widths(rows, synthetic=self.bulletin.synthetic)
            title = "Inferred effect of moves of every size"
            drawn["runout"] = [page.Picture(*both, title=title, note=slides.COLOURS)]
        return drawn


def publish(lake: Lake, coin: str, at: int) -> Bulletin:
    """Return the bulletin of ``coin`` as of ``at`` (UTC ns); nothing is written.

    Raises
    ------
    NotEnoughDataError
        If the coin's price is not known at ``at``, or derived state is behind the data.
    """
    return Publication(lake, coin, at).bulletin


def addressed(bulletin: Bulletin, root: str) -> Bulletin:
    """Return a bulletin whose commands name its lake from the present folder, to run as printed; the default none."""
    if "://" not in root and Path(root).absolute().is_relative_to(Path.cwd()):
        root = str(Path(root).absolute().relative_to(Path.cwd()))
    if root == DEFAULT_LAKE:
        return bulletin
    suffix = f" --lake {shlex.quote(root)}"
    sections = [
        structs.replace(
            section,
            findings=tuple(
                structs.replace(
                    item, evidence=structs.replace(item.evidence, reproduce=f"{item.evidence.reproduce}{suffix}")
                )
                if item.evidence.reproduce
                else item
                for item in section.findings
            ),
        )
        for section in bulletin.sections
    ]
    return structs.replace(bulletin, reproduce=f"{bulletin.reproduce}{suffix}", sections=tuple(sections))


def keep_snapshot(lake: Lake, coin: str, at: int) -> dict[str, int]:
    """Write clusters and slides of the map at ``at`` if they are not held; return how many rows of each were added."""
    return {} if has_clusters(lake, coin, at) else Publication(lake, coin, at).keep(lake)
