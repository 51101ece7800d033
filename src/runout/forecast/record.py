"""A forecast as it is issued: everything a reader needs to hold it to account later."""

import msgspec

from runout.forecast.danger import DangerLevel
from runout.forecast.problems import Diagnosis
from runout.forecast.targets import Probability


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast of one UTC day, or of 24 h from another hour.

    Parameters
    ----------
    start, end
        UTC ns.
    lead
        Days from the last known row to this day: 1 is the forecast that is scored at the head of the tables.
    level
        Danger level; None where no headline ratio is known.
    headline
        Chances of headline thresholds; empty without a ratio.
    measured
        Chances of thresholds of the scope's own: what 15%, 5% and 1% of its past year's days reached.
    median_usd
        Median of the measured total.
    base_rate
        How often the last 365 days reached the threshold of the danger level, by the same ratio; None without it.
    missing
        Features that were not observed; the forecast is wider for them.
    scope
        What the measured total is of, where it is another than that of the forecast; else empty.
    """

    start: int
    end: int
    lead: int
    level: DangerLevel | None
    headline: tuple[Probability, ...]
    measured: tuple[Probability, ...]
    median_usd: float
    base_rate: float | None
    missing: tuple[str, ...] = ()
    scope: str = ""


class Conditional(msgspec.Struct, frozen=True, kw_only=True):
    """Chances of the first window if the price reaches a level within it, by the structural model.

    Parameters
    ----------
    coin, direction, move
        The condition; ``move`` is a fraction of ``from_usd``.
    price_usd
        The level.
    from_usd, from_time
        The price that the move is counted from, and the moment it is of (UTC ns).
    days
        Past days that went as far from their opening; 0 if refused.
    headline
        Chances of headline thresholds, given the condition; empty without a ratio, or if refused.
    measured
        Chances of measured thresholds.
    refused
        Why there are none; empty if there are.
    """

    coin: str
    direction: str
    move: float
    price_usd: float = 0.0
    from_usd: float = 0.0
    from_time: int = 0
    days: int = 0
    headline: tuple[Probability, ...] = ()
    measured: tuple[Probability, ...] = ()
    refused: str = ""


class LevelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Chances of a day if the price gets to a level within it, from the structural model; it stands in no ledger.

    Parameters
    ----------
    coin, price_usd, last_usd
        The condition: coin, level, and the last close known before the day.
    start, end
        Of the day, UTC ns.
    headline
        Chances of headline thresholds, given the condition; empty without a ratio.
    measured
        Chances of measured thresholds.
    basis
        Where it comes from, in words.
    """

    coin: str
    price_usd: float
    last_usd: float
    start: int
    end: int
    headline: tuple[Probability, ...]
    measured: tuple[Probability, ...]
    basis: str


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What was said at a moment.

    Parameters
    ----------
    at
        UTC ns. Nothing known later is inside.
    coin
        Coin of the conditions; the thresholds are of all coins of the scope.
    windows
        The UTC day that holds ``at``, and the next one.
    problem
        Problem type with its rule; None if nothing is known to judge by.
    conditions
        What follows if the price moves.
    scope
        Of the measured totals.
    data_through
        End of the last day of data, UTC ns.
    ratio_median
        Median of headline over measured; None without facts and prior for the scope.
    ratio_events
        Waves behind the ratio.
    model
        Name in the registry.
    fingerprint
        Of the rows read.
    method_version, code_version
        What computed it.
    next_24h
        The 24 h from the moment asked, or from the last interval known before it; None where totals are of whole days.
    notes
        What a reader must know of the scope: series that ended, and what was joined to what.
    totals
        Series whose sum the measured thresholds are of; empty where prices stand alone.
    """

    at: int
    coin: str
    windows: tuple[Window, ...]
    problem: Diagnosis | None
    conditions: tuple[Conditional, ...]
    scope: str
    data_through: int
    ratio_median: float | None
    ratio_events: int
    model: str
    fingerprint: str
    method_version: str
    code_version: str
    next_24h: Window | None = None
    notes: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()


class AskedForecast(Forecast, frozen=True, kw_only=True):
    """A forecast as it answers a question of a later moment of its day; it stands in no ledger.

    Parameters
    ----------
    asked_at
        The moment of the question, UTC ns: ``next_24h`` and conditions are counted from it.
    synthetic
        Whether no market made the figures.
    """

    asked_at: int
    synthetic: bool

    @property
    def reason(self) -> str | None:
        """Return why the day has no danger level; None where it has one."""
        if self.windows[0].level is not None:
            return None
        data = "a synthetic market" if self.synthetic else "these data"
        return f"no market-wide total is published for {data}, which a danger level needs"
