"""Clusters: peaks without overlap, growth against placebos, and what became of them."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from liquidation_map.map_specimens import OPEN_INTEREST, dollars, traded
from runout.errors import UsageError
from runout.liquidation_map.clusters import Sweep, between, clusters, swept, table
from runout.liquidation_map.ladder import Ladder, Total, ladder, price_edges
from runout.liquidation_map.prior import CELLS

PRICE = 100.0
EDGES = np.arange(90.0, 110.01, 0.1)


def hill(*peaks: tuple[float, float], side: int = 0, ground: float = 0.0) -> Ladder:
    """Return a ladder of one side with hills of given middle and height, half a dollar wide."""
    coins = np.zeros((2, len(EDGES) - 1))
    middle = (EDGES[:-1] + EDGES[1:]) / 2
    own = middle < PRICE if side == 0 else middle > PRICE
    for place, height in peaks:
        coins[side] += own * height * np.exp(-0.5 * ((middle - place) / 0.25) ** 2)
    coins[side] += own * ground
    of = ladder(np.zeros((2, CELLS)), dollars(), PRICE, EDGES, 1.0)
    usd = coins * middle * np.array([[of.dollars.long.shown], [of.dollars.short.shown]])
    return msgspec.structs.replace(of, coins=coins, usd=usd)


def test_each_hill_is_a_cluster_and_that_of_the_most_dollars_that_are_data_comes_first():
    found = clusters(hill((98.5, 1500), (97.0, 1000), (94.0, 3000)))
    assert [one.peak for one in found] == pytest.approx([98.5, 97.0, 94.0], abs=0.1)
    assert all(one.low < one.peak < one.high for one in found)
    assert found[0].distance == pytest.approx(found[0].high / PRICE - 1)
    assert found[0].total.low_usd < found[0].total.usd < found[0].total.high_usd


def test_clusters_of_a_side_do_not_overlap_and_stay_on_their_side_of_the_price():
    state, price = traded(seed=8)
    of = ladder(state.masses(), dollars(), price, price_edges(price * 0.9, price * 1.1), OPEN_INTEREST)
    found = clusters(of)
    assert {one.side for one in found} == {"long", "short"}
    for side in ("long", "short"):
        ranges = sorted((one.low, one.high) for one in found if one.side == side)
        assert all(a[1] <= b[0] for a, b in pairwise(ranges))
        assert sum(one.total.usd for one in found if one.side == side) <= of.total_usd(side).sum() * (1 + 1e-9)


def test_a_ripple_is_no_cluster_and_nothing_has_none():
    assert len(clusters(hill((97.0, 1000), (94.0, 100)))) == 1
    assert clusters(hill()) == ()


def test_a_cluster_that_grew_more_than_the_rest_is_accumulating():
    before, now = hill((97.0, 1000), (94.0, 1000), ground=50), hill((97.0, 2000), (94.0, 1000), ground=50)
    grown, still = clusters(now, before)
    assert (round(grown.peak), grown.state) == (97, "accumulating")
    assert grown.growth_usd == pytest.approx(grown.total.usd / 2, rel=0.1)
    assert (round(still.peak), still.state) == (94, "not accumulating")
    assert still.growth_usd == pytest.approx(0.0, abs=1e-6)


def test_what_grows_with_the_whole_map_is_not_accumulating():
    before, now = hill((97.0, 1000), (94.0, 1000), ground=50), hill((97.0, 2000), (94.0, 2000), ground=100)
    assert {one.state for one in clusters(now, before)} == {"not accumulating"}


def test_without_a_ladder_of_before_growth_is_not_known():
    (found,) = clusters(hill((97.0, 1000)))
    assert (found.state, found.growth_usd, found.net_growth_rank) == ("not known", None, None)
    shifted = msgspec.structs.replace(hill(), edges=EDGES + 1)
    with pytest.raises(UsageError, match="same levels"):
        clusters(hill((97.0, 1000)), shifted)


def sweep(low: float, high: float, start: int, realised: float | None = 5e4, side: str = "long") -> Sweep:
    return Sweep(
        side=side, start=start, end=start + 1, low=low, high=high, predicted=Total(4e4, 1e4, 9e4),
        realised_usd=realised,
    )  # fmt: skip


def test_swept_clusters_count_new_ground_once():
    found = clusters(hill((97.0, 1000)))
    low, high = found[0].low, found[0].high
    middle = (low + high) / 2
    history = (sweep(middle, 99, 0), sweep(middle, 99, 1), sweep(90, 98, 2, 7e4), sweep(98, 99, 3))
    (one,) = swept(found, history)
    assert one.share == pytest.approx(1.0)
    assert [s.start for s in one.sweeps] == [0, 2]
    assert (one.predicted_usd, one.realised_usd) == (8e4, 12e4)
    assert swept(found, (sweep(98, 99, 0), sweep(90, 99, 0, side="short"))) == ()
    (half,) = swept(found, (sweep(middle, 99, 0, None),))
    assert half.share == pytest.approx(0.5)
    assert half.realised_usd is None


def test_the_last_visit_is_the_latest_way_through_a_quarter_of_the_range():
    (found,) = clusters(hill((97.0, 1000)), history=(sweep(96, 99, 0), sweep(96.9, 98, 1), sweep(98.9, 99, 2)))
    assert found.last_visit is not None
    assert found.last_visit.start == 1
    rows = table((found,))
    assert rows["last_visit_realised_usd"].to_list() == [5e4]
    assert table(()).is_empty()


@pytest.mark.parametrize("seed", range(5))
def test_peaks_are_those_of_a_library(seed: int) -> None:
    from scipy.signal import find_peaks

    from runout.liquidation_map.clusters import _peaks

    height = np.abs(np.convolve(np.random.default_rng(seed).normal(0, 1, 400), np.ones(7), "same")).round(1)
    least = 0.2 * float(height.max())
    wanted = find_peaks(np.concatenate([[0.0], height, [0.0]]), prominence=least)[0] - 1
    assert _peaks(height, least) == wanted.tolist()


def test_what_is_between_price_and_liquidation_is_what_the_ladder_has_up_to_the_level():
    state, price = traded(seed=8)
    of = ladder(state.masses(), dollars(), price, price_edges(price * 0.9, price * 1.1), OPEN_INTEREST)
    found = clusters(of)
    level = float(of.edges[of.edges < price * 0.98][-1])
    near, far = between(of, found, "long", level), between(of, found, "long", price * 0.93)
    assert near.total.usd < far.total.usd
    assert near.total.usd == pytest.approx(of.total_usd("long")[of.middle > level].sum())
    assert near.whole
    assert {one.side for one in far.clusters} == {"long"}
    assert [abs(one.distance) for one in far.clusters] == sorted(abs(one.distance) for one in far.clusters)
    beyond = between(of, found, "short", price * 1.5)
    assert not beyond.whole
    assert beyond.total.usd == pytest.approx(of.total_usd("short").sum())
    with pytest.raises(UsageError, match="still ahead"):
        between(of, found, "long", price * 1.01)
