"""Long/short ratios, as what they mean: a count of accounts, or a comparison inside a group, never "more longs"."""

MEANING = {
    "global-accounts": "share of accounts with an open position that are net long (a head count, every account alike)",
    "top-accounts": "share of the top traders' accounts that are net long (a head count of the top 20% by margin)",
    "top-positions": "share of the top traders' position size that is long (weighted by size)",
}


def relative_short_size(long_share: float) -> float:
    """Return how many times larger the average short account is than the average long one.

    Long and short sizes are always equal, so with a share ``s`` of accounts long the average short position is
    ``s / (1 − s)`` times the average long one.

    Parameters
    ----------
    long_share
        Share of accounts that are long (fraction, inside 0 and 1).

    Examples
    --------
    >>> round(relative_short_size(0.6181), 2)
    1.62
    """
    if not 0 < long_share < 1:
        raise ValueError(f"expected a share inside 0 and 1, found {long_share}")
    return long_share / (1 - long_share)
