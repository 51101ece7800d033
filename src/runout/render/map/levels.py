"""The map by price: what rests at each level now, and below it the sum from the price outward.

Bars of levels that are data are filled, those that are assumption drawn in outline.
"""

from typing import Final, NamedTuple

from matplotlib.axes import Axes

from runout.bulletin.liquidation_map import LiquidationMap
from runout.liquidation_map.dollars import SIDES
from runout.liquidation_map.ladder import FAR, cumulative, cumulative_band
from runout.render import palette
from runout.render.canvas import Paper, boxes
from runout.render.layout import Look
from runout.render.map import frame
from runout.render.map.labels import short_line
from runout.units import price

_BETWEEN: Final = 46.0


class Places(NamedTuple):
    """Where the parts of the picture lie, in pixels from its top left."""

    left: float
    right: float
    upper: float
    middle: float
    lower: float
    height: float


def places(look: Look) -> Places:
    """Return where the parts of the picture lie on a desktop, on a phone, and alone."""
    left = frame.MARGIN + 58.0 if look.framed else 58.0 if look.wide else 44.0
    upper = frame.head(look) + 44.0
    middle = upper + (300.0 if look.framed else 230.0 if look.wide else 180.0)
    lower = middle + _BETWEEN + (130.0 if look.wide else 110.0)
    right = look.width - (frame.MARGIN if look.framed else 12.0)
    return Places(left, right, upper, middle, lower, lower + (96.0 if look.framed else 50.0 if look.wide else 66.0))


def draw(liquidation_map: LiquidationMap, paper: Paper, top: float, look: Look) -> None:
    """Draw the levels of a map onto paper, from ``top`` down."""
    at = places(look)
    if look.framed:
        frame.words(liquidation_map, paper, "inferred liquidation levels by price", top, top + at.height - 26)
    frame.mark_synthetic(paper, look, top)
    upper, middle, lower = top + at.upper, top + at.middle, top + at.lower
    bars = frame.plot(paper, (at.left, upper, at.right, middle))
    sums = frame.plot(paper, (at.left, middle + _BETWEEN, at.right, lower))
    edges = liquidation_map.ladder.edges
    for item in (bars, sums):
        item.set_xlim(edges[0], edges[-1])
        frame.value_axis(item, edges[0], edges[-1], vertical=False, most=12 if look.wide else 4, unit="USD per coin")
        item.axvline(liquidation_map.price, color=palette.PRICE.light, linewidth=1.2, zorder=5)
    _bars(liquidation_map, bars)
    _sums(liquidation_map, sums)
    _marks(liquidation_map, paper, upper, look)
    if look.wide:
        paper.text(frame.MARGIN if look.framed else 0, upper - 6, f"per {liquidation_map.step_text()}", palette.MUTED)
    note = "Sum from the price outward, band of 90%" if look.wide else "Sum outward from the price, 90% band"
    paper.text(at.left, middle + _BETWEEN - 8, note, palette.MUTED)
    _legend(paper, lower + 36, at, look)


def _bars(subject: LiquidationMap, on: Axes) -> None:
    most = 0.0
    for row, side in enumerate(SIDES):
        usd, ink = subject.ladder.total_usd(side), frame.INKS[side].light
        frame.bars(on, usd, subject.ladder.edges, subject.ladder.assumed[row] < FAR, ink, orientation="vertical")
        most = max(most, float(usd.max()))
    on.set_ylim(0.0, most * 1.08 or 1.0)
    frame.value_axis(on, 0.0, most, vertical=True, most=5)


def _sums(liquidation_map: LiquidationMap, on: Axes) -> None:
    most = 0.0
    for side in SIDES:
        ink, own = frame.INKS[side].light, liquidation_map.ladder.middle < liquidation_map.price
        shown = own if side == "long" else ~own
        far = (liquidation_map.ladder.edges[:-1] if side == "long" else liquidation_map.ladder.edges[1:])[shown]
        value = cumulative(liquidation_map.ladder, side)[shown]
        low, high = (end[shown] for end in cumulative_band(liquidation_map.ladder, side))
        on.fill_between(far, low, high, color=ink, alpha=0.14, linewidth=0, zorder=3)
        on.plot(far, value, color=ink, linewidth=2.0, zorder=4)
        most = max(most, float(high.max(initial=0.0)))
    on.set_ylim(0.0, most * 1.08 or 1.0)
    frame.value_axis(on, 0.0, most, vertical=True, most=3)


def _marks(liquidation_map: LiquidationMap, paper: Paper, upper: float, look: Look) -> None:
    """Name the price and the largest clusters above the plot."""
    at, edges = places(look), liquidation_map.ladder.edges

    def place(value: float) -> float:
        return float(at.left + (value - edges[0]) / (edges[-1] - edges[0]) * (at.right - at.left))

    clusters = [entry for index, entry in enumerate(frame.named(liquidation_map, look)) if look.wide or index % 2 == 0]
    room = 128.0 if look.framed else 116.0
    if look.wide:  # the largest that fit beside each other and the price
        fits = int((at.right - at.left + 8 - room) // room)
        largest = sorted(clusters, key=lambda cluster: cluster.total.usd, reverse=True)[:fits]
        clusters = [cluster for cluster in clusters if cluster in largest]
    requested = [*(place((cluster.low + cluster.high) / 2.0) for cluster in clusters), place(liquidation_map.price)]
    spots = frame.apart(requested, room, at.left + room / 2 - 8, at.right - room / 2)
    for item, middle, x in zip(clusters, requested, spots, strict=False):
        ink = frame.INKS[item.side]
        paper.path(boxes([(place(item.low), upper - 3, place(item.high), upper)]), fill=ink)
        paper.line([(middle, upper - 3), (x, upper - 10)], ink, 0.8)
        for index, row in enumerate(short_line(item)):
            paper.text(
                x, upper - 28 + 14 * index, row, ink if index == 0 else palette.MUTED, align="center", bold=index == 0
            )
    paper.text(spots[-1], upper - 28, f"{price(liquidation_map.price)} now", palette.PRICE, align="center", bold=True)
    paper.line([(place(liquidation_map.price), upper), (spots[-1], upper - 24)], palette.PRICE, 0.8)


def _legend(paper: Paper, y: float, at: Places, look: Look) -> None:
    for index, side in enumerate(SIDES):
        paper.text(at.left + 56 * index, y, f"{side}s", frame.INKS[side], bold=True)
    note = "Filled: data. Outline, ○: assumption, past moves seldom went so far. ▲ growing over 24 h."
    if look.wide:
        paper.text(at.left + 120, y, note, palette.MUTED)
        return
    paper.text(0, y + 16, "Filled: data. Outline, ○: assumption. ▲ growing.", palette.MUTED)
