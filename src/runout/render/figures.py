"""Charts as SVG for the page, as SVG or PNG to stand alone; same chart, same bytes."""

import io
import re
import warnings
from typing import Final, Literal

from runout.bulletin import wording
from runout.bulletin.findings import Chart
from runout.render import captions, vector

WIDE: Final = 820
"""Width in CSS pixels of a figure on a desktop: names stand at the ends of the lines."""

NARROW: Final = 358
"""Width in CSS pixels of a figure on a phone of 390: names stand above the lines."""

_RESOLUTION: Final = 144
_NOISE: Final = re.compile(r' id="[^"]*"| transform="rotate\(-?0 [^)]*\)"|; stroke-linejoin: miter')
_NUMBER: Final = re.compile(r"\d+\.\d{2,}")
_VARIABLE: Final = re.compile(r"var\(--chart-[a-z]+, ([^()]*)\)")
_TAG: Final = re.compile(r"<(?!svg)[^>]*>")


def svg(chart: Chart, width: int = WIDE, *, coin: str = "", synthetic: bool = False) -> str:
    """Return the chart as one ``svg`` element that can stand in a page or in a file.

    Colours are CSS variables (:mod:`runout.render.palette`) with the light colours behind them, text is text in
    the font of the page, and nothing is fetched. The text alternative is its ``aria-label``.

    Parameters
    ----------
    chart
        What is drawn. A value that is None breaks its line; times are UTC.
    width
        CSS pixels; from 560 on, names stand at the ends of the lines, below that above them.
    coin
        Name of the coin, for axes in coins.
    synthetic
        Whether the market is made up; the figure says so.
    """
    content = _saved(chart, width, "svg", coin=coin, synthetic=synthetic)
    return _tidy(content.decode(), words=captions.describe(chart, coin=wording.clean(coin)))


def alone(chart: Chart, form: Literal["svg", "png"], *, coin: str = "", synthetic: bool = False) -> bytes:
    """Return the chart as a file of its own: on white, with its title and source line, in colours that are fixed.

    Parameters
    ----------
    chart, coin, synthetic
        As for :func:`svg`.
    form
        ``svg``, or ``png`` at two dots a pixel.
    """
    content = _saved(chart, WIDE, form, coin=coin, synthetic=synthetic, framed=True)
    if form == "png":
        return content
    drawn = _tidy(content.decode(), words=captions.describe(chart, coin=wording.clean(coin)))
    # Programs that draw know no variables of a style sheet.
    return _VARIABLE.sub(r"\1", drawn).encode() + b"\n"


def _saved(
    chart: Chart, width: int, form: Literal["svg", "png"], *, coin: str, synthetic: bool, framed: bool = False
) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - half a second, only where something is drawn

    from runout.render import drawing  # noqa: PLC0415 - imports matplotlib

    look = drawing.Look(float(width), coin=wording.clean(coin), synthetic=synthetic, framed=framed)
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    sheet = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": chart.name, "path.simplify": True}):
        figure = drawing.draw(captions.finite(chart), look)
        with warnings.catch_warnings():
            if form == "svg":
                # The reader's browser has the glyphs of an East Asian name, whatever the font measured with lacks.
                warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
            figure.savefig(sheet, format=form, dpi=72 if form == "svg" else _RESOLUTION, metadata=metadata)
    return sheet.getvalue()


def _tidy(drawing: str, words: str) -> str:
    """Return one ``svg`` element, free of what a page does not need or must own itself."""
    element = vector.element(drawing, words=words, prefix="")
    # Without images nothing refers to anything: identifiers go, and places are rounded to what a screen can show.
    return _TAG.sub(lambda tag: _NUMBER.sub(lambda item: f"{float(item[0]):.1f}", _NOISE.sub("", tag[0])), element)
