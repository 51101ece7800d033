"""Which of two figures contains the other, judged by their declared scope."""

from runout.records import ALL_VENUES, Series

_WIDE_MARKET = "all-derivatives"
_WIDE_MARGIN = "all"


def contains(whole: Series, part: Series) -> bool:
    """Return whether everything that ``part`` counts is counted in ``whole`` too, as far as their scopes say.

    Examples
    --------
    >>> one = Series(series="a", kind="open_interest", provider="p", coin="BTC", venues=("okx",), instruments="",
    ...              market="all-derivatives")
    >>> everything = Series(series="b", kind="open_interest", provider="p", coin="BTC", venues=("all",),
    ...                     instruments="", market="all-derivatives")
    >>> contains(everything, one), contains(one, everything)
    (True, False)
    """
    return (
        whole.coin == part.coin
        and (whole.venues == (ALL_VENUES,) or set(part.venues) <= set(whole.venues))
        and (whole.market in {_WIDE_MARKET, part.market} and part.market != "spot")
        and whole.margin in {_WIDE_MARGIN, part.margin}
        and _instruments_inside(whole, part)
    )


def overlaps(first: Series, second: Series) -> bool:
    """Return whether two figures of one coin share a venue."""
    if first.coin != second.coin:
        return False
    everywhere = ALL_VENUES in {*first.venues, *second.venues}
    return everywhere or bool(set(first.venues) & set(second.venues))


def _instruments_inside(whole: Series, part: Series) -> bool:
    # A figure of one segment may be one instrument's: then only the same instrument lies inside it.
    return whole.market == _WIDE_MARKET or whole.instruments == part.instruments
