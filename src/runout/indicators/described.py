"""How an indicator is described: what it is, its units and inputs, how far it looks back, and who defines it so."""

from collections.abc import Callable
from typing import Final

import msgspec
import polars as pl

RANK: Final = "percentile"
SIGMAS: Final = "standard deviations"


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What an indicator reads.

    Parameters
    ----------
    kind
        Record kind, or ``value`` where single values are handed over.
    scope
        Which series of the kind.
    columns
        Columns the function reads beside ``event_time`` and ``known_time``.
    """

    kind: str
    scope: str
    columns: tuple[str, ...] = ()


class Output(msgspec.Struct, frozen=True):
    """One column or value of an indicator, with its unit."""

    name: str
    unit: str


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """One indicator.

    Parameters
    ----------
    name
        Readable and unique.
    meaning
        What it says, in one sentence.
    equation
        As plain text.
    outputs
        Columns or values, with units.
    inputs
        What is read, in the order of the function's arguments.
    lookback
        Nanoseconds before a row that its value can depend on; None: all of history.
    nulls
        When there is no value.
    reference
        Who defines it so.
    function
        The function, as ``module.name`` below ``runout.indicators``.
    compute
        From input tables to a table with ``event_time`` and ``known_time``; None where the function takes or returns
        something else.
    """

    name: str
    meaning: str
    equation: str
    outputs: tuple[Output, ...]
    inputs: tuple[Input, ...]
    lookback: int | None
    nulls: str
    reference: str
    function: Callable[..., object]
    compute: Callable[..., pl.DataFrame] | None = None


def outputs(unit: str, *names: str) -> tuple[Output, ...]:
    """Return outputs of one unit."""
    return tuple(Output(name, unit) for name in names)


OWN: Final = "this product's own definition (definitions page)"
PRICED: Final = Input(
    kind="open_interest",
    scope="all venues, with the close of the bar that ends then",
    columns=("open_interest_usd", "price"),
)
FORCED: Final = Input(
    kind="liquidations",
    scope="a group of series of one step, summed by side",
    columns=("span", "long_usd", "short_usd"),
)
FLOW: Final = ("span", "net_usd", "volume_usd")
