"""A sheet to draw on: matplotlib's primitives at places in CSS pixels from the top, no axes objects.

Without axes a figure takes a third of the time. Imported only where something is drawn: matplotlib takes half a second.
"""

from collections.abc import Sequence
from typing import Literal

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from runout.render import layout, palette
from runout.render.palette import Ink

Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Paper:
    """A figure under way, at 72 dots an inch: one pixel is one point."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        self.figure.patch.set_visible(False)
        downwards = Affine2D().scale(1 / 72, -1 / 72).translate(0, height / 72)
        self.transform = downwards + self.figure.dpi_scale_trans

    def path(self, path: Path, *, stroke: Ink | None = None, fill: Ink | None = None, width: float = 1.0) -> None:
        """Draw a path's outline, its inside, or both."""
        patch = PathPatch(
            path,
            facecolor=fill.light if fill else "none",
            edgecolor=stroke.light if stroke else "none",
            linewidth=width if stroke else 0,
            transform=self.transform,
        )
        self.figure.add_artist(patch)

    def line(self, points: Sequence[Point], ink: Ink, width: float = 1.6, dash: tuple[float, ...] = ()) -> None:
        """Draw a line through points."""
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        line = Line2D(xs, ys, color=ink.light, linewidth=width, transform=self.transform, solid_joinstyle="round")
        if dash:
            line.set_dashes(dash)
        self.figure.add_artist(line)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        ink: Ink = palette.INK,
        *,
        align: Literal["left", "center", "right"] = "left",
        size: float = layout.SIZE,
        bold: bool = False,
    ) -> None:
        """Write text on one line.

        Parameters
        ----------
        x, y
            Where it begins, is centred or ends, as ``align`` says; ``y`` is its baseline.
        text
            What is written, as it is: nothing in it is read as mathematics.
        ink
            Its colour.
        align
            Which part of it stands at ``x``.
        size
            Height of its letters.
        bold
            Whether it is bold.
        """
        # A dollar sign is money here, never mathematics.
        artist = Text(x, y, text, color=ink.light, fontsize=size, ha=align, va="baseline", parse_math=False)
        artist.set_fontweight("bold" if bold else "normal")
        artist.set_transform(self.transform)
        self.figure.add_artist(artist)


def boxes(corners: Sequence[Box]) -> Path:
    """Return rectangles (left, top, right, bottom) as one path."""
    vertices: list[Point] = []
    for left, top, right, bottom in corners:
        vertices += [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(corners)
    return Path(vertices or [(0.0, 0.0)], codes or [Path.MOVETO])


def strokes(segments: Sequence[tuple[Point, Point]]) -> Path:
    """Return straight segments as one path."""
    vertices = [point for segment in segments for point in segment]
    return Path(vertices or [(0.0, 0.0)], [Path.MOVETO, Path.LINETO] * len(segments) or [Path.MOVETO])
