"""A bulletin in full sentences that can be printed as they are, with their source."""

from collections.abc import Iterator

from runout.bulletin import brief_words, wording
from runout.bulletin.brief import brief
from runout.bulletin.brief_record import Amount, Brief, Danger, Liquidated
from runout.bulletin.findings import Bulletin
from runout.clock import MONTHS, parse_time, to_datetime
from runout.forecast.targets import DANGER_USD
from runout.units import dollars, percent, price

_FINGERPRINT_SIGNS = 12


def paragraph(bulletin: Bulletin) -> str:
    """Return a paragraph to quote: figures with interval, scope, method and time, and the source in words, no address.

    Examples
    --------
    >>> from runout.bulletin.assemble import assemble
    >>> paragraph(assemble((), coin="BTC", at=0, synthetic=False, fingerprint="0123456789abcdef"))[:58]
    'Source: Runout leverage bulletin for BTC as of 1 Jan 1970 '
    """
    return wording.clean(" ".join(_sentences(bulletin, brief(bulletin))))


def _sentences(bulletin: Bulletin, short: Brief) -> Iterator[str]:
    if short.synthetic:
        yield "These figures are of a simulated market, not of any real exchange."
    if short.liquidated is not None:
        yield from _liquidated(short.liquidated, short.reported)
    if short.danger is not None and short.danger.level is not None:
        yield from _danger(short.danger)
    if short.price is not None:
        coin = wording.clean(short.coin)
        yield f"{coin} last traded at {price(short.price)} ({wording.moment(short.price_time)})."
    if warning := brief_words.warning(short):
        yield warning
    yield (
        f"Source: Runout leverage bulletin for {wording.clean(short.coin)} as of {wording.moment(short.at)} "
        f"({wording.versions(bulletin)}, data fingerprint {bulletin.fingerprint[:_FINGERPRINT_SIGNS]})."
    )


def _liquidated(total: Liquidated, reported: Liquidated | None) -> Iterator[str]:
    end = wording.moment(total.end)
    if not total.inferred:
        yield (
            f"In the 24 hours to {end}, at least {dollars(total.usd.value)} of leveraged positions was reported as "
            f"liquidated{_longs(total)}. The figure covers {wording.clean(total.scope)}, and is a lower bound, because "
            "exchanges publish only part of their liquidations."
        )
        return
    yield (
        f"In the 24 hours to {end}, an estimated {dollars(total.usd.value)} of leveraged positions was liquidated "
        f"across all coins and exchanges{_interval(total.usd, 80, money=True)}{_longs(total)}."
    )
    yield (
        "The total is inferred: liquidations that exchanges reported, scaled by the past ratio between them and the "
        "totals that aggregators publish."
    )
    if reported is not None:
        yield f"Reported directly: at least {dollars(reported.usd.value)} ({wording.clean(reported.scope)})."


def _danger(danger: Danger) -> Iterator[str]:
    day = to_datetime(parse_time(danger.set_at))
    date = f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    yield f"The danger level for {date} (UTC), set at {day:%H:%M} UTC, was {danger.level} of 5 ({danger.word})."
    if danger.chance is not None:
        base = "" if danger.base_rate is None else f", against {percent(danger.base_rate)} of days in the past year"
        yield (
            f"A statistical model put the chance of at least {dollars(DANGER_USD)} in liquidations that day at "
            f"{percent(danger.chance.value)}{_interval(danger.chance, 90, money=False)}{base}."
        )


def _interval(amount: Amount, share: int, *, money: bool) -> str:
    if amount.low is None or amount.high is None:
        return ""
    say = dollars if money else percent
    return f" ({share}% interval {say(amount.low)} to {say(amount.high)})"


def _longs(total: Liquidated) -> str:
    return "" if total.long_share is None else f", {percent(total.long_share, digits=0)} of it long positions"
