"""Publish a bulletin: what it stands on is issued first where the lake lacks it, then the bulletin."""

import shlex
from typing import TYPE_CHECKING

from msgspec import structs

from runout.bulletin.findings import Bulletin
from runout.jobs import ledger
from runout.jobs.clustering import find_missing, shown_map
from runout.jobs.issuing import Reader, issue, runout
from runout.jobs.sliding import find_slides
from runout.lake import DEFAULT_LAKE, Lake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runout.bulletin.page import Picture


def publish(lake: Lake, coin: str, at: int) -> Bulletin:
    """Return the bulletin of ``coin`` as of ``at`` (UTC ns); a forecast or clusters not held are issued and kept.

    Raises
    ------
    NotEnoughDataError
        If the coin's price is not known at ``at``, or derived state is behind the data.
    """
    ledger.issue_missing(lake, coin, at)
    find_missing(lake, coin, at)
    find_slides(lake, coin, at)
    return addressed(issue(lake, coin, at), lake.root)


def addressed(made: Bulletin, root: str) -> Bulletin:
    """Return a bulletin whose commands name its lake, so that they run as printed; the default lake needs no name."""
    if root == DEFAULT_LAKE:
        return made
    suffix = f" --lake {shlex.quote(root)}"
    sections = [
        structs.replace(
            section,
            findings=tuple(
                structs.replace(
                    one, evidence=structs.replace(one.evidence, reproduce=f"{one.evidence.reproduce}{suffix}")
                )
                if one.evidence.reproduce
                else one
                for one in section.findings
            ),
        )
        for section in made.sections
    ]
    return structs.replace(made, reproduce=f"{made.reproduce}{suffix}", sections=tuple(sections))


def pictures_of(lake: Lake, made: Bulletin, at: int) -> "Mapping[str, Sequence[Picture]]":
    """Return the pictures of a bulletin's page that are no charts, by key of their section: the map, and slides."""
    from runout.bulletin import page, slides  # noqa: PLC0415 - only a page has pictures
    from runout.bulletin.mapping import pictures  # noqa: PLC0415

    keys = {one.key for one in made.sections}
    found = shown_map(lake, made.coin, at) if "clusters" in keys else None
    drawn: dict[str, Sequence[Picture]] = {}
    if found is not None:
        drawn["clusters"] = [
            page.Picture(svg=pictures.svg(found, "heatmap"), title="Where they were over the past week, inferred"),
            page.Picture(svg=pictures.svg(found, "levels"), title="What rests at each price now, inferred"),
        ]
    asked = Reader(lake, made.coin, at)
    if "runout" in keys:
        svg = slides.svg(runout.rows_of(asked), synthetic=made.synthetic)
        drawn["runout"] = [page.Picture(svg=svg, title="What moves of every size would set off, inferred")]
    return drawn
