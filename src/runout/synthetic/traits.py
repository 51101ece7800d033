"""What is drawn for each world: depth, bias, herding, who trades, the mix of leverage; and how deep its fall goes."""

import msgspec
import numpy as np

from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.world import LEVERAGE_SHARES, LEVERAGES, Family, World

DEPTH_RATIO = 0.008
"""Dollars within 1% of the price on one side, all venues, over open interest."""
HIGH_LEVERAGE, USUAL_HIGH_SHARE, FALL_FOR_SHARE = 20.0, 0.16, 8.0
"""Where fewer positions have high leverage a flush goes deeper: a scripted fall shrinks by so many hundredths for each
hundredth by which the share of classes from 20x on exceeds the usual one. The fall is scripted, the damage is not."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn for each world, from ranges said here and nowhere near an estimator."""

    depth_ratio: float
    long_bias: float
    top_up: float
    herding: float
    cross: float
    hedgers: float
    withdrawal: float
    permanent: float
    leverage_shares: tuple[float, ...]


def drawn_traits(world: World) -> Traits:
    """Draw the traits of a world."""
    rng = np.random.default_rng([world.seed, 500])
    script, family = SCRIPTS[world.scenario], world.family
    shares = np.array(LEVERAGE_SHARES) * np.exp(rng.normal(0.0, 0.2, len(LEVERAGE_SHARES)))
    plain = family == "isolated"

    def drawn(low: float, high: float, own: Family, extreme: float) -> float:
        value = float(rng.uniform(low, high))
        return extreme if family == own else 0.0 if plain else value

    return Traits(
        depth_ratio=DEPTH_RATIO * float(np.exp(rng.normal(0.0, 0.15))) * script.depth * world.depth_scale,
        long_bias=float(rng.uniform(0.13, 0.20)) + script.bias,
        top_up=drawn(0.02, 0.10, "top-ups", 0.6),
        herding=drawn(0.0, 0.1, "herding", 0.45),
        cross=drawn(0.02, 0.06, "cross", 0.35),
        hedgers=0.40 if family == "hedged" else float(rng.uniform(0.10, 0.16)),
        withdrawal=float(rng.uniform(0.15, 0.35)),
        permanent=float(rng.uniform(0.2, 0.4)),
        leverage_shares=tuple((shares / shares.sum()).tolist()),
    )  # fmt: skip


def fall_scale(world: World) -> float:
    """Return the factor on the world's scripted moves, where its scenario fits them to the mix of leverage."""
    if not SCRIPTS[world.scenario].fitted:
        return 1.0
    high = sum(np.array(drawn_traits(world).leverage_shares)[np.array(LEVERAGES) >= HIGH_LEVERAGE])
    return float(np.exp(FALL_FOR_SHARE * (USUAL_HIGH_SHARE - high)))
