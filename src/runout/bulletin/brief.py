"""The bulletin on one screen: what a reader with ten seconds needs, typed once and rendered everywhere.

Text, Markdown, page, notebook and JSON take it from here. Nothing in it is computed: every figure is that of a finding
or of a table of the bulletin, with the time it is of.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal

from runout.bulletin import quantities
from runout.bulletin.brief_record import Amount, Brief, Chance, Danger, Fall, Level, LevelRecord, Liquidated
from runout.bulletin.findings import Bulletin, Finding, Quantity, Row, SectionKey, Table
from runout.bulletin.readings import is_current
from runout.clock import (
    NANOSECONDS_PER_DAY,
    NANOSECONDS_PER_HOUR,
    NANOSECONDS_PER_MINUTE,
    format_time,
    parse_time,
    say_time,
    start_of_day,
)

HOUR: Final = NANOSECONDS_PER_HOUR
MOVE: Final = -0.05
"""The move the brief speaks of, a fraction of the price."""
LEVELS_EACH_SIDE: Final = 2
_MAP_STEP: Final = 4 * HOUR
_STEP: Final = re.compile(r"/(\d+)([mhd])$")
_UNITS: Final = {"m": NANOSECONDS_PER_MINUTE, "h": HOUR, "d": NANOSECONDS_PER_DAY}
_SUBJECTS: Final[dict[SectionKey, str]] = {
    "headline": "market-wide liquidations", "liquidations": "liquidations", "clusters": "liquidation levels",
    "runout": "what a move would set off", "leverage": "leverage",
}  # fmt: skip


def brief(bulletin: Bulletin) -> Brief:
    """Return the bulletin on one screen; a figure older than the step of its series is named as missing instead.

    Examples
    --------
    >>> from runout.bulletin.assemble import assemble
    >>> made = assemble((), coin="BTC", at=0, synthetic=True, fingerprint="0")
    >>> brief(made).more, brief(made).danger.level
    ('runout bulletin BTC --at 1970-01-01T00:00Z --full', None)
    """
    source = _Current(bulletin)
    price = source.finding("price", "price.", keep_old=True)
    reported = _liquidated(source.finding("liquidations", "liquidations.24h"))
    estimate = _liquidated(source.finding("headline", "liquidations.headline.24h"))
    levels = _levels(source)
    leverage = source.finding("leverage", "leverage.")
    fall = _fall(source)
    price_time = price.evidence.window_end if price else bulletin.at
    shown = [item.end for item in (estimate, reported) if item] + [level.time for level in levels]
    shown += [fall.time] if fall and fall.price is not None else []
    shown += [leverage.evidence.window_end] if leverage else []
    return Brief(
        coin=bulletin.coin,
        at=bulletin.at,
        synthetic=bulletin.synthetic,
        price=_named(price, "price").value if price and _has(price, "price") else None,
        price_time=price_time,
        oldest_time=min((price_time, *shown)),
        age_minutes=max((parse_time(bulletin.at) - parse_time(price_time)) // NANOSECONDS_PER_MINUTE, 0),
        danger=_danger(bulletin),
        liquidated=estimate or reported,
        reported=reported if estimate else None,
        levels=levels,
        fall=fall,
        leverage=next((part.summary for part in bulletin.sections if part.key == "leverage" and leverage), ""),
        leverage_time=leverage.evidence.window_end if leverage else "",
        record=tuple(_record(bulletin)),
        missing=(*source.old, *bulletin.missing),
        more=f"{bulletin.reproduce} --full",
    )


class _Current:
    """Findings of a bulletin that speak of the present; what was too old is remembered in ``old``."""

    def __init__(self, bulletin: Bulletin) -> None:
        self.bulletin = bulletin
        self.at = parse_time(bulletin.at)
        self.old: list[str] = []

    def finding(self, key: SectionKey, prefix: str, *, keep_old: bool = False) -> Finding | None:
        """Return the first finding of a section whose name begins so."""
        return next(iter(self.findings(key, prefix, keep_old=keep_old)), None)

    def findings(self, key: SectionKey, prefix: str, *, keep_old: bool = False) -> list[Finding]:
        candidates = [
            finding
            for section in self.bulletin.sections if section.key == key
            for finding in section.findings if finding.name.startswith(prefix)
        ]  # fmt: skip
        return [
            section
            for section in candidates
            if keep_old or self.current(key, section.evidence.window_end, _step(section))
        ]

    def current(self, key: SectionKey, moment: str, step: int) -> bool:
        if is_current(parse_time(moment), self.at, step):
            return True
        note = f"{_SUBJECTS.get(key, key)} (newest figure is of {say_time(parse_time(moment), self.at)})"
        self.old += [] if note in self.old else [note]
        return False


def _step(finding: Finding) -> int:
    """Return the longest step of the series of a finding: the last part of their names."""
    written = (_STEP.search(series) for series in finding.evidence.series)
    return max((int(step[1]) * _UNITS[step[2]] if step else _MAP_STEP for step in written), default=_MAP_STEP)


def _has(finding: Finding, name: str) -> bool:
    return any(quantity.name == name for quantity in finding.evidence.quantities)


def _named(finding: Finding, name: str) -> Quantity:
    return next(quantity for quantity in finding.evidence.quantities if quantity.name == name)


def _amount(quantity: Quantity) -> Amount | None:
    return None if quantity.value is None else Amount(value=quantity.value, low=quantity.low, high=quantity.high)


def _danger(bulletin: Bulletin) -> Danger:
    day = format_time(start_of_day(parse_time(bulletin.at)))
    findings = [finding for section in bulletin.sections if section.key == "danger" for finding in section.findings]
    stated = next((section for section in findings if _has(section, "danger_level")), None)
    if stated is None:
        why = findings[0].statement if findings else "no market-wide total is published for these data"
        reported = findings[0].evidence if findings and findings[0].name == "danger.measured" else None
        return Danger(
            level=None, word="", set_at=day, chance=None, base_rate=None, reason=why.rstrip("."),
            measured=_chances(reported.quantities if reported else ()),
            measured_scope=reported.scope if reported else "",
        )  # fmt: skip
    level = quantities.danger_level(_named(stated, "danger_level").value)
    if level is None:
        why = _named(stated, "danger_level").uncertainty
        return Danger(level=None, word="", set_at=day, chance=None, base_rate=None, reason=why)
    following = next((section for section in findings if section.name == "danger.next_24h"), None)
    return Danger(
        level=level,
        word=quantities.LEVEL_NAMES[level - 1],
        set_at=day,
        chance=_amount(_named(stated, "probability_1b")) if _has(stated, "probability_1b") else None,
        base_rate=_named(stated, "base_rate").value if _has(stated, "base_rate") else None,
        reason="",
        next_level=None if following is None else quantities.danger_level(_named(following, "next_danger_level").value),
        next_chance=None if following is None else _amount(_named(following, "next_probability_1b")),
        next_from="" if following is None else following.evidence.window_start,
    )


def _chances(listed: tuple[Quantity, ...]) -> tuple[Chance, ...]:
    return tuple(
        Chance(event=item.label, value=item.value, low=item.low, high=item.high)
        for item in listed if item.value is not None
    )  # fmt: skip


def _liquidated(finding: Finding | None) -> Liquidated | None:
    if finding is None or not _has(finding, "total_usd") or (usd := _amount(_named(finding, "total_usd"))) is None:
        return None
    longs = _named(finding, "long_usd").value if _has(finding, "long_usd") else None
    return Liquidated(
        usd=usd,
        scope="all coins and exchanges" if finding.inferred else finding.evidence.scope,
        end=finding.evidence.window_end,
        inferred=finding.inferred,
        uncertainty="80% interval" if finding.inferred else "a lower bound: capped feeds report a part",
        long_share=longs / usd.value if longs is not None and usd.value else None,
        held_hours=_named(finding, "held_hours").value if _has(finding, "held_hours") else None,
    )


def _levels(source: _Current) -> tuple[Level, ...]:
    """Return the largest clusters of each side, the nearest first: shorts above, then longs below."""
    levels: list[Level] = []
    sides: tuple[Literal["short", "long"], ...] = ("short", "long")
    for side in sides:
        findings = source.findings("clusters", f"clusters.{side}.")[:LEVELS_EACH_SIDE]
        own = [_level(finding, side) for finding in findings if _has(finding, "low_price")]
        levels += sorted(own, key=lambda level: abs(level.distance))
    return tuple(levels)


def _level(finding: Finding, side: Literal["long", "short"]) -> Level:
    usd = _named(finding, "usd")
    return Level(
        side=side,
        low_price=_named(finding, "low_price").value or 0.0,
        high_price=_named(finding, "high_price").value or 0.0,
        distance=_named(finding, "distance").value or 0.0,
        usd=Amount(value=usd.value or 0.0, low=usd.low, high=usd.high),
        scope=finding.evidence.scope,
        time=finding.evidence.window_end,
    )


def _fall(source: _Current) -> Fall | None:
    finding = source.finding("danger", f"danger.if.falls.{-MOVE:g}", keep_old=True)
    chance = _named(finding, "probability") if finding and _has(finding, "probability") else None
    asked = source.finding("runout", "runout.")
    row = _move(source.bulletin) if asked else None
    if chance is None and row is None:
        return None
    moment = asked.evidence.window_end if asked else finding.evidence.window_start if finding else source.bulletin.at
    wide = row is not None and row.get("market-wide") is not None
    usd, low, high = (
        (row or {}).get(name) for name in (("market-wide", "low", "high") if wide else ("forced", "", ""))
    )
    return Fall(
        move=MOVE,
        price=row.get("reaches") if row else None,
        condition=chance.label if chance else "",
        chance=_amount(chance) if chance else None,
        days_share=row.get("chance, 24 h") if row else None,
        stop_price=row.get("stops") if row else None,
        forced=None if usd is None else Amount(value=usd, low=low, high=high),
        market_wide=wide,
        time=moment,
    )


def _move(bulletin: Bulletin) -> dict[str, float | None] | None:
    label = quantities.column_texts((MOVE,), "fraction", signed=True)[0]
    for table in _tables(bulletin, "runout.moves"):
        for row in table.rows:
            if row.label in {label, f"{label[:2]}.0%"}:
                return dict(zip(table.columns, row.values, strict=True))
    return None


def _tables(bulletin: Bulletin, name: str) -> Iterator[Table]:
    return (table for section in bulletin.sections for table in section.tables if table.name == name)


def _record(bulletin: Bulletin) -> Iterator[LevelRecord]:
    for table in _tables(bulletin, "danger.levels"):
        yield from (_level_record(level, row) for level, row in enumerate(table.rows, start=1) if row.values[3])


def _level_record(level: int, row: Row) -> LevelRecord:
    frequency, low, high, days = row.values[:4]
    return LevelRecord(level=level, days=int(days or 0), frequency=Amount(value=frequency or 0.0, low=low, high=high))
