"""Charts as SVG for the page and as PNG for everything else; same chart, same bytes."""

import io
import re
import warnings
from html import escape
from typing import Final, Literal

from runout.bulletin import captions, palette, wording
from runout.bulletin.findings import Chart

WIDE: Final = 820
"""Width in CSS pixels of a figure on a desktop: names stand at the ends of the lines."""

NARROW: Final = 358
"""Width in CSS pixels of a figure on a phone of 390: names stand above the lines."""

_RESOLUTION: Final = 144
_PROLOGUE: Final = re.compile(r"^.*?<svg [^>]*>", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_FONT: Final = re.compile(r"font: (?P<weight>\w+ )?(?P<size>[\d.]+px) [^;\"]*|font-family: [^;\"]*;? ?")
_NOISE: Final = re.compile(r' id="[^"]*"| transform="rotate\(-?0 [^)]*\)"|; stroke-linejoin: miter')
_NUMBER: Final = re.compile(r"\d+\.\d{2,}")
_COLOUR: Final = re.compile("|".join(ink.light for ink in palette.ALL))
_VARIABLES: Final = {ink.light: f"var({ink.variable}, {ink.light})" for ink in palette.ALL}


def svg(chart: Chart, width: int = WIDE, *, coin: str = "", synthetic: bool = False) -> str:
    """Return the chart as one ``svg`` element that can stand in a page or in a file.

    Colours are CSS variables (:mod:`runout.bulletin.palette`) with the light colours behind them, text is text in
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


def png(chart: Chart, width: int = WIDE, *, coin: str = "", synthetic: bool = False) -> bytes:
    """Return the chart as PNG on white at two dots a pixel, with its title and source line: it may stand alone."""
    return _saved(chart, width, "png", coin=coin, synthetic=synthetic)


def _saved(chart: Chart, width: int, form: Literal["svg", "png"], *, coin: str, synthetic: bool) -> bytes:
    import matplotlib as mpl  # noqa: PLC0415 - half a second, only where something is drawn

    from runout.bulletin import drawing  # noqa: PLC0415 - imports matplotlib

    look = drawing.Look(float(width), coin=wording.clean(coin), synthetic=synthetic, framed=form == "png")
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
    box = re.search(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"', drawing)
    width, height = (box["width"], box["height"]) if box else ("0", "0")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(words)}" '
        'style="font-family: var(--chart-font, system-ui, sans-serif); font-variant-numeric: tabular-nums">'
    )
    body = _METADATA.sub("", _PROLOGUE.sub("", drawing, count=1))
    # Only tags are rewritten: a label may hold a number, a colour or an identifier of its own.
    body = _TAG.sub(lambda tag: _tidy_tag(tag[0]), body)
    return opening + re.sub(r"\s*\n\s*", " ", body).strip()


def _tidy_tag(tag: str) -> str:
    plain = _FONT.sub(_font, _NOISE.sub("", tag))
    rounded = _NUMBER.sub(lambda number: f"{float(number[0]):.1f}", plain)
    return _COLOUR.sub(lambda colour: _VARIABLES[colour[0]], rounded)


def _font(found: re.Match[str]) -> str:
    if found["size"] is None:
        return ""
    weight = f"font-weight: {found['weight'].strip()}; " if found["weight"] else ""
    return f"{weight}font-size: {found['size']}"
