"""Deleveraging: coin open interest falls beyond its noise while liquidations are high or funding compresses."""

from collections.abc import Mapping
from typing import Literal

import msgspec

State = Literal["deleveraging", "building", "steady", "unknown"]

LIQUIDATIONS_HIGH = 90.0
FUNDING_LOW = 25.0
NOISE_MULTIPLE = 1.0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the state is judged on, over one window and one set of venues.

    Parameters
    ----------
    coin_change, coin_noise
        Change of coin open interest and the standard deviation of such changes over the 90 days before (coins).
    liquidation_percentile
        Rank of trailing 24 h liquidations in the past year; None where unknown.
    funding_percentile
        Rank of funding in the past year; None where unknown.
    """

    coin_change: float | None
    coin_noise: float | None
    liquidation_percentile: float | None
    funding_percentile: float | None


def state(reading: Reading) -> State:
    """Return the state by the definition; ``unknown`` where change or noise is not known.

    ``building`` is the mirror of the fall alone: coin open interest rose beyond its noise.
    """
    if reading.coin_change is None or not reading.coin_noise:
        return "unknown"
    beyond = reading.coin_change / reading.coin_noise
    if beyond > NOISE_MULTIPLE:
        return "building"
    forced = (reading.liquidation_percentile or 0.0) >= LIQUIDATIONS_HIGH
    compressed = reading.funding_percentile is not None and reading.funding_percentile <= FUNDING_LOW
    return "deleveraging" if beyond < -NOISE_MULTIPLE and (forced or compressed) else "steady"


def leave_one_out(coin_changes: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of coin changes without each venue in turn.

    Examples
    --------
    >>> leave_one_out({"a": 5.0, "b": -2.0})
    {'a': -2.0, 'b': 5.0}
    """
    names = sorted(coin_changes)
    return {out: sum(coin_changes[name] for name in names if name != out) for out in names}


def deciding_venues(coin_changes: Mapping[str, float]) -> tuple[str, ...]:
    """Return the venues any one of which, left out, turns the sign of the sum."""
    total = sum(coin_changes[name] for name in sorted(coin_changes))
    return tuple(name for name, rest in leave_one_out(coin_changes).items() if rest * total < 0)
