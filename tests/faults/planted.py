"""Faults planted in margin, map and cascade: a module, the text that is changed, what it becomes, and who must notice.

Each is the kind of slip that a reader overlooks: a sign, a side, a comparison, an index, a term left out. A fault is
planted in a copy of the package; the tests named beside it are run on the copy, and at least one of them must fail.
"""

from typing import NamedTuple

MARGIN = (
    "tests/margin/test_margin_vectors.py",
    "tests/margin/test_margin_limits.py",
    "tests/margin/test_margin_properties.py",
)
TIERS = ("tests/margin/test_margin_tiers.py", *MARGIN)
FILTER = ("tests/liquidation_map/test_filter_jumps.py", "tests/liquidation_map/test_cohort_filter.py")
LADDER = ("tests/liquidation_map/test_ladder.py",)
WEIGHTS = ("tests/liquidation_map/test_band_terms.py", "tests/liquidation_map/test_weights.py")
CLUSTERS = ("tests/liquidation_map/test_cluster_visits.py", "tests/liquidation_map/test_clusters.py")
STATIC = ("tests/cascade/test_static.py",)
ENGINE = ("tests/cascade/test_stage_rules.py", "tests/cascade/test_engine.py")
MONTECARLO = ("tests/cascade/test_montecarlo.py",)


class Fault(NamedTuple):
    """One planted fault.

    Attributes
    ----------
    name
        What is wrong.
    module
        File below ``src/runout``.
    right, wrong
        Text that stands there exactly once, and what it becomes.
    tests
        Files of which one test must fail.
    """

    name: str
    module: str
    right: str
    wrong: str
    tests: tuple[str, ...]


FAULTS = (
    # -- margin: contract arithmetic ----------------------------------------------------------------------------------
    Fault("maintenance eases a long's level", "margin/roots.py", "lambda m: 1 - sign * (m + fee)", "lambda m: 1 + sign * (m + fee)", MARGIN),
    Fault("the closing fee is left out", "margin/roots.py", "lambda m: 1 - sign * (m + fee)", "lambda m: 1 - sign * m", MARGIN),
    Fault("the bracket's amount is not deducted", "margin/roots.py", "np.multiply(step[part], amount, out=root)", "np.multiply(step[part], 0.0, out=root)", MARGIN),
    Fault("the wrong bracket is taken on both sides", "margin/roots.py", "pick = np.maximum if greatest else np.minimum", "pick = np.minimum if greatest else np.maximum", MARGIN),
    Fault("a level below zero is let through", "margin/roots.py", "greatest=sign > 0), 0.0)", "greatest=sign > 0), -np.inf)", MARGIN),
    Fault("collateral counts against an inverse position", "margin/roots.py", "positions.size / positions.entry + positions.collateral * sign", "positions.size / positions.entry - positions.collateral * sign", MARGIN),
    Fault("amounts sum rates, not their steps", "margin/brackets.py", "np.cumsum(floors * steps)", "np.cumsum(floors * rates)", TIERS),
    Fault("a rate's step is taken a bracket early", "margin/brackets.py", "prepend=rates[:1]", "append=rates[-1:]", TIERS),
    Fault("other positions' maintenance is added", "margin/linear.py", 'finite("other_unrealized_pnl", other_unrealized_pnl) - not_negative(', 'finite("other_unrealized_pnl", other_unrealized_pnl) + not_negative(', MARGIN),
    Fault("a position counts its own maintenance twice", "margin/accounts.py", "float(np.delete(required, position).sum())", "float(required.sum())", ("tests/margin/test_margin_vectors.py", "tests/margin/test_margin_whales.py", *MARGIN)),
    Fault("a tier begins at its floor, not above it", "margin/tiers.py", 'np.searchsorted(floors, sizes, side="left")', 'np.searchsorted(floors, sizes, side="right")', TIERS),
    Fault("a step begun is not counted", "margin/tiers.py", "np.ceil((sizes - floors[-1]) / table.step) - 1", "np.floor((sizes - floors[-1]) / table.step) - 1", TIERS),
    Fault("a table holds on the day it ends", "margin/tiers.py", "self.until is None or at < self.until", "self.until is None or at <= self.until", TIERS),
    # -- map: the filter's kernels and its bars -----------------------------------------------------------------------
    Fault("a sweep stops one bucket short", "kernels/cohorts.py", "for i in range(max(last + 1, 0), edge[k] + 1):", "for i in range(max(last + 2, 0), edge[k] + 1):", FILTER),
    Fault("the last bucket is taken whole", "kernels/cohorts.py", "taken = part * (opened[p, last] - swept[k, p, last])", "taken = opened[p, last] - swept[k, p, last]", FILTER),
    Fault("what was swept is swept again", "kernels/cohorts.py", "                    swept[k, p, i] = opened[p, i]\n", "", FILTER),
    Fault("a liquidation is removed again as a close", "kernels/cohorts.py", "rest = max(closes[t] - gone, 0.0)", "rest = max(closes[t], 0.0)", FILTER),
    Fault("what is liquidated is not opened again", "kernels/cohorts.py", "opens = max(change[t] + closed + gone, 0.0)", "opens = max(change[t] + closed, 0.0)", FILTER),
    Fault("opens miss the top bucket of the range", "kernels/cohorts.py", "for i in range(first, top + 1):", "for i in range(first, max(top, first + 1)):", FILTER),
    Fault("the share of a class is dropped", "kernels/cohorts.py", "                found *= share[k]\n", "", FILTER),
    Fault("closes are not capped", "kernels/cohorts.py", "min(rest * hazard[p] / weight, 0.999)", "rest * hazard[p] / weight * 1.001", FILTER),
    Fault("the read-out forgets what was swept", "kernels/cohorts.py", "level[i] = factor * (held[i] - gone[i])", "level[i] = factor * held[i]", (*LADDER, *FILTER)),
    Fault("shorts are walked on the wrong wick", "liquidation_map/filter.py", "(-inputs.high, -inputs.low, -inputs.mark_high)", "(-inputs.high, -inputs.low, -inputs.mark_low)", FILTER),
    Fault("a change beyond the volume is not clipped", "liquidation_map/filter.py", "np.clip(change, -bars.volume_base, bars.volume_base)", "np.clip(change, -np.inf, np.inf)", FILTER),
    Fault("closes have the sign of the change wrong", "liquidation_map/filter.py", "(bars.volume_base - allowed) / 2.0", "(bars.volume_base + allowed) / 2.0", FILTER),
    Fault("the grid moves the other way", "liquidation_map/filter.py", "state.base[side] += by * cell", "state.base[side] -= by * cell", FILTER),
    Fault("an edge between two buckets takes the wrong part", "liquidation_map/ladder.py", "cumulative[..., below] * (1.0 - part) + cumulative[..., below + 1] * part", "cumulative[..., below] * part + cumulative[..., below + 1] * (1.0 - part)", LADDER),
    Fault("dollars of a level are not weighted", "liquidation_map/ladder.py", "dollars = inferred * of.weight", "dollars = inferred * of.prior", (*LADDER, *WEIGHTS)),
    Fault("the prior has no hold on the weights", "liquidation_map/weights.py", "drawn = strength + weight * (exposure.T @ (reported / variance))", "drawn = weight * (exposure.T @ (reported / variance))", WEIGHTS),
    Fault("bands leave out what the weights leave open", "liquidation_map/weights.py", "+ rest**2 / of.background_shape + open_", "+ rest**2 / of.background_shape", WEIGHTS),
    Fault("a visit of the other side counts", "liquidation_map/clusters.py", "if one.side == made.side and ", "if ", CLUSTERS),
    # -- cascade: static solution, engine, paths ----------------------------------------------------------------------
    Fault("the running maximum is left out", "cascade/static.py", "running = np.maximum.accumulate(levels - displaced)", "running = levels - displaced", STATIC),
    Fault("a level at the stop is not triggered", "cascade/static.py", 'gone = np.searchsorted(of.running, shock, side="right").astype(np.int64)', 'gone = np.searchsorted(of.running, shock, side="left").astype(np.int64)', STATIC),
    Fault("a level's own dollars move the price that reaches it", "cascade/static.py", "np.concatenate([[0.0], np.cumsum(usd)])", "np.concatenate([np.cumsum(usd), [usd.sum()]])", STATIC),
    Fault("a tipping level is counted beyond the map", "cascade/static.py", "(rises < len(of.levels) - 1)", "(rises < len(of.levels))", STATIC),
    Fault("books refill while they are walked", "cascade/engine.py", "+ _unmet(coin, batch)) * coin.keep", "+ _unmet(coin, batch)) * coin.keep * 0.9", ENGINE),
    Fault("arbitrage makes dollars", "cascade/engine.py", "coin.arbitrage * (coin.taken.sum() * coin.shares - coin.taken)", "coin.arbitrage * (coin.taken.sum() * coin.shares)", ENGINE),
    Fault("insurance pays and keeps its money", "cascade/engine.py", "coin.insurance = coin.insurance + closed.insurance_change_usd", "coin.insurance = coin.insurance + np.maximum(closed.insurance_change_usd, 0.0)", ENGINE),
    Fault("the backstop takes over without limit", "cascade/stages.py", "np.divide(np.minimum(usd, backstop_room_usd), usd,", "np.divide(usd, usd,", ENGINE),
    Fault("equity of the other side", "cascade/stages.py", "equity = books.sign * (batch[OWED] - batch[COINS] * books.price())", "equity = -books.sign * (batch[OWED] - batch[COINS] * books.price())", ENGINE),
    Fault("a path buys back what it sold", "kernels/fixed_points.py", "taken += long_usd[v, down]", "taken -= long_usd[v, down]", MONTECARLO),
    Fault("a short's dollars are not counted", "kernels/fixed_points.py", "                        short_total += short_usd[v, up]\n", "", MONTECARLO),
    Fault("bids and asks are swapped", "kernels/fixed_points.py", "return -distance * (taken / bid_usd) ** exponent", "return -distance * (taken / ask_usd) ** exponent", MONTECARLO),
)  # fmt: skip

SAMPLE = ("maintenance eases a long's level", "amounts sum rates, not their steps", "the running maximum is left out")
"""Those that every run of the suite plants: quick, one a kind."""
