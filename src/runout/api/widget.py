"""The heat of a map as a widget of a notebook: Jupyter, VS Code, marimo and others that take anywidget."""

import importlib
from functools import cache
from pathlib import Path
from typing import Any


def heat_widget(tile: bytes) -> Any:
    """Return a widget that draws a tile (:mod:`runout.api.tiles`) with the price, and says what it is of.

    It takes the colours of the notebook, light or dark, and fetches nothing. Another tile may be put into its ``tile``.

    Raises
    ------
    ImportError
        If anywidget is not installed.
    """
    return _kind()(tile=tile)


@cache
def _kind() -> Any:
    try:
        anywidget, traitlets = map(importlib.import_module, ("anywidget", "traitlets"))
    except ImportError as error:
        raise ImportError(
            "anywidget is not installed, which draws maps in notebooks: `pip install anywidget`"
        ) from error
    script = Path(__file__).with_name("heat.js").read_text(encoding="utf-8")
    return type("HeatWidget", (anywidget.AnyWidget,), {"_esm": script, "tile": traitlets.Bytes().tag(sync=True)})
