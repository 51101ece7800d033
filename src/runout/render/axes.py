"""Scales and ticks of the charts: where a value lies, and which values are named beside it."""

import math
from typing import Final, NamedTuple

from runout import clock
from runout.bulletin.findings import Panel, Unit

_HOUR_STEPS: Final = (1, 2, 3, 6, 12)
_DAY_STEPS: Final = (1, 2, 4, 7, 14)
_MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
_SCALES: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_MONDAY: Final = 4 * clock.NANOSECONDS_PER_DAY  # 1970-01-05


class Tick(NamedTuple):
    """A named place on an axis; ``strong`` where a day, month or year begins."""

    value: float
    label: str
    strong: bool = False


class Scale(NamedTuple):
    """A linear scale from values to places on paper."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where ``value`` lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def value_range(panel: Panel) -> tuple[float, float] | None:
    """Return the values an axis must span: bars start at zero, lines get a little air; None without any value."""
    values = [value for line in panel.lines for value in line.values if value is not None and math.isfinite(value)]
    if not values:
        return None
    low, high = min(values), max(values)
    if panel.form == "mirrored":
        return _mirrored_range(panel)
    if panel.form == "bars":
        low, high = min(low, 0.0), max(high, 0.0)
    if panel.form == "bars" and low == high:
        return low, 1.0
    air = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    lower = low if panel.form == "bars" and low == 0 else low - air
    return lower, high if panel.form == "bars" and high == 0 else high + air


def _mirrored_range(panel: Panel) -> tuple[float, float]:
    down = max([abs(value) for line in panel.lines if line.role == "long" for value in line.values if value] or [0.0])
    up = max([abs(value) for line in panel.lines if line.role != "long" for value in line.values if value] or [0.0])
    largest = max(down, up) or 1.0
    # Both sides share one scale; a side that is nearly empty still gets room for its name.
    return -max(down * 1.06, largest * 0.22), max(up * 1.06, largest * 0.22)


def value_ticks(low: float, high: float, unit: Unit, most: int) -> tuple[Tick, ...]:
    """Return at most about ``most`` round values between ``low`` and ``high`` with their labels.

    Examples
    --------
    >>> [tick.label for tick in value_ticks(78.2e9, 84.1e9, "USD", 4)]
    ['$80B', '$82B', '$84B']
    """
    step = _round_step((high - low) / max(most, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    scale, suffix = _scale(max(abs(low), abs(high)), unit)
    digits = max(0, -math.floor(math.log10(step * scale) + 1e-9))
    digits += 1 if f"{step * scale:e}".startswith("2.5") else 0
    values = (index * step for index in range(first, last + 1))
    return tuple(Tick(value, _label(value * scale, digits, suffix, unit)) for value in values)


def time_ticks(start: int, end: int, most: int) -> tuple[Tick, ...]:
    """Return at most about ``most`` round UTC moments with labels as short as they can be told apart.

    Hours inside a day, days inside a month, months inside a year; the first of each stands strong.

    Examples
    --------
    >>> [tick.label for tick in time_ticks(clock.parse_time("2025-08-14"), clock.parse_time("2025-08-18"), 6)]
    ['14 Aug', '15', '16', '17', '18']
    """
    length = max(end - start, 1)
    for hours in _HOUR_STEPS:
        if length / (hours * clock.NANOSECONDS_PER_HOUR) <= most:
            return _hour_ticks(start, end, hours)
    for days in _DAY_STEPS:
        if length / (days * clock.NANOSECONDS_PER_DAY) <= most:
            return _day_ticks(start, end, days)
    return _month_ticks(start, end, length, most)


def _hour_ticks(start: int, end: int, hours: int) -> tuple[Tick, ...]:
    step = hours * clock.NANOSECONDS_PER_HOUR
    ticks: list[Tick] = []
    for time in range(-(-start // step) * step, end + 1, step):
        when = clock.to_datetime(time)
        new_day = time % clock.NANOSECONDS_PER_DAY == 0
        ticks.append(Tick(time, f"{when.day} {clock.MONTHS[when.month - 1]}" if new_day else f"{when:%H:%M}", new_day))
    return tuple(ticks)


def _day_ticks(start: int, end: int, days: int) -> tuple[Tick, ...]:
    step = days * clock.NANOSECONDS_PER_DAY
    origin = _MONDAY if days % 7 == 0 else 0
    ticks: list[Tick] = []
    month = 0
    for time in range(origin - (origin - start) // step * step, end + 1, step):
        when = clock.to_datetime(time)
        label = str(when.day) if when.month == month else f"{when.day} {clock.MONTHS[when.month - 1]}"
        ticks.append(Tick(time, label, when.month != month))
        month = when.month
    return tuple(ticks)


def _month_ticks(start: int, end: int, length: int, most: int) -> tuple[Tick, ...]:
    months = length / (30.44 * clock.NANOSECONDS_PER_DAY)
    step = next((step for step in _MONTH_STEPS if months / step <= most), _MONTH_STEPS[-1])
    first = clock.to_datetime(start)
    ticks: list[Tick] = []
    year = 0
    for index in range((first.year * 12 + first.month - 1) // step * step, 9999 * 12, step):
        when = first.replace(year=index // 12, month=index % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
        time = clock.from_datetime(when)
        if time > end:
            break
        if time >= start:
            label = str(when.year) if step >= 12 or (when.month == 1 and year) else clock.MONTHS[when.month - 1]
            named = f"{label} {when.year}" if not year and step < 12 else label
            ticks.append(Tick(time, named, when.year != year))
            year = when.year
    return tuple(ticks)


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))


def _scale(largest: float, unit: Unit) -> tuple[float, str]:
    if unit == "fraction":
        return 100.0, "%"
    if unit in {"USD", "coins", "USD per coin", "count"}:
        return next(((1 / scale, suffix) for scale, suffix in _SCALES if largest >= scale), (1.0, ""))
    return 1.0, ""


def _label(scaled: float, digits: int, suffix: str, unit: Unit) -> str:
    sign = "−" if round(scaled, digits) < 0 else ""
    if round(scaled, digits) == 0 and unit != "fraction":
        suffix = ""
    currency = "$" if unit in {"USD", "USD per coin"} else ""
    ending = {"hours": " h", "percentile": ""}.get(unit, suffix)
    return f"{sign}{currency}{abs(scaled):,.{digits if round(scaled, digits) else 0}f}{ending}"
