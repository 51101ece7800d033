"""The map by price: what rests at each level now, stacked by class, and the sum from the price outward."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from runout.bulletin import palette
from runout.bulletin.mapping import frame
from runout.bulletin.mapping.colours import ramp
from runout.bulletin.mapping.content import LiquidationMap
from runout.bulletin.mapping.words import short_line
from runout.bulletin.palette import Ink
from runout.bulletin.paper import Paper, boxes
from runout.positions.ladder import cumulative, cumulative_band
from runout.positions.weights import SIDES, Side
from runout.units import price

HEIGHT: Final = 620.0
_RIGHT: Final = frame.WIDTH - 78.0
_BOTTOM: Final = HEIGHT - 122.0


def draw(of: LiquidationMap, paper: Paper, top: float) -> None:
    """Draw the levels of a map onto paper, from ``top`` down."""
    frame.words(of, paper, "inferred liquidation levels by price", top, top + HEIGHT - 34)
    upper, lower = top + frame.HEAD + 44, top + _BOTTOM
    stacked = frame.plot(paper, (frame.LEFT, upper, _RIGHT, lower))
    summed = frame.plot(paper, (frame.LEFT, upper, _RIGHT, lower))
    edges = of.ladder.edges
    for one in (stacked, summed):
        one.set_xlim(edges[0], edges[-1])
    frame.value_axis(stacked, edges[0], edges[-1], vertical=False, most=12, unit="USD per coin")
    _stack(of, stacked)
    _sums(of, summed)
    stacked.axvline(of.price, color=palette.PRICE.light, linewidth=1.2, zorder=5)
    _marks(of, paper, upper)
    paper.text(16, upper - 6, f"$ per {of.step_text()}", palette.MUTED)
    paper.text(frame.WIDTH - 16, upper - 6, "sum outward", palette.MUTED, align="right")
    _legend(of, paper, lower + 40)


def _place(of: LiquidationMap, value: float) -> float:
    edges = of.ladder.edges
    return float(frame.LEFT + (value - edges[0]) / (edges[-1] - edges[0]) * (_RIGHT - frame.LEFT))


def _shades(side: Side, classes: int) -> list[str]:
    """Return a colour a class: the nearest, of highest leverage, the darkest."""
    scale = ramp(frame.INKS[side])
    places = (np.linspace(0.92, 0.22, classes) * (len(scale) - 1)).astype(np.int64)
    return [to_hex(tuple(scale[place].tolist())) for place in places]


def _stack(of: LiquidationMap, on: Axes) -> None:
    most = 0.0
    for row, side in enumerate(SIDES):
        base = np.zeros(len(of.ladder.middle))
        for k, shade in enumerate(_shades(side, len(of.ladder.distance))):
            usd = of.ladder.usd[row, :, k]
            top = base + usd
            on.stairs(top, of.ladder.edges, baseline=base, fill=True, color=shade, linewidth=0, zorder=2)
            base = top
        most = max(most, float(base.max()))
    on.set_ylim(0.0, most * 1.08 or 1.0)
    frame.value_axis(on, 0.0, most, vertical=True, most=6)


def _sums(of: LiquidationMap, on: Axes) -> None:
    most = 0.0
    for side in SIDES:
        ink, own = frame.INKS[side].light, of.ladder.middle < of.price
        shown = own if side == "long" else ~own
        far = (of.ladder.edges[:-1] if side == "long" else of.ladder.edges[1:])[shown]
        value = cumulative(of.ladder, side)[shown]
        low, high = (cumulative_band(of.ladder, side, end)[shown] for end in ("low", "high"))
        on.fill_between(far, low, high, color=ink, alpha=0.10, linewidth=0, zorder=3)
        on.plot(far, value, color=palette.GROUND.light, linewidth=4.4, zorder=4)
        on.plot(far, value, color=ink, linewidth=2.0, zorder=4)
        most = max(most, float(high.max(initial=0.0)))
    on.set_ylim(0.0, most * 1.08 or 1.0)
    frame.value_axis(on, 0.0, most, vertical=True, most=6)
    on.yaxis.tick_right()
    on.grid(visible=False)
    on.xaxis.set_ticks([])


def _marks(of: LiquidationMap, paper: Paper, upper: float) -> None:
    """Name the price and the largest clusters above the plot."""
    named = [one for side in SIDES for one in [c for c in of.clusters if c.side == side][:3]]
    wanted = [_place(of, (one.low + one.high) / 2.0) for one in named]
    places = frame.apart([*wanted, _place(of, of.price)], 128.0, frame.LEFT + 60, _RIGHT - 60)
    for one, middle, x in zip(named, wanted, places, strict=False):
        ink = frame.INKS[one.side]
        paper.path(boxes([(_place(of, one.low), upper - 3, _place(of, one.high), upper)]), fill=ink)
        paper.line([(middle, upper - 3), (x, upper - 10)], ink, 0.8)
        for index, row in enumerate(short_line(one)):
            paper.text(
                x, upper - 28 + 14 * index, row, ink if index == 0 else palette.MUTED, align="center", bold=index == 0
            )
    paper.text(places[-1], upper - 28, f"{price(of.price)} now", palette.PRICE, align="center", bold=True)
    paper.line([(_place(of, of.price), upper), (places[-1], upper - 24)], palette.PRICE, 0.8)


def _legend(of: LiquidationMap, paper: Paper, y: float) -> None:
    """Name the classes by leverage; a star where the prior decides the weight."""
    names = of.leverage_texts()
    paper.text(16, y, "leverage", palette.MUTED)
    for row, side in enumerate(SIDES):
        top = y + 16 * row
        paper.text(frame.LEFT + 46, top, f"{side}s", frame.INKS[side], bold=True, align="right")
        shades, driven = _shades(side, len(names)), of.prior_driven(side)
        for k, (name, star) in enumerate(zip(names, driven, strict=True)):
            x = frame.LEFT + 60 + 68 * k
            shade = Ink("", shades[k], shades[k])
            paper.path(boxes([(x, top - 9, x + 14, top + 1)]), fill=shade)
            paper.text(x + 18, top, f"{name}{'*' if star else ''}", palette.INK if not star else palette.MUTED)
    x = frame.LEFT + 60 + 68 * len(names) + 10
    paper.text(x, y, "* the prior decides more than half of the weight.", palette.MUTED)
    paper.text(x, y + 16, "Lines: sum from the price outward, band of 90%. ▲ accumulating.", palette.MUTED)
