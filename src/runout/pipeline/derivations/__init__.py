"""Everything that is derived and kept: which computation reads which series, in a fixed order."""

from collections.abc import Iterable

from runout.lake import catalogue
from runout.pipeline.derivations import cycles, flows, headline, leverage, liquidations, map_states
from runout.pipeline.derivations.computation import Computation
from runout.pipeline.derivations.sums import Sum, joint_sums, venue_sums
from runout.plugins import plugged
from runout.records import Series

__all__ = ["Computation", "Sum", "computations", "joint_sums", "venue_sums"]


def computations(series: Iterable[Series]) -> list[Computation]:
    """Return everything that can be derived from ``series``, in a fixed order; what other packages add comes last.

    Raises
    ------
    UsageError
        If an installed package's indicators cannot be imported.
    """
    known = list(series)
    groups = catalogue.liquidation_groups(known)
    plan = [liquidations.trailing_liquidations(group) for group in groups]
    for coin in sorted({s.coin for s in known}):
        interest = catalogue.all_venue_open_interest(known, coin)
        price = catalogue.bars(known, coin, step=interest.step) if interest else None
        if interest and price:
            plan.append(leverage.open_interest_changes(coin, interest, price))
    for group in groups:
        plan += liquidations.flush_events(group, known)
    for coin in sorted({s.coin for s in known}):
        own = [s for s in known if s.coin == coin]
        plan += leverage.leverage_ratios(own, coin)
        plan += leverage.funding_states(own, coin)
        plan += leverage.core_venues(own, coin)
        plan += flows.flow_verdicts(own, coin)
        plan += flows.depth_states(own, coin)
        plan += flows.premiums(own, coin)
        plan += cycles.divergences(own, coin)
        plan += cycles.peak_lists(own, coin)
        plan += cycles.daily_records(own, coin, groups)
        plan += map_states.states(own, coin)
    wide = catalogue.widest_liquidations(groups, catalogue.ALL_COINS)
    fine = catalogue.finest_liquidations(groups, catalogue.ALL_COINS)
    if wide and fine and wide.name != fine.name and not any(member.synthetic for member in wide.series):
        plan.append(headline.headline_ratio(wide, fine))
    for added in plugged("indicators").values():
        plan += added(known)
    return plan
