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
STATE = ("tests/liquidation_map/test_state.py",)
LADDER = ("tests/liquidation_map/test_ladder.py",)
DOLLARS = ("tests/liquidation_map/test_dollars.py",)
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
    # -- map: the kernel of levels, the state, dollars, ladder and clusters -------------------------------------------
    Fault("a sweep stops one cell short", "kernels/levels.py", "reached = math.ceil(bottom - 0.5)", "reached = math.ceil(bottom + 0.5)", STATE),
    Fault("the clock runs twice as fast", "kernels/levels.py", "stays = math.exp(-turnover * turned)", "stays = math.exp(-2.0 * turnover * turned)", STATE),
    Fault("opens forget the scale", "kernels/levels.py", "opened = (1.0 - stays) / sums[0]", "opened = 1.0 - stays", STATE),
    Fault("a ring is not emptied ahead of the price", "kernels/levels.py", "for i in range(max(marks[2 + s] + 1, last - mask), last + 1):", "for i in range(0):", STATE),
    Fault("opens miss the top cell of the range", "kernels/levels.py", "range(first - shift[k], last - shift[k] + 1)", "range(first - shift[k], max(last - shift[k], first - shift[k] + 1))", STATE),
    Fault("the share of a class is dropped", "kernels/levels.py", "added = each * share[k]", "added = each / len(shift)", STATE),
    Fault("shorts are walked on the wrong wick", "kernels/levels.py", "else (-high[t], -low[t])", "else (-low[t], -high[t])", STATE),
    Fault("a gap does not age the map", "kernels/levels.py", "stays * math.exp(-turnover * idle[t])", "stays", STATE),
    Fault("a kept state forgets its clock", "liquidation_map/state.py", "sums=np.concatenate([[1.0], sums]),", "sums=np.array([1.0, 0.0, 0.0, 0.0, 0.0]),", STATE),
    Fault("masses at the end of four hours are not rounded", "liquidation_map/state.py", "stored if self.event_time % BUCKET else", "stored if True else", STATE),
    Fault("a level is priced at its far edge", "liquidation_map/state.py", "(edges[1:] + edges[:-1]) / 2.0)", "edges[1:])", (*LADDER, *STATE)),
    Fault("the background is left out of the fit", "liquidation_map/dollars.py", "background * ratio.mean(), shown", "0.0 * ratio.mean(), shown", DOLLARS),
    Fault("assumption does not widen a band", "liquidation_map/dollars.py", " + (ASSUMED * assumed_usd) ** 2", "", DOLLARS),
    Fault("levels are tested by ways that ended nearer", "liquidation_map/dollars.py", "len(self.ways) - np.searchsorted(self.ways, distance)", "np.searchsorted(self.ways, distance)", DOLLARS),
    Fault("shares of assumption are not weighed by dollars", "liquidation_map/ladder.py", "float((inferred * assumed).sum()) / whole", "float(assumed.mean())", LADDER),
    Fault("a visit of the other side counts", "liquidation_map/clusters.py", "if sweep.side == cluster.side and ", "if ", CLUSTERS),
    Fault("a shoulder is a cluster", "liquidation_map/clusters.py", "- max(padded[left : top + 1].min(), padded[top:right].min()) >= least", "- min(padded[left : top + 1].min(), padded[top:right].min()) >= least", CLUSTERS),
    # -- cascade: static solution, engine, paths ----------------------------------------------------------------------
    Fault("the running maximum is left out", "cascade/static.py", "running = np.maximum.accumulate(levels - displaced)", "running = levels - displaced", STATIC),
    Fault("a level at the stop is not triggered", "cascade/static.py", 'gone = np.searchsorted(subject.running, shock, side="right").astype(np.int64)', 'gone = np.searchsorted(subject.running, shock, side="left").astype(np.int64)', STATIC),
    Fault("a level's own dollars move the price that reaches it", "cascade/static.py", "np.concatenate([[0.0], np.cumsum(usd)])", "np.concatenate([np.cumsum(usd), [usd.sum()]])", STATIC),
    Fault("a tipping level is counted beyond the map", "cascade/static.py", "(rises < len(subject.levels) - 1)", "(rises < len(subject.levels))", STATIC),
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
