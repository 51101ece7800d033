"""The two pictures of a map as files: PNG, and SVG that can stand in a page."""

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal

from runout.bulletin.mapping.content import LiquidationMap
from runout.bulletin.mapping.words import cluster_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Kind = Literal["heatmap", "levels"]
_RESOLUTION: Final = 144
_PROLOGUE: Final = re.compile(r"^.*?<svg [^>]*>", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


def png(of: LiquidationMap, kinds: tuple[Kind, ...] = ("heatmap", "levels")) -> bytes:
    """Return pictures of a map, one below the other, as PNG at two dots a pixel; same map, same bytes.

    Parameters
    ----------
    of
        The map.
    kinds
        ``heatmap`` (time and price) and ``levels`` (what rests at each price now).
    """
    return _saved(of, kinds, "png")


def svg(of: LiquidationMap, kind: Kind) -> str:
    """Return one picture of a map as an ``svg`` element on white, its text alternative as ``aria-label``."""
    content = _saved(of, (kind,), "svg").decode()
    box = re.search(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"', content)
    width, height = (box["width"], box["height"]) if box else ("0", "0")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(describe(of, kind))}">'
    )
    body = _METADATA.sub("", _PROLOGUE.sub("", content, count=1))
    # Two pictures may stand in one page: what refers to itself must not meet the other's.
    named = re.sub(r'((?:id="|xlink:href="#|url\(#))', rf"\1{kind}-", body)
    return opening + re.sub(r"\s*\n\s*", " ", named).strip()


def describe(of: LiquidationMap, kind: Kind) -> str:
    """Return a picture in words."""
    largest = "; ".join(cluster_line(one) for one in of.clusters[:4])
    what = "inferred liquidation levels over time" if kind == "heatmap" else "inferred liquidation levels by price"
    return f"{of.title(what)}. Largest clusters: {largest}."


def _saved(of: LiquidationMap, kinds: tuple[Kind, ...], form: Literal["svg", "png"]) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - half a second, only where something is drawn

    metadata = {"Date": None} if form == "svg" else {"Software": None}
    sheet = io.BytesIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": f"{of.coin}{kinds}", "font.family": "DejaVu Sans"}
    with mpl.rc_context(settings):
        figure = _drawn(of, kinds)
        figure.savefig(sheet, format=form, dpi=72 if form == "svg" else _RESOLUTION, metadata=metadata)
    return sheet.getvalue()


def _drawn(of: LiquidationMap, kinds: tuple[Kind, ...]) -> "Figure":
    from runout.bulletin import palette  # noqa: PLC0415
    from runout.bulletin.mapping import heatmap, levels  # noqa: PLC0415 - import matplotlib
    from runout.bulletin.paper import Paper, boxes  # noqa: PLC0415

    heights = {"heatmap": heatmap.HEIGHT, "levels": levels.HEIGHT}
    draws = {"heatmap": heatmap.draw, "levels": levels.draw}
    paper = Paper(heatmap.WIDTH, sum(heights[kind] for kind in kinds))
    paper.path(boxes([(0, 0, heatmap.WIDTH, sum(heights[kind] for kind in kinds))]), fill=palette.GROUND)
    top = 0.0
    for kind in kinds:
        draws[kind](of, paper, top)
        top += heights[kind]
    return paper.figure
