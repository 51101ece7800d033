"""The first screen of the page: the brief as the template takes it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from runout.bulletin import brief_words, quantities, wording
from runout.bulletin.brief_record import Brief, Danger, Level
from runout.clock import parse_time, say_date, say_time
from runout.forecast.targets import DANGER_USD
from runout.units import dollars, percent, price

_DRAWN: Final = frozenset({"Data", "Danger", "Above", "Below", "", brief_words.MORE})
"""Lines that stand elsewhere on the first screen; all others are sentences."""


class Bar(NamedTuple):
    """A share as a bar: its value and words, and its length and interval in percent of the longest."""

    value: str
    words: str
    length: float
    low: float | None = None
    high: float | None = None


class Rung(NamedTuple):
    """A level in the ladder of prices; ``side`` is empty for the price itself."""

    side: str
    distance: str
    prices: str
    usd: str
    band: str


class Front(NamedTuple):
    """What the first screen shows.

    Attributes
    ----------
    level, set_at, no_level
        The danger level; when it was set; or why there is none.
    scale, bars
        All levels, the lowest first; the chance that sets this one, beside how often days were so.
    price, data, warning
        The newest price, how old it is, and a warning where that is old.
    ladder, ladder_note
        Levels from the highest price to the lowest, the price among them.
    sentences
        Labels and sentences of the rest.
    """

    level: int | None
    set_at: str
    no_level: str
    scale: tuple[str, ...]
    bars: tuple[Bar, ...]
    price: str
    data: str
    warning: str
    ladder: tuple[Rung, ...]
    ladder_note: str
    sentences: tuple[brief_words.Words, ...]


def front(brief: Brief) -> Front:
    """Return the first screen of a brief."""
    at = parse_time(brief.at)
    danger = brief.danger
    lines = list(brief_words.lines(brief))
    return Front(
        level=danger.level if danger else None,
        set_at=say_time(parse_time(danger.set_at), at) if danger else "",
        no_level=wording.clean(danger.reason) if danger else "",
        scale=quantities.LEVEL_NAMES,
        bars=tuple(_bars(danger, at)) if danger and danger.level else (),
        price="price not known" if brief.price is None else price(brief.price),
        data=next(line.text for line in lines if line.label == "Data"),
        warning=brief_words.warning(brief),
        ladder=tuple(_ladder(brief)),
        ladder_note=brief_words.levels_note(brief),
        sentences=tuple(line for line in lines if line.label not in _DRAWN),
    )


def _bars(danger: Danger, at: int) -> Iterator[Bar]:
    """Yield the chance of the day and the share of past days, on one scale from zero."""
    chance, base = danger.chance, danger.base_rate
    longest = max(*(item for item in (base, chance and chance.value, chance and chance.high) if item), 0.0, 1e-9)
    if chance is not None:
        low, high = (None if item is None else 100 * item / longest for item in (chance.low, chance.high))
        interval = f" (90%: {percent(chance.low)} to {percent(chance.high)})" if chance.low and chance.high else ""
        day = say_date(parse_time(danger.set_at), at)
        words = f"chance of at least {dollars(DANGER_USD)} in liquidations on {day}, all coins and exchanges{interval}"
        yield Bar(percent(chance.value), f"{words}; it sets the level", 100 * chance.value / longest, low, high)
    if base is not None:
        yield Bar(percent(base), "of days in the past year had as much", 100 * base / longest)


def _ladder(brief: Brief) -> Iterator[Rung]:
    if not brief.levels:
        return
    ordered = sorted(brief.levels, key=lambda level: -level.low_price)
    yield from (_rung(level) for level in ordered if level.side == "short")
    now = "" if brief.price is None else price(brief.price)
    yield Rung("", "", now, "", "")
    yield from (_rung(level) for level in ordered if level.side == "long")


def _rung(level: Level) -> Rung:
    low, high = level.usd.low, level.usd.high
    return Rung(
        side=level.side,
        distance=percent(level.distance, signed=True),
        prices=f"{price(level.low_price)} to {price(level.high_price)}",
        usd=dollars(level.usd.value),
        band="" if low is None or high is None else f"{dollars(low)} to {dollars(high)}",
    )
