"""What venues charge a regular account for taking: the rate at which a position is closed at market."""

from typing import Final

import msgspec

from runout.errors import UsageError


class TakerFee(msgspec.Struct, frozen=True):
    """A taker fee of a linear perpetual, as a fraction of the notional.

    Parameters
    ----------
    rate
        Fraction, such as 0.0005.
    source
        Who says so, and when it was read; or that the asker named it.
    """

    rate: float
    source: str


TAKER_FEES: Final = {
    "binance": TakerFee(0.0005, "fee page, regular user, as a third party read it on 2026-10-12"),
    "bybit": TakerFee(0.00055, "help page of fees, non-VIP, 2024-10-16; the same on 2026-10-16 by a third party"),
    "hyperliquid": TakerFee(0.00045, "docs page Fees, lowest tier, as a third party read it on 2026-05-07"),
}
"""By venue in lower case. Higher tiers, rebates and regions pay other rates; earlier dates may have had others."""


def taker_fee(venue: str, rate: float | None = None) -> TakerFee:
    """Return the fee that is asked for, or the venue's for a regular account.

    Parameters
    ----------
    venue
        Lower case.
    rate
        As a fraction; None: the venue's.

    Raises
    ------
    UsageError
        If the rate is no fraction of 0 to 10%, or none is given and the venue's is not known.

    Examples
    --------
    >>> taker_fee("bybit").rate, taker_fee("kraken", 0.0005).source
    (0.00055, 'as asked')
    """
    if rate is not None:
        if not 0.0 <= rate <= 0.1:
            raise UsageError(f"expected a fee as a fraction of 0 to 0.1, such as 0.0005 for 0.05%, found {rate:g}")
        return TakerFee(rate, "as asked")
    if venue not in TAKER_FEES:
        raise UsageError(f"expected a fee for {venue} (known are those of {', '.join(TAKER_FEES)}); name it with --fee")
    return TAKER_FEES[venue]
