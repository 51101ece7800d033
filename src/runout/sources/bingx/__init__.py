"""BingX: open interest of perpetuals."""

from functools import partial

from runout.sources.bingx import rest
from runout.sources.pages import folder

venue = partial(folder, "bingx", rest)
