"""The two pictures of a map: PNG that stands alone, and SVG for a page on a desktop and on a phone."""

import io
from typing import TYPE_CHECKING, Any, Final, Literal

from runout.bulletin.liquidation_map import LiquidationMap
from runout.errors import UsageError
from runout.render import vector
from runout.render.figures import NARROW, WIDE
from runout.render.layout import Look
from runout.render.map.labels import cluster_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["heatmap", "levels"]
_RESOLUTION: Final = 144
_ALONE: Final = 1180.0


def png(liquidation_map: LiquidationMap, kinds: tuple[Kind, ...] = ("heatmap", "levels")) -> bytes:
    """Return pictures of a map, one below the other, as PNG at two dots a pixel; same map, same bytes.

    Parameters
    ----------
    liquidation_map
        The map.
    kinds
        ``heatmap`` (time and price) and ``levels`` (what rests at each price now).
    """
    return _saved(liquidation_map, kinds, Look(_ALONE, synthetic=liquidation_map.synthetic, framed=True))


def svg(liquidation_map: LiquidationMap, kind: Kind, width: int = WIDE) -> str:
    """Return one picture of a map as an ``svg`` element, its text alternative as ``aria-label``.

    Colours are CSS variables with the light ones behind them. Title and sources are left to the page.

    Parameters
    ----------
    liquidation_map
        The map.
    kind
        Which picture.
    width
        CSS pixels; below 560 the layout is that of a phone.
    """
    content = _saved(liquidation_map, (kind,), Look(float(width), synthetic=liquidation_map.synthetic)).decode()
    return vector.element(content, words=describe(liquidation_map, kind), prefix=f"{kind}-{width}")


def both_widths(liquidation_map: LiquidationMap, kind: Kind) -> tuple[str, str]:
    """Return one picture for a desktop and for a phone."""
    return svg(liquidation_map, kind, WIDE), svg(liquidation_map, kind, NARROW)


def describe(liquidation_map: LiquidationMap, kind: Kind) -> str:
    """Return a picture in words."""
    largest = "; ".join(cluster_line(cluster) for cluster in liquidation_map.clusters[:4])
    subject = "inferred liquidation levels over time" if kind == "heatmap" else "inferred liquidation levels by price"
    return f"{liquidation_map.title(subject)}. Largest clusters: {largest}. {liquidation_map.worth_text()}"


def _saved(subject: LiquidationMap, kinds: tuple[Kind, ...], look: Look) -> bytes:
    if subject.model == "measured":
        raise UsageError("pictures draw inferred levels only: with model measured ask for text, csv, parquet or json")
    import matplotlib as mpl  # noqa: PLC0415 - half a second, only where something is drawn

    form = "png" if look.framed else "svg"
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    sheet = io.BytesIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": f"{subject.coin}{kinds}", "font.family": "DejaVu Sans"}
    with mpl.rc_context(settings):
        figure = _drawn(subject, kinds, look)
        figure.savefig(sheet, format=form, dpi=72 if form == "svg" else _RESOLUTION, metadata=metadata)
        figure.clear()  # it and its parts name each other, and would wait for the collector: 20 MB a picture
    return sheet.getvalue()


def _drawn(liquidation_map: LiquidationMap, kinds: tuple[Kind, ...], look: Look) -> "Figure":
    from runout.render import palette  # noqa: PLC0415
    from runout.render.canvas import Paper, boxes  # noqa: PLC0415
    from runout.render.map import heatmap, levels  # noqa: PLC0415 - import matplotlib

    parts = {"heatmap": heatmap, "levels": levels}
    heights = [parts[kind].places(look).height for kind in kinds]
    paper = Paper(look.width, sum(heights))
    if look.framed:
        paper.path(boxes([(0, 0, look.width, sum(heights))]), fill=palette.GROUND)
    top = 0.0
    for kind, height in zip(kinds, heights, strict=True):
        parts[kind].draw(liquidation_map, paper, top, look)
        top += height
    return paper.figure
