"""Which providers can be imported."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Literal

import msgspec

from runout.errors import UsageError
from runout.plugins import plugged
from runout.sources.protocol import FileSource
from runout.sources.renames import under_present_names
from runout.sources.venue import Call, Folder, Instrument, Venue

TABLE = "table"


def providers() -> dict[str, Callable[[], FileSource]]:
    """Return what makes each provider's source, by the name typed on the command line.

    Raises
    ------
    UsageError
        If an installed package takes the name of another source, or cannot be imported.
    """
    from runout.sources import table  # noqa: PLC0415 - see below

    own: dict[str, Callable[[], FileSource]] = {
        "coinglass": _coinglass,
        "binance-perpetual": partial(_binance, "perpetual"),
        "binance-spot": partial(_binance, "spot"),
        "coinalyze": _coinalyze,
        **{name: partial(table.shipped, name) for name in table.shipped_mappings()},
    }
    return own | plugged("sources", (*own, TABLE))


VENUES = (
    "binance", "bybit", "okx", "hyperliquid", "gate", "bitget", "kraken", "deribit", "htx", "bitfinex", "dydx",
    "lighter", "aster", "mexc", "bingx", "coingecko", "defillama",
)  # fmt: skip
"""Venues and keyless providers that can be backfilled and collected, in the order of their weight."""
KEYED = ("coinalyze",)
"""Providers that ask for a free key: backfilled where the environment holds it, or where they are named."""
NAMED = ("binance-vision",)
"""Providers whose terms exclude some uses: backfilled only where they are named."""


def venue_of(name: str) -> Venue:
    """Return the venue of that name; renamed coins are under their present names in its list of instruments.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in (*VENUES, *KEYED, *NAMED):
        raise UsageError(f"expected a venue, one of {', '.join((*VENUES, *KEYED, *NAMED))}; found {name!r}")
    folder: Folder = import_module(f"runout.sources.{name.replace('-', '_')}").venue()

    def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
        return under_present_names(folder.read_instruments(answers))

    return msgspec.structs.replace(folder, read_instruments=read_instruments)


# Readers are imported when asked for: a command that reads one provider's files need not load every reader.
def _coinglass() -> FileSource:
    from runout.sources import coinglass  # noqa: PLC0415

    return coinglass.source()


def _binance(market: Literal["perpetual", "spot"]) -> FileSource:
    from runout.sources import binance  # noqa: PLC0415

    return binance.source(market)


def _coinalyze() -> FileSource:
    from runout.sources import coinalyze  # noqa: PLC0415

    return coinalyze.source()


def source_of(provider: str, mapping: Path | None = None) -> FileSource:
    """Return the source of ``provider``.

    Raises
    ------
    UsageError
        If no provider has that name, or a mapping is missing or superfluous.
    """
    if provider == TABLE:
        if mapping is None:
            raise UsageError(f"expected --mapping FILE with provider {TABLE!r}, found none; see docs/importing.md")
        from runout.sources import table  # noqa: PLC0415

        return table.from_file(mapping, (*providers(), *VENUES, *KEYED, *NAMED))
    known = providers()
    if provider not in known:
        raise UsageError(f"expected a provider, one of {', '.join([*known, TABLE])}; found {provider!r}")
    if mapping is not None:
        raise UsageError(f"expected --mapping with provider {TABLE!r} only, found it with {provider!r}")
    return known[provider]()
