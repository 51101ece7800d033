"""The one screen in words: a label and a sentence a line, the same in every rendering."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from runout.bulletin import wording
from runout.bulletin.brief_record import Amount, Brief, Danger, Fall, Level, Liquidated
from runout.clock import parse_time, say_date, say_time
from runout.forecast.targets import DANGER_USD
from runout.units import dollars, percent, price

LEVELS_NOTE: Final = (
    "Levels are inferred: no better than the price path alone; levels farther than past moves are assumption."
)
"""What a reader of the levels must know, where they are read."""

MORE: Final = "More"
"""Label of the line that says how to see all of it."""


class Words(NamedTuple):
    """One line of the brief: a label (empty where it goes on) and a sentence."""

    label: str
    text: str


_AGED: Final = " (newest figure is of "


def head(brief: Brief) -> str:
    """Return coin, price and moment.

    Examples
    --------
    >>> from runout.bulletin.assemble import assemble
    >>> from runout.bulletin.brief import brief
    >>> head(brief(assemble((), coin="BTC", at=0, synthetic=True, fingerprint="0")))
    'BTC, price not known, 1 Jan 1970 00:00 UTC'
    """
    text = "price not known" if brief.price is None else price(brief.price)
    return f"{wording.clean(brief.coin)}, {text}, {wording.moment(brief.at)}"


def warning(brief: Brief) -> str:
    """Return what to say where the data are old, empty where they are not."""
    return wording.old_data(parse_time(brief.price_time), parse_time(brief.at)) if brief.price_time else ""


def lines(brief: Brief) -> Iterator[Words]:
    """Yield the lines under the head."""
    at = parse_time(brief.at)
    yield Words("Data", _data(brief, at))
    if brief.danger is not None:
        yield from _danger(brief.danger, at)
    if brief.liquidated is not None:
        yield Words("Last 24 h", _liquidated(brief.liquidated, brief.reported, at))
    yield from _levels(brief.levels, at)
    if brief.fall is not None:
        yield Words(f"If {percent(brief.fall.move, digits=0)}", _fall(brief.fall))
    if brief.leverage:
        yield Words("Leverage", f"{brief.leverage} ({_time_text(brief.leverage_time, at)})")
    if brief.record:
        yield Words("Record", _record(brief))
    if brief.missing:
        yield Words("Not shown", _missing(brief))
    yield Words(MORE, wording.clean(brief.more))


def full_head(brief: Brief) -> Iterator[Words]:
    """Yield the lines above the whole bulletin; its sections say the rest."""
    at = parse_time(brief.at)
    yield Words("Data", _data(brief, at))
    if brief.danger is not None:
        yield next(_danger(brief.danger, at))
    if brief.missing:
        yield Words("Not shown", _missing(brief))


def _missing(brief: Brief) -> str:
    """Return what is not shown: what is too old, by the time of its newest figure, then what is not held at all."""
    aged: dict[str, list[str]] = {}
    absent: list[str] = []
    for entry in map(wording.clean, brief.missing):
        subject, mark, time = entry.partition(_AGED)
        if not mark:
            absent.append(entry)
        elif (head := subject.partition(",")[0]) not in aged.setdefault(time.rstrip(")"), []):
            aged[time.rstrip(")")].append(head)
    old = {head for heads in aged.values() for head in heads}
    groups = [f"{', '.join(heads)} (newest figures: {time})" for time, heads in aged.items()]
    return "; ".join([*groups, *(item for item in absent if not any(head in item for head in old))]).rstrip(".") + "."


def _time_text(moment: str, at: int) -> str:
    return say_time(parse_time(moment), at)


def _data(brief: Brief, at: int) -> str:
    newest = f"newest price {wording.age(brief.age_minutes)} old ({_time_text(brief.price_time, at)})"
    if brief.oldest_time == brief.price_time:
        return f"{newest}; no figure here is older."
    return f"{newest}; oldest figure here: {_time_text(brief.oldest_time, at)}."


def _interval(amount: Amount, share: str, *, money: bool) -> str:
    if amount.low is None or amount.high is None:
        return ""
    say = dollars if money else percent
    return f" ({share}{say(amount.low)} to {say(amount.high)})"


def _danger(danger: Danger, at: int) -> Iterator[Words]:
    if danger.level is None:
        reason = wording.clean(danger.reason)
        yield Words("Danger", f"no level: {'n' + reason[1:] if reason.startswith('No ') else reason}.")
        return
    meter = "■" * danger.level + "□" * (5 - danger.level)
    day = say_date(parse_time(danger.set_at), at)
    yield Words(
        "Danger", f"{meter} {danger.level} of 5, {danger.word}; set {_time_text(danger.set_at, at)} for that UTC day"
    )
    if danger.chance is not None:
        base = "" if danger.base_rate is None else f"; {percent(danger.base_rate)} of days in the past year had as much"
        yield Words(
            "",
            f"{percent(danger.chance.value)} chance of at least {dollars(DANGER_USD)} in liquidations on {day}, all "
            f"coins and exchanges{_interval(danger.chance, '90%: ', money=False)}{base}.",
        )
    if danger.next_level is not None and danger.next_chance is not None:
        yield Words(
            "Next 24 h",
            f"{'■' * danger.next_level}{'□' * (5 - danger.next_level)} {danger.next_level} of 5, from "
            f"{_time_text(danger.next_from, at)}: {percent(danger.next_chance.value)} chance of as much"
            f"{_interval(danger.next_chance, '90%: ', money=False)}.",
        )


def _liquidated(total: Liquidated, reported: Liquidated | None, at: int) -> str:
    longs = "" if total.long_share is None else f", {percent(total.long_share, digits=0)} longs"
    end = f"to {_time_text(total.end, at)}"
    if not total.inferred:
        part = "" if total.held_hours is None else f", {total.held_hours:.3g} of the 24 h held"
        return f"at least {dollars(total.usd.value)} reported {end} ({wording.clean(total.scope)}){part}{longs}."
    part = "" if reported is None else f" Reported: {dollars(reported.usd.value)} ({wording.clean(reported.scope)})."
    spread = _interval(total.usd, "80%: ", money=True)
    return f"about {dollars(total.usd.value)} market-wide, inferred{spread}{longs}, {end}.{part}"


def _levels(levels: tuple[Level, ...], at: int) -> Iterator[Words]:
    for side, group in groupby(levels, key=lambda level: level.side):
        for number, level in enumerate(group):
            yield Words(("Above" if side == "short" else "Below") if number == 0 else "", _level(level))
    if levels:
        yield Words("", _levels_note(levels, at))


def levels_note(brief: Brief) -> str:
    """Return what the levels are worth and what their dollars are; empty without levels."""
    return _levels_note(brief.levels, parse_time(brief.at)) if brief.levels else ""


def _levels_note(levels: tuple[Level, ...], at: int) -> str:
    where = f"expected reports of {wording.clean(levels[0].scope)}, 90% band, {_time_text(levels[0].time, at)}"
    return f"{LEVELS_NOTE} Dollars: {where}."


def _level(level: Level) -> str:
    return (
        f"{level.side}s at {price(level.low_price)} to {price(level.high_price)}, "
        f"{percent(level.distance, signed=True)}: about {dollars(level.usd.value)}"
        f"{_interval(level.usd, '', money=True)}"
    )


def _fall(fall: Fall) -> str:
    parts: list[str] = []
    if fall.chance is not None:
        parts.append(
            f"{wording.clean(fall.condition).partition(' (')[0]}, the chance of a {dollars(DANGER_USD)} day is "
            f"{percent(fall.chance.value)}{_interval(fall.chance, '90%: ', money=False)}"
        )
    if fall.price is not None:
        parts.append("; ".join(_path(fall, known=bool(parts) and price(fall.price) in fall.condition)))
    return ". ".join(part[:1].upper() + part[1:] for part in parts) + "."


def _path(fall: Fall, *, known: bool) -> Iterator[str]:
    """Yield where a fall leads and ends and how often one is so large; its price not again where it is ``known``."""
    stop = "" if fall.stop_price is None else f"order books would stop {{}} at {price(fall.stop_price)}{_forced(fall)}"
    if known:
        yield from filter(None, [stop.format("it")])
    else:
        where = f"{percent(fall.move, digits=0, signed=True)} from the price now is {price(fall.price or 0.0)}"
        yield f"{where}, where {stop.format('it')}" if stop else where
    if fall.days_share is not None:
        yield f"{_often(fall.days_share)} in 24 h"


def _forced(fall: Fall) -> str:
    if fall.forced is None:
        return ""
    where = "market-wide" if fall.market_wide else "on the exchange of these levels"
    band = _interval(fall.forced, "90%: ", money=True) or " (central value)"
    return f", about {dollars(fall.forced.value)} liquidated {where}{band}"


def _often(share: float) -> str:
    return f"{percent(share)} of comparable days fell so far" if share > 0.0 else "no comparable day fell so far"


def _record(brief: Brief) -> str:
    text = ", ".join(f"{item.level}: {percent(item.frequency.value)} of {item.days}" for item in brief.record)
    values = [item.frequency.value for item in brief.record]
    order = "" if values == sorted(values) else "; levels out of order cannot be distinguished"
    return f"days at each level followed by a {dollars(DANGER_USD)} day: {text}{order}."
