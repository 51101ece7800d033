"""Made-up forecasts, as they would be issued, for the tests of the ledger and of the danger section."""

import msgspec

from forecast.histories import DAY, START
from runout.forecast.danger import danger_level
from runout.forecast.problems import Diagnosis, Problem
from runout.forecast.record import Conditional, Forecast, Window
from runout.forecast.targets import HEADLINE_USD, Probability

CHANCES = (0.6180339887498949, 0.31, 0.0839999999999999, 0.021, 0.0012)
"""Of the five headline thresholds."""


def chance(theta_usd: float, probability: float) -> Probability:
    return Probability(
        theta_usd=theta_usd, probability=probability, low=probability * 0.8, high=min(probability * 1.25, 1.0)
    )


def window(start: int, *, lead: int = 1, headline: bool = True, scaled: float = 1.0) -> Window:
    chances = tuple(chance(theta, p * scaled) for theta, p in zip(HEADLINE_USD, CHANCES, strict=True))
    return Window(
        start=start, end=start + DAY, lead=lead, level=danger_level(chances[2].probability) if headline else None,
        headline=chances if headline else (), measured=(chance(2.5e8, 0.17), chance(5e8, 0.04), chance(1e9, 0.006)),
        median_usd=1.2345678901234e8, base_rate=0.053 if headline else None,
    )  # fmt: skip


def conditional(move: float, probability: float, *, headline: bool = True, from_time: int = START) -> Conditional:
    chances = (chance(1e9, probability),) if headline else ()
    return Conditional(
        coin="BTC", direction="fall", move=move, days=147, headline=chances, measured=(chance(2.5e8, 0.6),),
        price_usd=117_354.0 * (1.0 - move), from_usd=117_354.0, from_time=from_time,
    )  # fmt: skip


def made_up(at: int = START, *, headline: bool = True, **changes: object) -> Forecast:
    """Return a forecast that was never made, of the day at ``at`` and the next."""
    made = Forecast(
        at=at, coin="BTC",
        windows=(window(at, headline=headline), window(at + DAY, lead=2, headline=headline, scaled=0.9)),
        problem=Diagnosis(Problem.LONG_OVERHANG, "longs pay", {"funding_3d": 0.0002}),
        conditions=tuple(conditional(m, p, headline=headline, from_time=at) for m, p in ((0.03, 0.2), (0.05, 0.45))),
        scope="seven coins, three venues", data_through=at, ratio_median=2.0 if headline else None,
        ratio_events=7 if headline else 0, model="pool", fingerprint="f" * 64, method_version="2026.11",
        code_version="0.1.0", totals=("totals",),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)
