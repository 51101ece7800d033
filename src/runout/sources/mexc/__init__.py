"""MEXC: open interest of perpetuals."""

from functools import partial

from runout.sources.mexc import rest
from runout.sources.pages import folder

venue = partial(folder, "mexc", rest)
