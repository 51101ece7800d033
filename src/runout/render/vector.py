"""A drawing of matplotlib as one ``svg`` element of a page: the page's font, and colours that follow light and dark."""

import re
from html import escape
from typing import Final

from runout.render import palette

_BOX: Final = re.compile(r'viewBox="0 0 (?P<width>[\d.]+) (?P<height>[\d.]+)"')
_PROLOGUE: Final = re.compile(r"^.*?<svg [^>]*>", re.DOTALL)
_METADATA: Final = re.compile(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")
_FONT: Final = re.compile(r"font: (?P<weight>\w+ )?(?P<size>[\d.]+px) [^;\"]*|font-family: [^;\"]*;? ?")
_OWN: Final = re.compile(r'(id="|xlink:href="#|url\(#)')
_COLOUR: Final = re.compile("|".join(ink.light for ink in palette.ALL))
_VARIABLES: Final = {ink.light: f"var({ink.variable}, {ink.light})" for ink in palette.ALL}
_IMAGE: Final = '<image style="filter: var(--chart-image, none)" '


def element(drawing: str, *, words: str, prefix: str) -> str:
    """Return a whole drawing as one ``svg`` element.

    Parameters
    ----------
    drawing
        A file as matplotlib writes it with ``svg.fonttype`` none.
    words
        Its text alternative.
    prefix
        Stands before its own identifiers, since several drawings may share a page; none where it is empty.
    """
    box = _BOX.search(drawing)
    width, height = (box["width"], box["height"]) if box else ("0", "0")
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{escape(words)}" '
        'style="font-family: var(--chart-font, system-ui, sans-serif); font-variant-numeric: tabular-nums">'
    )
    body = _METADATA.sub("", _PROLOGUE.sub("", drawing, count=1))
    # Only tags are rewritten: a label may hold a number, a colour or an identifier of its own.
    body = _TAG.sub(lambda tag: _tidied(tag[0], prefix), body)
    return opening + re.sub(r"\s*\n\s*", " ", body).strip()


def _tidied(tag: str, prefix: str) -> str:
    if prefix:
        tag = _OWN.sub(rf"\1{prefix}-", tag)
    plain = _FONT.sub(_sized, tag.replace("<image ", _IMAGE, 1))
    return _COLOUR.sub(lambda colour: _VARIABLES[colour[0]], plain)


def _sized(results: re.Match[str]) -> str:
    if results["size"] is None:
        return ""
    weight = f"font-weight: {results['weight'].strip()}; " if results["weight"] else ""
    return f"{weight}font-size: {results['size']}"
